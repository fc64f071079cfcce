import { route, Type } from "../../src/index.ts";

const upstream = "http://x";
const User = Type.Object({ id: Type.Integer(), name: Type.String() });
route.get("/u/:id", {
	upstream,
	path: { id: Type.Integer() },
	response: {
		schema: User,
		body: (value, ctx) => ({ n: value.name.trim(), i: ctx.path.id.toFixed() }),
		headers: (ctx, { status }) => ({ "x-a": ctx.path.id + status }),
		status: () => 201,
	},
});
route.get("/u/:id", {
	upstream,
	response: {
		schema: { 200: User, 404: Type.String() },
		body: (value) => value.id.toFixed(),
	},
});
route.get("/u/:id", {
	forward: {
		headers: (ctx) => ({ a: ctx.path.id.toFixed() }),
		path: (ctx) => ({ tenant: ctx.path.id }),
	},
	upstream,
	upstreamPath: "/:tenant/:id",
	path: { id: Type.Integer() },
});
route.get("/u/:id", {
	upstream,
	response: {
		schema: User,
		// @ts-expect-error
		body: (value) => value.nope,
	},
});
route.get("/u/:id", { upstream, response: User });
route.get("/u/:id", { upstream, response: { 200: User, 404: User } });
// @ts-expect-error
route.get("/u/:id", { upstream, response: { schema: User, mode: "strip" } });
route.get("/u/:id", {
	upstream,
	upstreamPath: "/:id",
	forward: { headers: (ctx) => ({ a: ctx.path.id }) },
	response: { body: (value) => [value], keepHeaders: "gateway" },
});
route.get("/u/:id", {
	upstream,
	// @ts-expect-error
	response: { ok: User },
});
route.get("/u/:id", {
	upstream,
	upstreamPath: "/:nope",
	// @ts-expect-error nothing gives :nope
	forward: { headers: (ctx) => ({ a: ctx.path.id }) },
});
