import assert from "node:assert/strict";
import { once } from "node:events";
import { Readable } from "node:stream";
import { suite, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
	createGateway,
	type InjectRequest,
	type InjectResponse,
	reply,
	route,
} from "../../src/index.ts";
import { startUpstream } from "../../src/testing.ts";
import { KeptLog } from "../helpers/kept-log.ts";

async function ask(
	t: TestContext,
	handler: () => unknown,
	request: Partial<InjectRequest> = {},
): Promise<{ got: InjectResponse; log: KeptLog }> {
	const log = new KeptLog();
	const gateway = createGateway({
		docs: false,
		logger: log,
		routes: [route.all("/", { handler: handler as () => string })],
	});
	t.after(() => gateway.close());
	return { got: await gateway.inject({ url: "/", ...request }), log };
}

async function* pieces(): AsyncGenerator<string> {
	yield "a";
	yield "é";
}

/** A class whose instances JSON writes by their own method. */
class Price {
	#cents = 150;
	toJSON(): string {
		return `${this.#cents / 100} EUR`;
	}
}

const bytes = "application/octet-stream";
const sent: Record<string, [() => unknown, string, string]> = {
	"a Buffer": [() => Buffer.from("aé"), "aé", bytes],
	"an ArrayBuffer": [() => new Uint8Array([97, 98]).buffer, "ab", bytes],
	"a DataView": [() => new DataView(new Uint8Array([97]).buffer), "a", bytes],
	"a stream": [() => Readable.from(["a", "é"]), "aé", bytes],
	"a web stream": [() => new Blob(["aé"]).stream(), "aé", bytes],
	"a Blob": [() => new Blob(["aé"], { type: "text/x" }), "aé", "text/x"],
	"an async generator": [pieces, "aé", bytes],
	"a string": [() => "a", '"a"', "application/json"],
	"a Date": [
		() => new Date(0),
		'"1970-01-01T00:00:00.000Z"',
		"application/json",
	],
	"what writes itself": [() => new Price(), '"1.5 EUR"', "application/json"],
	"an empty object": [() => ({}), "{}", "application/json"],
	"an object without a prototype": [
		() => Object.create(null),
		"{}",
		"application/json",
	],
};

suite("a handler may return", () => {
	for (const [what, [make, body, type]] of Object.entries(sent)) {
		test(what, async (t) => {
			for (const handler of [make, async () => make()]) {
				const { got } = await ask(t, handler);
				assert.equal(got.status, 200);
				assert.equal(got.body, body);
				assert.equal(got.headers["content-type"], type);
			}
			const { got } = await ask(t, make, { method: "HEAD" });
			assert.equal(got.status, 200);
			assert.equal(got.body, "");
		});
	}

	test("a web Response, with its status, headers and cookies", async (t) => {
		const { got } = await ask(t, () => {
			const headers = new Headers({ "x-a": "b", connection: "close" });
			headers.append("set-cookie", "a=1");
			headers.append("set-cookie", "b=2");
			return new Response("made", { status: 201, headers });
		});
		assert.equal(got.status, 201);
		assert.equal(got.body, "made");
		assert.equal(got.headers["x-a"], "b");
		assert.deepEqual(got.headers["set-cookie"], ["a=1", "b=2"]);
		assert.equal(got.headers["content-type"], "text/plain;charset=UTF-8");
		const empty = await ask(t, () => new Response(null, { status: 204 }));
		assert.equal(empty.got.status, 204);
	});

	test("what fetch gave, whose body is decoded", async (t) => {
		const service = await startUpstream(t, (_req, res) => {
			res.setHeader("content-encoding", "gzip");
			res.end(gzipSync("x".repeat(1_000)));
		});
		const { got } = await ask(t, () => fetch(service.url));
		assert.equal(got.body, "x".repeat(1_000));
		assert.equal(got.headers["content-encoding"], undefined);
	});
});

const unsendable: Record<string, [() => unknown, RegExp]> = {
	"a Map": [() => new Map([["a", 1]]), /class Map has no form in JSON/],
	"a Set": [() => new Set([1]), /class Set has no form/],
	"a WeakMap": [() => new WeakMap(), /class WeakMap has no form/],
	"a RegExp": [() => /a/, /class RegExp has no form/],
	"search parameters": [() => new URLSearchParams("a=1"), /URLSearchParams/],
	Headers: [() => new Headers(), /class Headers has no form/],
	"a Request": [() => new Request("http://127.0.0.1/"), /class Request/],
	"a generator": [() => [1].values(), /has no form in JSON/],
	"an Error": [() => new Error("on purpose"), /thrown, not returned/],
	"an Error with members": [
		() => Object.assign(new Error("on purpose"), { code: 1 }),
		/thrown, not returned/,
	],
	"a bigint": [() => 1n, /a bigint has no form in JSON/],
	"a function": [() => () => 1, /a function has no form in JSON/],
	"a symbol": [() => Symbol("a"), /a symbol has no form in JSON/],
	nothing: [() => undefined, /an? undefined has no form in JSON/],
	"a Response that failed": [() => Response.error(), /status/],
	"a Response that has been read": [
		async () => {
			const response = new Response("a");
			await response.text();
			return response;
		},
		/has been read/,
	],
};

suite("what cannot be sent is a 500 whose cause is logged:", () => {
	for (const [what, [make, cause]] of Object.entries(unsendable)) {
		test(what, async (t) => {
			const { got, log } = await ask(t, make);
			assert.equal(got.status, 500);
			assert.equal(log.lines.length, 1);
			const details = log.lines[0]?.details as { err: Error } | undefined;
			assert.match(details?.err.message ?? "", cause);
		});
	}

	test("also as the body of a reply", async (t) => {
		const { got } = await ask(t, () => reply(200, new Map()));
		assert.equal(got.status, 500);
	});
});

interface User {
	id: number;
	at: Date;
}

test("reply takes what a handler may return", async (t) => {
	const user: User = { id: 1, at: new Date(0) };
	const loose: Record<string, unknown> = { a: user };
	const object: object = { a: 1 };
	for (const made of [
		reply(200, user),
		reply(200, [user]),
		reply(200, loose),
		reply(200, object),
		reply(200, new Date(0)),
	]) {
		assert.equal((await ask(t, () => made)).got.status, 200);
	}
});

test("a stream that a client leaves is destroyed", async (t) => {
	const stream = new Readable({ read() {} });
	const gateway = createGateway({
		docs: false,
		routes: [route.get("/", { handler: () => stream })],
	});
	const listening = await gateway.listen();
	t.after(() => gateway.close());
	const leaving = new AbortController();
	const response = await fetch(listening.url, { signal: leaving.signal });
	assert.equal(response.status, 200);
	leaving.abort();
	await once(stream, "close");
});
