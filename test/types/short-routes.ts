// Compiled, never run: the short forms of a route, with the types of their contexts.
import { dependency, route, Type, upstream } from "../../src/index.ts";

const users = upstream("http://users:8002");
const caller = dependency(() => ({ id: "a" }));
const api = route.with({ upstream: users, dependencies: { caller } });

api.get("/x");
api("PROPFIND", "/x");
route.get("/x/:id", (ctx) => ctx.path.id.trim());
api.get("/x/:id", (ctx) => ctx.path.id + ctx.deps.caller.id);
route.get("/x/:id", { path: { id: Type.Integer() } }, (ctx) =>
	ctx.path.id.toFixed(),
);
route(["GET", "PUT"], "/x/:id", async ({ path }) => ({ id: path.id }));
route("POST", "/x", { body: Type.String() }, ({ body }) => body.trim());

// @ts-expect-error no such parameter
route.get("/x/:id", (ctx) => ctx.path.nope);
// @ts-expect-error a handler gives something
route.get("/x/:id", () => undefined);
route.get("/x/:id", { path: { id: Type.Integer() } }, (ctx) =>
	// @ts-expect-error an integer cannot be trimmed
	ctx.path.id.trim(),
);
// @ts-expect-error a handler is a function
route.get("/x/:id", {}, {});
