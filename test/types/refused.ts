// Compiled, never run: each wrong use of a route's options is an error of the compiler.
import { z } from "zod";
import { file, reply, route, Type } from "../../src/index.ts";

const upstream = "http://users:8002";
const Body = Type.Object({ name: Type.String() });

// Names that the path does not have.
// @ts-expect-error a schema for a name that is not in the path
route.get("/users/:id", { upstream, path: { ids: Type.Integer() } });
// @ts-expect-error one of two is not
route.get("/users/:id", { upstream, path: { id: Body, nope: Body } });
// @ts-expect-error a path without parameters takes no schemas
route.get("/users", { upstream, path: { id: Type.Integer() } });
// @ts-expect-error nothing declares :user
route.get("/users/:id", { upstream, upstreamPath: "/v1/:user" });
// @ts-expect-error nothing declares *
route.get("/users/:id", { upstream, upstreamPath: "/v1/*" });
// @ts-expect-error a query name is no path parameter
route.get("/u", { upstream, upstreamPath: "/:q", query: { q: Type.String() } });

// Options that are none, or that contradict each other.
// @ts-expect-error a body and a form
route.post("/users", { upstream, body: Body, form: { name: Type.String() } });
// @ts-expect-error misspelt, without anything declared
route.get("/users", { upstream, dependancies: {} });
route.get("/users/:id", {
	upstream,
	path: { id: Type.Integer() },
	// @ts-expect-error unknown, beside a part and a function of its values
	retries: 3,
	forward: { query: (ctx) => ({ id: ctx.path.id }) },
});
route.post("/users", {
	upstream,
	body: Body,
	// @ts-expect-error misspelt, beside a handler
	maxBodySize: 3,
	handler: (ctx) => ctx.body.name,
});

// Values that are no schemas.
// @ts-expect-error a number
route.get("/users/:id", { upstream, path: { id: 3 } });
// @ts-expect-error the name of a type
route.get("/users", { upstream, query: { page: "integer" } });
// @ts-expect-error neither a shape nor 'drop'
route.get("/users", { upstream, query: "dropp" });
// @ts-expect-error a constructor is no schema
route.get("/users", { upstream, query: { page: Number } });
// @ts-expect-error a schema for each header, not one for all
route.get("/users", { upstream, headers: Type.Array(Type.String()) });
// @ts-expect-error files are parts of forms only
route.get("/users", { upstream, query: { avatar: file() } });
// @ts-expect-error a body is one schema
route.post("/users", { upstream, body: "json" });

// Values that are out of the list.
// @ts-expect-error no such mode
route.get("/users", { upstream, validation: "none" });
// @ts-expect-error no such mode
route.get("/users", { upstream, response: { schema: Body, mode: "strip" } });
// @ts-expect-error no such choice
route.get("/users", { upstream, response: { keepHeaders: "none" } });
// @ts-expect-error no such mode
route.post("/users", { upstream, body: Body, bodyMode: "raw" });
// @ts-expect-error bytes are counted
route.post("/users", { upstream, body: Body, maxBodyBytes: "1mb" });
// @ts-expect-error milliseconds, with their unit
route.get("/users", { upstream, timeout: { headers: 3 } });
// @ts-expect-error an upstream is a URL or made by upstream()
route.get("/users", { upstream: { url: "http://users" } });
// @ts-expect-error a status is a number
route.get("/users", { upstream, response: { ok: Body } });

// What is not in the context.
route.get("/users/:id", {
	path: { id: Type.Integer() },
	query: { page: Type.Optional(Type.Integer()) },
	body: z.object({ name: z.string() }),
	handler(ctx) {
		// @ts-expect-error no such path parameter
		ctx.path.nope;
		// @ts-expect-error no such query value
		ctx.query.nope;
		// @ts-expect-error none is declared
		ctx.headers["x-a"];
		// @ts-expect-error none is declared
		ctx.cookies.session;
		// @ts-expect-error no form is declared
		ctx.form.name;
		// @ts-expect-error no such property
		ctx.body.age;
		// @ts-expect-error no such dependency
		ctx.deps.caller;
		// @ts-expect-error it may be absent
		ctx.query.page.toFixed();
		// @ts-expect-error a number has no length
		ctx.path.id.length;
		// @ts-expect-error what came in is not changed
		ctx.path.id = 4;
		return null;
	},
});

// What goes out.
route.post("/users/:id", {
	upstream,
	path: { id: Type.Integer() },
	body: Body,
	forward: {
		// @ts-expect-error an object is no query value
		query: (ctx) => ({ body: ctx.body }),
		// @ts-expect-error a promise is none either: what waits is a dependency
		headers: async () => ({ "x-a": "b" }),
		// @ts-expect-error nothing of that name
		body: (ctx) => ctx.path.name,
	},
});
// @ts-expect-error forward.path gives values by name
route.get("/users", { upstream, forward: { path: () => "/" } });
// @ts-expect-error functions of the context, not values
route.get("/users", { upstream, forward: { query: { a: 1 } } });
// @ts-expect-error a symbol can not be written
route.get("/u", { upstream, forward: { query: () => ({ a: Symbol("a") }) } });

// What a handler gives back.
// @ts-expect-error nothing
route.get("/", { handler: () => undefined });
// @ts-expect-error nothing, later: a promise is an object, but none that is an answer
route.get("/", { handler: async () => {} });
// @ts-expect-error the function instead of what it makes
route.get("/", { handler: () => reply });
// @ts-expect-error the same, later
route.get("/", { handler: async () => reply });
// @ts-expect-error JSON has no symbols
route.get("/", { handler: () => Symbol("a") });
// @ts-expect-error nor integers without bounds
route.get("/", { handler: () => 1n });
// @ts-expect-error a status is a number
route.get("/", { handler: () => reply("200") });
// @ts-expect-error a promise is no body
route.get("/", { handler: () => reply(200, Promise.resolve(1)) });
// @ts-expect-error nor is a function
route.get("/", { handler: () => reply(200, () => 1) });
// @ts-expect-error a header is text or a number
route.get("/", { handler: () => reply(200, null, { a: true }) });
