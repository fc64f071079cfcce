import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { route, Type } from "../../src/index.ts";
import { type Declare, pass } from "../helpers/pass.ts";

suite("where a request goes", () => {
	test("its method is the client's, or upstreamMethod", async (t) => {
		const same: Declare = (upstream) => route.all("/x", { upstream });
		for (const method of ["GET", "POST", "DELETE", "PROPFIND", "QUERY"]) {
			const got = await pass(t, same, { method, url: "/x" });
			assert.equal(got.method, method);
		}
		const other: Declare = (upstream) =>
			route.get("/x", {
				upstream,
				upstreamMethod: "post",
				forward: { body: () => ({ a: 1 }) },
			});
		const got = await pass(t, other, { url: "/x" });
		assert.equal(got.method, "POST");
		assert.equal(got.body, '{"a":1}');
	});

	test("its path is the client's byte for byte, or upstreamPath filled", async (t) => {
		const raw: Declare = (upstream) => route.get("/users/:id/*", { upstream });
		const url = "/users/%41b/c%20d/../e".replace("/../", "/..e/");
		assert.equal((await pass(t, raw, { url })).url, url);
		const filled: Declare = (upstream) =>
			route.get("/users/:id/*", {
				upstream,
				upstreamPath: "/v1/:id::read/*",
			});
		const got = await pass(t, filled, { url: "/users/a%2Fb%3F/c%20d/e?q=1" });
		assert.equal(got.url, "/v1/a%2Fb%3F:read/c%20d/e?q=1");
	});

	test("a typed value is written anew, without a template too", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/users/:id/:name", { upstream, path: { id: Type.Integer() } });
		const got = await pass(t, declare, { url: "/users/007/%41%20b" });
		assert.equal(got.url, "/users/7/A%20b");
	});

	test("forward.path gives the names that the path lacks, percent-encoded", async (t) => {
		let tenant = "a/b ?c";
		const declare: Declare = (upstream) =>
			route.get("/orders/:id/*", {
				upstream,
				upstreamPath: "/t/:tenant/:id/*",
				forward: {
					path: (ctx) => ({ tenant, id: "ignored", more: ctx.path.id }),
				},
			});
		const get = () => pass(t, declare, { url: "/orders/7/x%2Fy?q=1" });
		assert.equal((await get()).url, "/t/a%2Fb%20%3Fc/7/x%2Fy?q=1");
		for (const [value, status] of [
			["..", 400],
			[".", 400],
			["", 500],
		] as const) {
			tenant = value;
			await assert.rejects(get(), new RegExp(`${status}`));
		}
	});

	test("an optional parameter that is not there leaves its segment out", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/posts/:page?", {
				upstream,
				path: { page: Type.Optional(Type.Integer()) },
			});
		assert.equal((await pass(t, declare, { url: "/posts" })).url, "/posts");
		assert.equal(
			(await pass(t, declare, { url: "/posts/03" })).url,
			"/posts/3",
		);
		const templated: Declare = (upstream) =>
			route.get("/posts/:page?", {
				upstream,
				upstreamPath: "/v1/posts/:page?",
			});
		assert.equal(
			(await pass(t, templated, { url: "/posts" })).url,
			"/v1/posts",
		);
	});
});
