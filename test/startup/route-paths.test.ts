import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { route, Type } from "../../src/index.ts";
import { gatewayOf, get, named } from "../helpers/named-routes.ts";

suite("paths", () => {
	test("a static path goes before a parameter, and that before a wildcard", async () => {
		const gateway = gatewayOf(
			named("GET", "/files/*"),
			named("GET", "/files/:name"),
			named("GET", "/files/readme"),
		);
		assert.deepEqual(await get(gateway, "/files/readme"), {
			route: "/files/readme",
			path: {},
		});
		assert.deepEqual(await get(gateway, "/files/other"), {
			route: "/files/:name",
			path: { name: "other" },
		});
		assert.deepEqual(await get(gateway, "/files/a/b%20c"), {
			route: "/files/*",
			path: { "*": "a/b c" },
		});
	});

	test("a wildcard of the root takes what nothing else does", async () => {
		const gateway = gatewayOf(named("GET", "/*"), named("GET", "/a"));
		assert.deepEqual(await get(gateway, "/"), {
			route: "/*",
			path: { "*": "" },
		});
		assert.deepEqual(await get(gateway, "/a"), { route: "/a", path: {} });
	});

	test("an expression decides whether a parameter is one", async () => {
		const gateway = gatewayOf(
			named("GET", "/users/:id(^\\d+$)"),
			named("GET", "/users/:name"),
		);
		assert.deepEqual(await get(gateway, "/users/12"), {
			route: "/users/:id(^\\d+$)",
			path: { id: "12" },
		});
		assert.deepEqual(await get(gateway, "/users/ann"), {
			route: "/users/:name",
			path: { name: "ann" },
		});
	});

	test("one segment has several parameters", async () => {
		const gateway = gatewayOf(
			named("GET", "/near/:lat-:lng/at/:hour(^\\d{2})h:minute(^\\d{2})m"),
			named("GET", "/files/:name.:type"),
		);
		const near = await get(gateway, "/near/47-8/at/09h30m");
		assert.deepEqual((near as { path: unknown }).path, {
			lat: "47",
			lng: "8",
			hour: "09",
			minute: "30",
		});
		const file = await get(gateway, "/files/a.png");
		assert.deepEqual((file as { path: unknown }).path, {
			name: "a",
			type: "png",
		});
	});

	test("a last parameter may be optional", async () => {
		const gateway = gatewayOf(
			route.get("/posts/:page?", {
				path: { page: Type.Optional(Type.Integer()) },
				handler: (ctx) => ({ page: ctx.path.page ?? "none" }),
			}),
		);
		assert.deepEqual(await get(gateway, "/posts"), { page: "none" });
		assert.deepEqual(await get(gateway, "/posts/3"), { page: 3 });
		const { status } = await gateway.inject("/posts/x");
		assert.equal(status, 422);
	});

	test("an optional parameter gives way to what is declared", async () => {
		const gateway = gatewayOf(
			named("GET", "/posts/:page?"),
			named("HEAD", "/posts"),
			named("*", "/posts/:any?"),
		);
		const head = await gateway.inject({ method: "HEAD", url: "/posts/1" });
		assert.equal(head.status, 200);
		const put = await gateway.inject({ method: "PUT", url: "/posts" });
		assert.deepEqual(put.json(), { route: "/posts/:any?", path: {} });
	});

	test("two colons are one", async () => {
		const gateway = gatewayOf(
			named("GET", "/names/:name/do::this"),
			named("GET", "/a::b"),
			named("GET", "/a::c"),
		);
		assert.deepEqual(await get(gateway, "/names/x/do:this"), {
			route: "/names/:name/do::this",
			path: { name: "x" },
		});
		assert.deepEqual(await get(gateway, "/a:c"), { route: "/a::c", path: {} });
	});

	test("values are decoded once", async () => {
		const gateway = gatewayOf(named("GET", "/users/:id"));
		const values = {
			"a%20b": "a b",
			"a%2Fb": "a/b",
			"a%252fb": "a%2fb",
			"%C3%A9": "é",
			"a+b": "a+b",
			"a%2Bb": "a+b",
			"%3F%23%26": "?#&",
			"a;b=c": "a;b=c",
			"": "",
			__proto__: "__proto__",
		};
		for (const [sent, id] of Object.entries(values)) {
			assert.deepEqual(await get(gateway, `/users/${sent}?q=/x`), {
				route: "/users/:id",
				path: { id },
			});
		}
	});

	test("an encoded letter is the letter, an encoded slash no slash", async () => {
		const gateway = gatewayOf(named("GET", "/users/:id"));
		assert.deepEqual(await get(gateway, "/%75sers/1"), {
			route: "/users/:id",
			path: { id: "1" },
		});
		const { status } = await gateway.inject("/users%2F1");
		assert.equal(status, 404);
	});

	test("a value may be as long as a request head", async () => {
		const gateway = gatewayOf(named("GET", "/users/:id/:a-:b"));
		const id = "x".repeat(7_000);
		const value = (await get(gateway, `/users/${id}/${id}-1`)) as {
			path: { id: string; a: string };
		};
		assert.equal(value.path.id, id);
		assert.equal(value.path.a, id);
	});

	test("letters and slashes count as they are written", async () => {
		const gateway = gatewayOf(named("GET", "/Users"));
		for (const url of ["/users", "/Users/", "//Users", "/Users//"]) {
			const { status } = await gateway.inject(url);
			assert.equal(status, 404, url);
		}
	});

	test("a prefix is part of the path", async () => {
		const api = route.with({ prefix: "/api" }).with({ prefix: "/v:version" });
		const gateway = gatewayOf(
			api.get("/users", {
				path: { version: Type.Integer() },
				handler: (ctx) => ctx.path.version,
			}),
		);
		assert.equal(await get(gateway, "/api/v2/users"), 2);
	});
});
