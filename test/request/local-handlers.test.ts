import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { suite, test } from "node:test";
import {
	type Context,
	createGateway,
	file,
	HttpError,
	type InjectRequest,
	type InjectResponse,
	type ReplyBody,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { KeptLog } from "../helpers/kept-log.ts";

type Handler = (ctx: Context) => unknown;

function ask(
	handler: Handler,
	request: Partial<InjectRequest> = {},
	logger: KeptLog = new KeptLog(),
): Promise<InjectResponse> {
	const gateway = createGateway({
		docs: false,
		logger,
		routes: [route.all("/", { handler: handler as () => string })],
	});
	return gateway.inject({ url: "/", ...request });
}

async function* pieces(): AsyncGenerator<string> {
	yield "a";
	yield "é";
}

suite("a reply's body", () => {
	const bodies: Record<string, [() => ReplyBody, string, string | undefined]> =
		{
			text: [() => "é", "é", "text/plain; charset=utf-8"],
			"empty text": [() => "", "", "text/plain; charset=utf-8"],
			bytes: [() => Buffer.from("aé"), "aé", "application/octet-stream"],
			"an array of bytes": [
				() => new Uint8Array([97]),
				"a",
				"application/octet-stream",
			],
			"a stream": [
				() => Readable.from(["a", "é"]),
				"aé",
				"application/octet-stream",
			],
			"a web stream": [
				() => new Blob(["aé"]).stream() as ReadableStream<Uint8Array>,
				"aé",
				"application/octet-stream",
			],
			"an async iterable": [pieces, "aé", "application/octet-stream"],
			"an object": [() => ({ a: "é" }), '{"a":"é"}', "application/json"],
			"a list": [() => [1, null], "[1,null]", "application/json"],
			"a number": [() => 0, "0", "application/json"],
			false: [() => false, "false", "application/json"],
			null: [() => null, "", undefined],
			nothing: [() => undefined, "", undefined],
		};
	for (const [what, [make, text, type]] of Object.entries(bodies)) {
		test(`may be ${what}`, async () => {
			const answer = await ask(() => reply(201, make(), { "x-a": "b" }));
			assert.equal(answer.status, 201);
			assert.equal(answer.body, text);
			assert.equal(answer.headers["content-type"], type);
			assert.equal(answer.headers["x-a"], "b");
		});

		test(`and is left out for HEAD: ${what}`, async () => {
			const answer = await ask(() => reply(201, make()), { method: "HEAD" });
			assert.equal(answer.status, 201);
			assert.equal(answer.body, "");
			assert.equal(answer.headers["content-type"], type);
		});
	}

	test("has a length where that is known", async () => {
		const known = await ask(() => reply(200, "aé"));
		assert.equal(known.headers["content-length"], "3");
		const none = await ask(() => reply(200));
		assert.equal(none.headers["content-length"], "0");
		const head = await ask(() => reply(200, { a: 1 }), { method: "HEAD" });
		assert.equal(head.headers["content-length"], "7");
		const streamed = await ask(() => reply(200, pieces()));
		assert.equal(streamed.headers["content-length"], undefined);
	});

	test("keeps the type and length that it is given", async () => {
		const answer = await ask(() =>
			reply(200, Readable.from(["<p>"]), {
				"Content-Type": "text/html",
				"content-length": 3,
			}),
		);
		assert.equal(answer.headers["content-type"], "text/html");
		assert.equal(answer.headers["content-length"], "3");
		assert.equal(answer.body, "<p>");
	});

	test("has no length where a status has none", async () => {
		for (const status of [204, 304]) {
			for (const body of [null, "ignored", Readable.from(["ignored"])]) {
				const answer = await ask(() => reply(status, body));
				assert.equal(answer.status, status);
				assert.equal(answer.headers["content-length"], undefined);
				assert.equal(answer.headers["transfer-encoding"], undefined);
				assert.equal(answer.body, "");
			}
		}
	});

	test("has several lines of one header", async () => {
		const answer = await ask(() =>
			reply(200, null, { "set-cookie": ["a=1", "b=2"], "x-n": 7 }),
		);
		assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"]);
		assert.equal(answer.headers["x-n"], "7");
	});

	test("that is shared by many answers stays whole", async () => {
		const shared = reply(200, { ok: true }, { "x-a": "b" });
		for (let i = 0; i < 3; i++) {
			const answer = await ask(() => shared);
			assert.equal(answer.body, '{"ok":true}');
			assert.equal(answer.headers["x-a"], "b");
		}
	});
});

suite("a handler's own value", () => {
	const values: readonly [unknown, string][] = [
		[{ a: 1 }, '{"a":1}'],
		[[], "[]"],
		["text", '"text"'],
		[7, "7"],
		[false, "false"],
		[null, "null"],
		[new Date(0), '"1970-01-01T00:00:00.000Z"'],
	];
	for (const [value, text] of values) {
		test(`is sent as JSON: ${text}`, async () => {
			for (const handler of [() => value, async () => value]) {
				const answer = await ask(handler);
				assert.equal(answer.status, 200);
				assert.equal(answer.headers["content-type"], "application/json");
				assert.equal(answer.body, text);
			}
		});
	}

	test("that JSON has no word for is a failure, and the log tells of which route", async () => {
		const circular: { self?: unknown } = {};
		circular.self = circular;
		for (const value of [undefined, () => 1, Symbol("a"), 1n, circular]) {
			for (const handler of [() => value, async () => value]) {
				const log = new KeptLog();
				const answer = await ask(handler, {}, log);
				assert.equal(answer.status, 500, String(typeof value));
				assert.equal(log.lines.length, 1);
				assert.equal(log.lines[0]?.details.route, "ALL /");
				assert.ok(log.lines[0]?.details.err instanceof TypeError);
			}
		}
	});
});

suite("a handler that throws", () => {
	test("an HttpError answers with it", async () => {
		const refuse = (): never => {
			throw new HttpError(409, "Taken.", { code: "ERR_TAKEN" });
		};
		for (const handler of [refuse, async () => refuse()]) {
			const answer = await ask(handler);
			assert.equal(answer.status, 409);
			assert.match(answer.body, /"detail":"Taken\.","code":"ERR_TAKEN"/);
		}
	});

	test("anything else is a 500 that says nothing of it", async () => {
		const secret = new Error("SELECT * FROM users");
		const fail = (): never => {
			throw secret;
		};
		for (const handler of [fail, async () => fail()]) {
			const log = new KeptLog();
			const answer = await ask(handler, {}, log);
			assert.equal(answer.status, 500);
			assert.doesNotMatch(answer.body, /SELECT/);
			assert.deepEqual(
				log.lines.map(({ details }) => details.err),
				[secret],
			);
		}
	});

	test("headers that can not be sent are a 500 as well", async () => {
		for (const answering of [
			() => reply(200, "a", { "x-a": "b\r\nx-evil: 1" }),
			() => reply(200, Readable.from(["a"]), { "x a": "b" }),
			() => {
				throw new HttpError(400, "x", { headers: { "x-a": "b\nc" } });
			},
		]) {
			const log = new KeptLog();
			const answer = await ask(answering, {}, log);
			assert.equal(answer.status, 500);
			assert.equal(answer.headers["x-evil"], undefined);
			assert.equal(log.lines.length, 1);
		}
	});
});

suite("a handler's context", () => {
	test("has the checked body, and the files of a form in full", async () => {
		const gateway = createGateway({
			docs: false,
			routes: [
				route.post("/body", {
					body: Type.Object({ a: Type.Integer({ default: 1 }) }),
					handler: (ctx) => ctx.body,
				}),
				route.post("/form", {
					form: { caption: Type.String(), image: file() },
					handler: (ctx) => ({
						caption: ctx.form.caption,
						name: ctx.form.image.filename,
						bytes: Buffer.from(ctx.form.image.bytes ?? []).toString(),
					}),
				}),
			],
		});
		const body = await gateway.inject({
			method: "POST",
			url: "/body",
			body: { b: 2 },
		});
		assert.deepEqual(body.json(), { a: 1 });
		const form = await gateway.inject({
			method: "POST",
			url: "/form",
			headers: { "content-type": "multipart/form-data; boundary=b" },
			body: [
				"--b",
				'content-disposition: form-data; name="caption"',
				"",
				"hi",
				"--b",
				'content-disposition: form-data; name="image"; filename="a.txt"',
				"",
				"content",
				"--b--",
				"",
			].join("\r\n"),
		});
		assert.deepEqual(form.json(), {
			caption: "hi",
			name: "a.txt",
			bytes: "content",
		});
	});

	test("lets a handler read the body itself where none is declared", async () => {
		const answer = await ask(
			async (ctx) => {
				let text = "";
				for await (const chunk of ctx.req) text += chunk;
				return { text };
			},
			{ method: "POST", body: "as it came" },
		);
		assert.deepEqual(answer.json(), { text: "as it came" });
	});
});
