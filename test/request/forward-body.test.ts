import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createGateway, route, Type } from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { type Echo, startEcho } from "../helpers/echo.ts";
import { type Declare, pass } from "../helpers/pass.ts";
import { connectRaw } from "../helpers/raw-client.ts";

suite("a body", () => {
	const Pet = Type.Object({
		name: Type.String(),
		age: Type.Integer({ default: 1 }),
	});
	const odd = '{ "extra": [1, 2], "name":"R\\u00e9x" }';

	test("that is not declared goes on byte for byte", async (t) => {
		const declare: Declare = (upstream) => route.post("/x", { upstream });
		const got = await pass(t, declare, {
			method: "POST",
			url: "/x",
			body: odd,
			headers: { "content-type": "text/x" },
		});
		assert.equal(got.body, odd);
		assert.equal(got.headers["content-type"], "text/x");
	});

	test("that is declared goes on checked: what is declared, defaults filled", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x", { upstream, body: Pet });
		const got = await pass(t, declare, {
			method: "POST",
			url: "/x",
			body: odd,
			headers: {
				"content-type": "application/vnd.pet+json; charset=UTF-8",
				"content-md5": "x",
				digest: "y",
			},
		});
		assert.equal(got.body, '{"name":"Réx","age":1}');
		assert.equal(got.headers["content-length"], "23");
		assert.equal(got.headers["content-type"], "application/vnd.pet+json");
		assert.equal(got.headers["content-md5"], undefined);
		assert.equal(got.headers.digest, undefined);
	});

	test("goes on as it came with bodyMode 'original'", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x", { upstream, body: Pet, bodyMode: "original" });
		const got = await pass(t, declare, {
			method: "POST",
			url: "/x",
			body: odd,
			headers: { "content-type": "application/vnd.pet+json" },
		});
		assert.equal(got.body, odd);
		assert.equal(got.headers["content-type"], "application/vnd.pet+json");
	});

	test("that is optional may be absent: nothing goes out", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x", { upstream, body: Type.Optional(Pet) });
		const got = await pass(t, declare, { method: "POST", url: "/x" });
		assert.equal(got.body, "");
		assert.equal(got.headers["content-type"], undefined);
	});

	test("that is optional may be sent in no chunks at all", async (t) => {
		const { url, requests } = await startEcho(t);
		const gateway = createGateway({
			docs: false,
			routes: [
				route.post("/x", { upstream: url, body: Type.Optional(Pet) }),
				route.post("/original", {
					upstream: url,
					body: Type.Optional(Pet),
					bodyMode: "original",
				}),
			],
		});
		const { port } = await startGateway(t, gateway);
		for (const path of ["/x", "/original"]) {
			await using client = await connectRaw({ port });
			const answer = await client.exchange(
				[
					`POST ${path} HTTP/1.1`,
					"host: a",
					"content-type: application/json",
					"transfer-encoding: chunked",
					"",
					"0",
					"",
					"",
				].join("\r\n"),
			);
			assert.equal(answer.status, 200);
			const got = JSON.parse(answer.body.toString()) as Echo;
			assert.equal(got.body, "");
			assert.equal(got.headers["content-length"], "0");
		}
		assert.equal(requests.length, 2);
	});

	test("is what forward.body makes", async (t) => {
		for (const value of [{ a: "é" }, [], "text", 7, false, null]) {
			const declare: Declare = (upstream) =>
				route.post("/x", { upstream, forward: { body: () => value } });
			const got = await pass(t, declare, {
				method: "POST",
				url: "/x",
				body: "what the client sent",
				headers: { "content-type": "text/plain" },
			});
			assert.equal(got.body, JSON.stringify(value));
			assert.equal(got.headers["content-type"], "application/json");
			assert.equal(
				got.headers["content-length"],
				String(Buffer.byteLength(got.body)),
			);
		}
	});

	test("is made of a checked one", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x/:id", {
				upstream,
				path: { id: Type.Integer() },
				body: Pet,
				forward: { body: (ctx) => ({ ...ctx.body, id: ctx.path.id }) },
			});
		const got = await pass(t, declare, {
			method: "POST",
			url: "/x/7",
			body: { name: "Réx", extra: 1 },
		});
		assert.equal(got.body, '{"name":"Réx","age":1,"id":7}');
	});

	test("that forward.body does not want is none", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x", { upstream, forward: { body: () => undefined } });
		const got = await pass(t, declare, {
			method: "POST",
			url: "/x",
			body: "what the client sent",
			headers: { "content-type": "text/plain" },
		});
		assert.equal(got.body, "");
		assert.equal(got.headers["content-length"], "0");
		assert.equal(got.headers["content-type"], undefined);
	});
});
