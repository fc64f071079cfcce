import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import {
	type Context,
	createGateway,
	dependency,
	input,
	type Policy,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { startUpstream } from "../../src/testing.ts";

setFlagsFromString("--allow-natives-syntax");
const haveSameMap = new Function("a", "b", "return %HaveSameMap(a, b)") as (
	a: object,
	b: object,
) => boolean;
const hasFastProperties = new Function("a", "return %HasFastProperties(a)") as (
	a: object,
) => boolean;

test("the instruments tell shapes apart", () => {
	assert.ok(haveSameMap({ a: 1 }, { a: 2 }));
	assert.ok(!haveSameMap({ a: 1 }, { b: 2 }));
});

test("the contexts of all requests share one hidden class, at each phase", async (t) => {
	const { url } = await startUpstream(t, (req, res) => {
		req.resume();
		res.end("{}");
	});
	const byPhase = new Map<string, Context[]>();
	const note = (phase: string, ctx: Context): void => {
		byPhase.set(phase, [...(byPhase.get(phase) ?? []), ctx]);
	};
	const watching: Policy = {
		name: "watching",
		forRoute: () => ({
			onRequest: (ctx) => note("onRequest", ctx),
			onAdmit: (ctx) => note("onAdmit", ctx),
			onUpstreamRequest: (ctx) => note("onUpstreamRequest", ctx),
			onUpstreamResponse: (ctx) => note("onUpstreamResponse", ctx),
			onFinish: (ctx) => note("onFinish", ctx),
		}),
	};
	const caller = dependency(
		{ key: input.header("x-key") },
		async ({ key }) => key,
	);
	const gateway = createGateway({
		policies: [watching],
		routes: [
			route.get("/plain", { upstream: url }),
			route.post("/users/:id", {
				upstream: url,
				path: { id: Type.Integer() },
				query: { page: Type.Optional(Type.Integer()) },
				body: Type.Object({ a: Type.Integer() }),
				dependencies: { caller },
				forward: { headers: (ctx) => ({ "x-caller": ctx.deps.caller }) },
				response: { schema: Type.Object({}), mode: "select" },
			}),
			route.post("/form", { upstream: url, form: { a: Type.String() } }),
			route.get("/local", {
				handler(ctx) {
					ctx.setResponseHeader("x-a", "b");
					ctx.state.set("a", ctx.id + ctx.address);
					return reply(200, { aborted: ctx.signal.aborted });
				},
			}),
			route.get("/throws", {
				handler: () => {
					throw new Error("on purpose");
				},
			}),
		],
		logger: { error: () => {}, warn: () => {}, info: () => {} },
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const headers = { "x-key": "k" };
	const statuses = await Promise.all(
		[
			{ url: "/plain" },
			{ url: "/plain", method: "POST", body: "x" },
			{ url: "/users/7?page=2", method: "POST", headers, body: { a: 1 } },
			{ url: "/users/x", method: "POST", headers, body: { a: 1 } },
			{
				url: "/form",
				method: "POST",
				headers: { "content-type": "application/x-www-form-urlencoded" },
				body: "a=b",
			},
			{ url: "/local" },
			{ url: "/throws" },
			{ url: "/nowhere" },
		].map(async (request) => (await gateway.inject(request)).status),
	);
	assert.deepEqual(statuses, [200, 405, 200, 422, 200, 200, 500, 404]);
	for (const [phase, contexts] of byPhase) {
		const [first, ...others] = contexts;
		assert.ok(first !== undefined && others.length > 0, phase);
		assert.ok(hasFastProperties(first), phase);
		for (const other of others) assert.ok(haveSameMap(first, other), phase);
	}
	assert.equal(byPhase.size, 5);
	const [early] = byPhase.get("onRequest") ?? [];
	const [late] = byPhase.get("onFinish") ?? [];
	assert.ok(early && late && haveSameMap(early, late), "from first to last");
});
