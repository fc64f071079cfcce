import assert from "node:assert/strict";
import { after, afterEach, suite, test } from "node:test";
import * as z from "zod";
import { reply, route, Type } from "../../src/index.ts";
import { type Asked, startRecordingFront } from "../helpers/recording-front.ts";

const text = Type.Optional(Type.String());
const Tree = z.object({
	get next() {
		return z.optional(Tree);
	},
});
let seen: unknown;
const front = await startRecordingFront({ after }, (upstream) => {
	const api = route.with({ upstream });
	const closed = { additionalProperties: false };
	return [
		api.post("/json", { body: Type.Object({ s: text, any: Type.Any() }) }),
		api.post("/open", { body: Type.Unknown() }),
		api.post("/closed", { body: Type.Object({ s: text }, closed) }),
		api.post("/map", { body: Type.Record(Type.String(), Type.Unknown()) }),
		api.post("/tree", { body: Tree }),
		api.post("/original", { body: Type.Unknown(), bodyMode: "original" }),
		route.post("/local", {
			body: Type.Unknown(),
			handler: (ctx) => {
				seen = ctx.body;
				return reply(200);
			},
		}),
	];
});
const prototypeNames = Object.getOwnPropertyNames(Object.prototype).join();
afterEach(() => {
	const now = Object.getOwnPropertyNames(Object.prototype).join();
	assert.equal(now, prototypeNames);
	assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

const json = (target: string, body: string): Promise<Asked> =>
	front.ask(`POST ${target}`, ["Content-Type: application/json"], body);

suite("names in JSON", () => {
	const bodies = [
		'{"__proto__":{"polluted":1},"any":0}',
		'{"constructor":{"prototype":{"polluted":1}},"any":0}',
		'{"any":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}',
		'{"any":[{"__proto__":[]}],"__proto__":null}',
		'{"any":0,"__pr\\u006fto__":{"s":"polluted"}}',
	];
	for (const body of bodies) {
		test(`${body} changes nobody's prototype`, async () => {
			for (const target of ["/open", "/map", "/json", "/original"]) {
				const { status, sent } = await json(target, body);
				assert.equal(status, 200, target);
				const { any } = JSON.parse(body);
				const expected = target === "/json" ? { any } : JSON.parse(body);
				assert.deepEqual(JSON.parse(sent as string), expected);
			}
			if (!body.startsWith('{"any":{')) {
				assert.equal((await json("/closed", body)).status, 422);
			}
		});
	}

	test("a handler gets them as names like any other", async () => {
		await json("/local", '{"__proto__":{"polluted":1}}');
		assert.equal(Object.getPrototypeOf(seen), Object.prototype);
		assert.deepEqual(Object.keys(seen as object), ["__proto__"]);
	});

	test("10,000 of them are data where names are open, and one refusal where they are not", async () => {
		const entries = Array.from({ length: 10_000 }, (_, i) => [`n${i}`, i]);
		const body = JSON.stringify(Object.fromEntries(entries));
		assert.equal((await json("/map", body)).sent, body);
		const closed = await json("/closed", body);
		assert.equal(closed.status, 422);
		assert.ok(closed.problems.length >= 1 && closed.problems.length <= 50);
		assert.equal((await json("/json", body)).problems.length, 1);
	});

	test("one of a megabyte is not sent back", async () => {
		const body = JSON.stringify({ ["k".repeat(1_000_000)]: 1 });
		const { status, problems } = await json("/closed", body);
		assert.equal(status, 422);
		assert.ok(JSON.stringify(problems).length < 500);
	});
});

suite("depth and size of JSON", () => {
	const nest = (levels: number, open: string, close: string): string =>
		`${open.repeat(levels)}1${close.repeat(levels)}`;
	const shapes: readonly [string, string, string][] = [
		["arrays", "[", "]"],
		["objects", '{"next":', "}"],
		["both", '[{"any":', "}]"],
	];
	const targets = [
		"/open",
		"/json",
		"/map",
		"/tree",
		"/closed",
		"/original",
		"/local",
	];
	for (const [what, open, close] of shapes) {
		for (const levels of [1_000, 100_000]) {
			test(`${levels} levels of ${what} are a 400 everywhere`, async () => {
				const body = nest(levels, open, close);
				for (const target of targets) {
					for (const bytes of [body, body.slice(0, body.length / 2)]) {
						const asked = await json(target, bytes);
						assert.equal(asked.status, 400);
						assert.equal(asked.code, "ERR_BAD_BODY");
						assert.equal(asked.request, null);
					}
				}
			});
		}
	}

	test("brackets in a string are no levels", async () => {
		const body = JSON.stringify({ any: '[{"\\['.repeat(1_000) });
		assert.equal((await json("/json", body)).sent, body);
	});

	test("a hundred levels pass", async () => {
		const body = nest(100, "[", "]");
		assert.equal((await json("/open", body)).sent, body);
		assert.equal((await json("/open", nest(101, "[", "]"))).status, 400);
	});

	test("a string of 100 KB and 100,000 items are values", async () => {
		const long = JSON.stringify({ s: "x".repeat(100_000), any: 0 });
		assert.equal((await json("/json", long)).sent, long);
		const many = JSON.stringify(Array(100_000).fill(0));
		assert.equal((await json("/open", many)).sent, many);
	});

	test("escapes and lone surrogates stay what they are", async () => {
		const body = '{"s":"\\ud800\\u0000\\u2028","any":0}';
		const { sent } = await json("/json", body);
		assert.deepEqual(
			JSON.parse(Buffer.from(sent as string, "latin1").toString()),
			JSON.parse(body),
		);
	});
});
