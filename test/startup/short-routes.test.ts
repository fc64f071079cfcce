import assert from "node:assert/strict";
import { test } from "node:test";
import { createGateway, route, Type } from "../../src/index.ts";
import { startEcho } from "../helpers/echo.ts";

test("a route needs no options, or has a handler in their place or behind them", async (t) => {
	const { url } = await startEcho(t);
	const api = route.with({ prefix: "/api", upstream: url });
	const gateway = createGateway({
		routes: [
			api.get("/plain"),
			api("PROPFIND", "/plain"),
			[
				route.get("/alone", () => "alone"),
				[
					api.get("/both/:id", { path: { id: Type.Integer() } }, (ctx) => [
						ctx.path.id,
					]),
				],
			],
			[],
			route(["PUT", "POST"], "/alone", async ({ method }) => method),
		],
	});
	t.after(() => gateway.close());
	const ask = async (address: string, method = "GET") =>
		(await gateway.inject({ url: address, method })).json();
	assert.equal(
		((await ask("/api/plain")) as { url: string }).url,
		"/api/plain",
	);
	assert.equal(
		((await ask("/api/plain", "PROPFIND")) as { method: string }).method,
		"PROPFIND",
	);
	assert.equal(await ask("/alone"), "alone");
	assert.equal(await ask("/alone", "PUT"), "PUT");
	assert.deepEqual(await ask("/api/both/7"), [7]);
	assert.deepEqual(
		gateway.routes.slice(0, 5).map(({ id }) => id),
		[
			"GET /api/plain",
			"PROPFIND /api/plain",
			"GET /alone",
			"GET /api/both/:id",
			"PUT|POST /alone",
		],
	);
	assert.ok("/api/both/{id}" in (gateway.openapi().paths as object));
});

test("what is wrong in a nested list is found like the rest", () => {
	assert.throws(
		() =>
			createGateway({
				routes: [[route.get("/a", () => 1)], [[route.get("/a", () => 2)]]],
			}),
		/GET \/a: clashes with GET \/a/,
	);
	assert.throws(
		() => createGateway({ routes: [[{} as never]] }),
		/routes must be made by route\.get/,
	);
	assert.throws(
		() => createGateway({ routes: [route.get("/a")] }),
		/GET \/a: needs an upstream or a handler/,
	);
	assert.throws(
		() => route.get("/a", { handler: () => 1 }, () => 2),
		/GET \/a: has two handlers/,
	);
});
