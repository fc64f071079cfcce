import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import * as v from "valibot";
import * as z from "zod";
import { type Context, reply, route, Type } from "../../src/index.ts";
import { startRecordingFront } from "../helpers/recording-front.ts";

/** Answers with what the handler saw, and then changes it: the next request must not see that. */
function spoil(ctx: Context): ReturnType<typeof reply> {
	const text = JSON.stringify(ctx.body) ?? "undefined";
	const body = ctx.body as { list?: unknown[] } | undefined;
	body?.list?.push("spoilt");
	return reply(200, null, { "x-seen": text });
}

const Listed = { list: Type.Array(Type.String()) };
const front = await startRecordingFront(
	{ after },
	(upstream) => {
		const api = route.with({ upstream });
		return [
			route.post("/default", {
				body: Type.Object(Listed, { default: { list: ["a"] } }),
				handler: spoil,
			}),
			route.post("/inner", {
				body: Type.Object({
					list: Type.Array(Type.String(), { default: ["a"] }),
				}),
				handler: spoil,
			}),
			api.post("/zod", {
				body: z.object({
					name: z.string().trim(),
					age: z.number().int().default(7),
				}),
			}),
			api.post("/zod-strict", { body: z.strictObject({ a: z.string() }) }),
			api.post("/zod-default", {
				body: z.object({ a: z.number() }).default({ a: 1 }),
			}),
			api.post("/zod-optional", { body: z.object({}).optional() }),
			api.post("/zod-async", {
				body: z.object({ a: z.string().refine(async (a) => a === "yes") }),
			}),
			api.post("/zod-throws", {
				body: z.object({
					a: z.string().transform(() => {
						throw new Error("broken");
					}),
				}),
			}),
			api.post("/valibot", {
				body: v.object({ name: v.pipe(v.string(), v.minLength(2)) }),
			}),
			api.post("/valibot-default", {
				body: v.optional(v.object({ a: v.number() }), { a: 2 }),
			}),
			api.post("/union", {
				body: Type.Union([
					Type.Object({ kind: Type.Literal("a"), a: Type.Integer() }),
					Type.Object({ kind: Type.Literal("b"), b: Type.String() }),
				]),
			}),
			api.post("/nested", {
				body: Type.Object({
					list: Type.Array(
						Type.Object({
							id: Type.Integer(),
							n: Type.Integer({ default: 3 }),
						}),
					),
					open: Type.Optional(
						Type.Object({ a: Type.Integer() }, { additionalProperties: true }),
					),
					maybe: Type.Optional(Type.Union([Type.Object({}), Type.Null()])),
				}),
			}),
		];
	},
	{ logger: { error: () => {}, warn: () => {}, info: () => {} } },
);

const json = ["Content-Type: application/json"];
const post = (target: string, body?: string) =>
	front.ask(`POST ${target}`, body === undefined ? [] : json, body);

suite("defaults", () => {
	for (const [target, body] of [
		["/default", undefined],
		["/inner", "{}"],
	] as const) {
		test(`of ${target} are each request's own`, async () => {
			for (let i = 0; i < 3; i++) {
				const res = await fetch(`http://127.0.0.1:${front.port}${target}`, {
					method: "POST",
					headers:
						body === undefined ? {} : { "content-type": "application/json" },
					...(body === undefined ? {} : { body }),
				});
				assert.equal(res.headers.get("x-seen"), '{"list":["a"]}');
			}
		});
	}

	test("of a Standard Schema stand in for an empty body", async () => {
		assert.equal((await post("/zod-default")).sent, '{"a":1}');
		assert.equal((await post("/zod-default", "")).sent, '{"a":1}');
		assert.equal((await post("/valibot-default")).sent, '{"a":2}');
		assert.equal((await post("/zod-optional")).sent, "");
		assert.equal((await post("/zod")).status, 422);
		assert.equal((await post("/zod-async")).status, 422);
	});
});

suite("Standard Schemas", () => {
	test("what zod makes of a body goes on", async () => {
		const { sent } = await post("/zod", '{"name":" tom ","other":1}');
		assert.equal(sent, '{"name":"tom","age":7}');
	});

	test("what zod and valibot complain of is a 422 with its place", async () => {
		const { problems } = await post("/zod", '{"name":1,"age":1.5}');
		assert.deepEqual(
			problems.map(({ loc }) => loc),
			[
				["body", "name"],
				["body", "age"],
			],
		);
		const short = await post("/valibot", '{"name":"x"}');
		assert.deepEqual(short.problems[0]?.loc, ["body", "name"]);
		assert.equal(
			(await post("/valibot", '{"name":"tom"}')).sent,
			'{"name":"tom"}',
		);
	});

	test("an asynchronous one is waited for", async () => {
		assert.equal((await post("/zod-async", '{"a":"yes"}')).sent, '{"a":"yes"}');
		assert.equal((await post("/zod-async", '{"a":"no"}')).status, 422);
	});

	test("one that throws is a 500, once", async () => {
		const asked = await post("/zod-throws", '{"a":"x"}');
		assert.equal(asked.status, 500);
		assert.equal(asked.request, null);
	});

	test("a sentence of the library is not as long as the client likes", async () => {
		const body = JSON.stringify({ a: "x", ["k".repeat(500_000)]: 1 });
		const { status, problems } = await post("/zod-strict", body);
		assert.equal(status, 422);
		assert.ok(JSON.stringify(problems).length < 600);
	});
});

suite("what is declared decides what goes on", () => {
	test("of a union, what the branch that fits declares", async () => {
		const a = await post("/union", '{"kind":"a","a":1,"b":"x"}');
		assert.equal(a.sent, '{"kind":"a","a":1}');
		const b = await post("/union", '{"kind":"b","a":1,"b":"x"}');
		assert.equal(b.sent, '{"kind":"b","b":"x"}');
		assert.equal((await post("/union", '{"kind":"c"}')).status, 422);
	});

	test("deep in lists, open objects and nullable ones", async () => {
		const { sent } = await post(
			"/nested",
			'{"list":[{"id":1,"x":2},{"id":2,"n":0}],"open":{"a":1,"b":{"c":2}},"maybe":null,"z":0}',
		);
		assert.equal(
			sent,
			'{"list":[{"id":1,"n":3},{"id":2,"n":0}],"open":{"a":1,"b":{"c":2}},"maybe":null}',
		);
		const { problems } = await post(
			"/nested",
			'{"list":[{"id":1},{"id":"2"},3]}',
		);
		assert.deepEqual(
			problems.map(({ loc }) => loc),
			[
				["body", "list", 1, "id"],
				["body", "list", 2],
			],
		);
	});
});
