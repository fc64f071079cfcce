import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import type { Context, InjectRequest, Policy } from "../../src/index.ts";
import type { Echo } from "../helpers/echo.ts";
import { gatewayOf, policyOf } from "../helpers/policed-gateway.ts";

suite("setResponseHeader", () => {
	const adding = policyOf({
		onRequest: (ctx) => {
			ctx.setResponseHeader("x-early", "1");
			ctx.setResponseHeader("Set-Cookie", "a=1");
			ctx.appendResponseHeader("set-cookie", "b=2");
		},
		onUpstreamResponse: (ctx) => ctx.setResponseHeader("x-late", "2"),
	});

	test("works on replies and on the service's responses, errors too", async (t) => {
		const { gateway } = await gatewayOf(t, adding);
		for (const [url, status] of [
			["/local", 200],
			["/proxied", 200],
			["/proxied/x", 422],
			["/nowhere", 404],
		] as const) {
			const answer = await gateway.inject(url);
			assert.equal(answer.status, status);
			assert.equal(answer.headers["x-early"], "1", url);
			assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"], url);
			const late = url === "/proxied" ? "2" : undefined;
			assert.equal(answer.headers["x-late"], late, url);
		}
	});

	test("with bytes that no header may have is the policy's failure, not the request's end", async (t) => {
		for (const [name, value] of [
			["x-a", "a\r\nx-evil: 1"],
			["x a", "b"],
			["x-a", "\u0142\n"],
		] as const) {
			const { gateway, log } = await gatewayOf(
				t,
				policyOf({ onRequest: (ctx) => ctx.setResponseHeader(name, value) }),
			);
			for (const url of ["/local", "/proxied"]) {
				const answer = await gateway.inject(url);
				assert.equal(answer.status, 500, url);
				assert.equal(answer.headers["x-evil"], undefined);
			}
			assert.ok(log.lines.length >= 2);
		}
	});
});

suite("setUpstreamHeader", () => {
	const ask = async (
		t: TestContext,
		hook: (ctx: Context) => void,
		request: Partial<InjectRequest> = {},
	): Promise<Echo> => {
		const { gateway } = await gatewayOf(t, policyOf({ onAdmit: hook }));
		const answer = await gateway.inject({ url: "/proxied", ...request });
		assert.equal(answer.status, 200, answer.body);
		return answer.json() as Echo;
	};

	test("takes the place of what the client sent, in any case", async (t) => {
		const got = await ask(t, (ctx) => ctx.setUpstreamHeader("X-User", "ann"), {
			headers: { "x-USER": ["eve", "mallory"], "x-other": "kept" },
		});
		assert.equal(got.headers["x-user"], "ann");
		assert.equal(got.headers["x-other"], "kept");
		assert.equal(got.rawHeaders.filter((one) => /x-user/i.test(one)).length, 1);
	});

	test("with null only takes away", async (t) => {
		const got = await ask(t, (ctx) => ctx.setUpstreamHeader("cookie", null), {
			headers: { cookie: "a=b" },
		});
		assert.equal(got.headers.cookie, undefined);
	});

	test("may be called twice for one name: the last word counts", async (t) => {
		const got = await ask(t, (ctx) => {
			ctx.setUpstreamHeader("x-a", "1");
			ctx.setUpstreamHeader("x-a", "2");
			ctx.setUpstreamHeader("x-b", "3");
			ctx.setUpstreamHeader("X-B", null);
		});
		assert.equal(got.headers["x-a"], "2");
		assert.equal(got.headers["x-b"], undefined);
	});
});

suite("onUpstreamRequest", () => {
	test("sees what goes out, and changes method, path and headers", async (t) => {
		let seen: unknown;
		const { gateway } = await gatewayOf(
			t,
			policyOf({
				onUpstreamRequest(_ctx, request) {
					seen = { method: request.method, path: request.path };
					request.method = "PUT";
					request.path = "/other?x=1";
					request.headers.push("x-added", "yes");
				},
			}),
		);
		const answer = await gateway.inject({
			method: "POST",
			url: "/proxied/007?a=b",
			body: "text",
		});
		const got = answer.json() as Echo;
		assert.deepEqual(seen, { method: "POST", path: "/proxied/7?a=b" });
		assert.equal(got.method, "PUT");
		assert.equal(got.url, "/other?x=1");
		assert.equal(got.headers["x-added"], "yes");
		assert.equal(got.body, "text");
	});

	test("several see one another's changes", async (t) => {
		const add = (text: string): Policy =>
			policyOf({
				async onUpstreamRequest(_ctx, request) {
					request.path += text;
				},
			});
		const { gateway } = await gatewayOf(t, add("/a"), add("/b"));
		const { url } = (await gateway.inject("/proxied")).json() as Echo;
		assert.equal(url, "/proxied/a/b");
	});
});

suite("onUpstreamResponse", () => {
	test("changes status and headers", async (t) => {
		const { gateway } = await gatewayOf(
			t,
			policyOf({
				onUpstreamResponse(_ctx, response) {
					assert.equal(response.status, 200);
					response.status = 299;
					response.headers = [...response.headers, "x-added", "yes"];
				},
			}),
			policyOf({
				onUpstreamResponse(_ctx, response) {
					response.headers.push("x-seen", String(response.status));
				},
			}),
		);
		const answer = await gateway.inject("/proxied");
		assert.equal(answer.status, 299);
		assert.equal(answer.headers["x-added"], "yes");
		assert.equal(answer.headers["x-seen"], "299");
		assert.equal((answer.json() as Echo).url, "/proxied");
	});

	test("observes the body, with as many eyes as there are policies", async (t) => {
		const watched: string[][] = [[], []];
		const watching = watched.map((lines) =>
			policyOf({
				onUpstreamResponse(_ctx, response) {
					response.observe({
						onChunk: (chunk) => lines.push(Buffer.from(chunk).toString()),
						onEnd: () => lines.push("end"),
						onAbort: () => lines.push("abort"),
					});
				},
			}),
		);
		const { gateway } = await gatewayOf(t, ...watching);
		const answer = await gateway.inject("/proxied");
		for (const lines of watched) {
			assert.equal(lines.pop(), "end");
			assert.equal(lines.join(""), answer.body);
		}
	});

	test("is not asked about answers of the gateway's own", async (t) => {
		let asked = 0;
		const { gateway } = await gatewayOf(
			t,
			policyOf({
				onUpstreamResponse: () => {
					asked++;
				},
			}),
		);
		await gateway.inject("/local");
		await gateway.inject("/nowhere");
		assert.equal(asked, 0);
	});
});
