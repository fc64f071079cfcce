import assert from "node:assert/strict";
import { test } from "node:test";
import {
	type Context,
	createGateway,
	dependency,
	type Policy,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { startEcho } from "../helpers/echo.ts";
import { gatewayOf, policyOf } from "../helpers/policed-gateway.ts";

test("phases run in order; of each the gateway's, the builder's, the route's", async (t) => {
	const order: string[] = [];
	const noting = (name: string): Policy => {
		const note = (phase: string) => (): undefined => {
			order.push(`${phase} ${name}`);
		};
		return policyOf(
			{
				onRequest: note("2"),
				onAdmit: note("5"),
				onUpstreamRequest: note("7"),
				onUpstreamResponse: note("8"),
				onFinish: note("9"),
			},
			name,
		);
	};
	const { url } = await startEcho(t);
	const builder = route
		.with({ upstream: url, policies: [noting("outer")] })
		.with({ policies: [noting("inner")] });
	const gateway = createGateway({
		docs: false,
		policies: [noting("gateway")],
		routes: [
			builder.post("/", {
				policies: [noting("route")],
				body: Type.Object({}),
				query: { a: Type.Integer() },
				dependencies: {
					four: dependency(() => {
						order.push("4 dependency");
					}),
				},
			}),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	await gateway.inject({ method: "POST", url: "/?a=1", body: {} });
	const all = ["gateway", "outer", "inner", "route"];
	assert.deepEqual(order, [
		...all.map((name) => `2 ${name}`),
		"4 dependency",
		...all.map((name) => `5 ${name}`),
		...all.map((name) => `7 ${name}`),
		...all.map((name) => `8 ${name}`),
		...all.map((name) => `9 ${name}`),
	]);
});

test("what a phase may know", async (t) => {
	const seen: Record<string, unknown> = {};
	const look =
		(phase: string) =>
		(ctx: Context): undefined => {
			const { path, deps, body } = ctx;
			seen[phase] = { path: { ...path }, deps: { ...deps }, body };
		};
	const { gateway } = await gatewayOf(
		t,
		policyOf({
			onRequest: look("onRequest"),
			onAdmit: look("onAdmit"),
			onUpstreamRequest: look("onUpstreamRequest"),
		}),
	);
	const headers = { "x-key": "ann" };
	await gateway.inject({ url: "/proxied/7", headers });
	assert.deepEqual(seen, {
		onRequest: { path: { id: "7" }, deps: {}, body: undefined },
		onAdmit: { path: { id: 7 }, deps: { caller: "ann" }, body: undefined },
		onUpstreamRequest: {
			path: { id: 7 },
			deps: { caller: "ann" },
			body: undefined,
		},
	});
	await gateway.inject({ method: "POST", url: "/body", body: { a: 1 } });
	assert.deepEqual(seen.onAdmit, { path: {}, deps: {}, body: undefined });
	assert.deepEqual(seen.onUpstreamRequest, {
		path: {},
		deps: {},
		body: { a: 1 },
	});
});

test("policies tell one another things by ctx.state", async (t) => {
	const { gateway } = await gatewayOf(
		t,
		policyOf({ onRequest: (ctx) => void ctx.state.set("seen", ["first"]) }),
		policyOf({
			onAdmit: (ctx) => reply(200, { seen: ctx.state.get("seen") as string[] }),
		}),
	);
	assert.deepEqual((await gateway.inject("/local")).json(), {
		seen: ["first"],
	});
	assert.deepEqual((await gateway.inject("/local")).json(), {
		seen: ["first"],
	});
});

test("a policy is made once for each route, and knows it", async (t) => {
	const seen: unknown[] = [];
	const { gateway } = await gatewayOf(t, {
		name: "noting",
		forRoute({ id, methods, path, tags, proxied }) {
			seen.push({ id, methods, path, tags, proxied });
			return null;
		},
	});
	const made = seen.length;
	await gateway.inject("/local");
	await gateway.inject("/local");
	assert.equal(seen.length, made);
	assert.deepEqual(seen.slice(0, 3), [
		{
			id: "ALL /proxied/:id?",
			methods: ["*"],
			path: "/proxied/:id?",
			tags: [],
			proxied: true,
		},
		{
			id: "POST /body",
			methods: ["POST"],
			path: "/body",
			tags: [],
			proxied: true,
		},
		{
			id: "GET /local",
			methods: ["GET"],
			path: "/local",
			tags: [],
			proxied: false,
		},
	]);
});

test("what a policy returns beside a reply says nothing", async (t) => {
	for (const value of [null, 0, "", false, {}, []] as unknown[]) {
		const { gateway } = await gatewayOf(
			t,
			policyOf({ onRequest: () => value as never }),
			policyOf({ onAdmit: async () => value as never }),
		);
		assert.equal((await gateway.inject("/local")).body, "local");
	}
});

test("each policy is closed once with the gateway, which waits for it", async () => {
	const closed: string[] = [];
	const closing = (name: string): Policy => ({
		name,
		forRoute: () => null,
		async close() {
			await new Promise((resolve) => setImmediate(resolve));
			closed.push(name);
		},
	});
	const shared = closing("shared");
	const handler = (): null => null;
	const gateway = createGateway({
		docs: false,
		policies: [shared],
		routes: [
			route.get("/a", { handler, policies: [shared, closing("own")] }),
			route.get("/b", { handler, policies: [shared] }),
		],
	});
	await Promise.all([gateway.close(), gateway.close()]);
	assert.deepEqual(closed.sort(), ["own", "shared"]);
});
