// Compiled, never run: what a handler and the functions of `forward` see of a request.
import * as v from "valibot";
import { z } from "zod";
import { type FilePart, file, reply, route, Type } from "../../src/index.ts";
import { assertType, type Flat, type Same } from "./same.ts";

const upstream = "http://users:8002";
type None = Record<never, never>;

// Nothing declared: path values are strings, the rest is empty.
route.get("/users/:id/files/*", {
	handler(ctx) {
		assertType<
			Same<typeof ctx.path, { readonly id: string; readonly "*": string }>
		>();
		assertType<Same<typeof ctx.query, None>>();
		assertType<Same<typeof ctx.headers, None>>();
		assertType<Same<typeof ctx.cookies, None>>();
		assertType<Same<typeof ctx.form, None>>();
		assertType<Same<typeof ctx.deps, Readonly<None>>>();
		assertType<Same<typeof ctx.body, undefined>>();
		return reply(200, { id: ctx.path.id });
	},
});

// Every kind of path that the router knows.
route.get("/at/:hour(^\\d{2}$)h:minute(^\\d{2}$)m/:a-:b.:c", {
	handler(ctx) {
		assertType<
			Same<
				typeof ctx.path,
				{
					readonly hour: string;
					readonly minute: string;
					readonly a: string;
					readonly b: string;
					readonly c: string;
				}
			>
		>();
		return ctx.path;
	},
});
route.get("/:kind((?:a|b:c)\\)x)/:id", {
	handler(ctx) {
		assertType<
			Same<typeof ctx.path, { readonly kind: string; readonly id: string }>
		>();
		return ctx.path;
	},
});
route.get("/:name/do::this::that/:id", {
	handler(ctx) {
		assertType<
			Same<typeof ctx.path, { readonly name: string; readonly id: string }>
		>();
		return ctx.path;
	},
});
route.get("/users/:id?", {
	handler(ctx) {
		assertType<Same<typeof ctx.path, { readonly id: string | undefined }>>();
		return ctx.path;
	},
});
route.get("/users/:id?", {
	path: { id: Type.Optional(Type.Integer()) },
	handler(ctx) {
		assertType<Same<typeof ctx.path, { readonly id: number | undefined }>>();
		return ctx.path;
	},
});
declare const somePath: string;
route.get(somePath, {
	handler(ctx) {
		assertType<Same<typeof ctx.path, Readonly<Record<string, string>>>>();
		return ctx.path;
	},
});

// TypeBox, Standard Schemas and raw JSON Schema, one beside the other.
route.get("/users/:id/:tenant/:rest", {
	upstream,
	path: { id: Type.Integer(), tenant: z.coerce.number() },
	query: {
		optional: Type.Optional(Type.Boolean()),
		defaulted: Type.Integer({ default: 1 }),
		list: Type.Array(Type.Integer()),
		unknown: Type.Unknown(),
		zod: z.enum(["a", "b"]),
		zodOptional: z.number().optional(),
		zodDefault: z.string().default("x"),
		zodUnknown: z.unknown(),
		valibot: v.pipe(v.string(), v.toNumber()),
		valibotOptional: v.optional(v.string()),
		raw: { type: "integer" },
		rawEnum: { enum: ["x", "y"] },
		rawOptional: Type.Optional({ type: "string" } as const),
	},
	headers: { "x-count": Type.Integer(), "X-Zod": z.string().nullable() },
	cookies: { session: Type.String(), theme: v.optional(v.string()) },
	forward: {
		query(ctx) {
			assertType<
				Same<
					typeof ctx.path,
					{
						readonly id: number;
						readonly tenant: number;
						readonly rest: string;
					}
				>
			>();
			assertType<
				Same<
					Flat<typeof ctx.query>,
					{
						optional?: boolean;
						defaulted: number;
						list: number[];
						unknown: unknown;
						zod: "a" | "b";
						zodOptional?: number;
						zodDefault: string;
						zodUnknown?: unknown;
						valibot: number;
						valibotOptional?: string;
						raw: number;
						rawEnum: "x" | "y";
						rawOptional?: string;
					}
				>
			>();
			assertType<
				Same<
					Flat<typeof ctx.headers>,
					{ "x-count": number; "X-Zod": string | null }
				>
			>();
			assertType<
				Same<Flat<typeof ctx.cookies>, { session: string; theme?: string }>
			>();
			return { id: ctx.path.id, raw: ctx.query.raw };
		},
	},
});

route.get("/x", {
	upstream,
	query: "drop",
	forward: {
		query(ctx) {
			assertType<Same<typeof ctx.query, None>>();
			return {};
		},
	},
});

// Bodies.
route.post("/typebox", {
	body: Type.Object({ name: Type.String(), age: Type.Optional(Type.Number()) }),
	handler(ctx) {
		assertType<Same<typeof ctx.body, { name: string; age?: number }>>();
		return ctx.body;
	},
});
route.post("/zod", {
	upstream,
	body: z.object({ at: z.string().transform((text) => new Date(text)) }),
	forward: {
		body(ctx) {
			assertType<Same<typeof ctx.body, { at: Date }>>();
			return ctx.body;
		},
	},
});
route.post("/valibot", {
	upstream,
	body: v.array(v.object({ n: v.number() })),
	forward: {
		body(ctx) {
			assertType<Same<typeof ctx.body, { n: number }[]>>();
			return ctx.body[0];
		},
	},
});
route.post("/raw", {
	upstream,
	body: {
		type: "object",
		properties: { a: { type: "integer" }, b: { type: "string" } },
		required: ["a"],
	},
	forward: {
		body(ctx) {
			assertType<Same<Flat<typeof ctx.body>, { a: number; b?: string }>>();
			return ctx.body;
		},
	},
});

// Forms, files too.
route.post("/form", {
	upstream,
	form: {
		caption: Type.String(),
		count: z.coerce.number().optional(),
		image: file({ maxBytes: 5_000_000 }),
		more: file({ multiple: true }),
		maybe: file({ optional: true }),
	},
	forward: {
		form(ctx) {
			assertType<
				Same<
					Flat<typeof ctx.form>,
					{
						caption: string;
						count?: number;
						image: FilePart;
						more: readonly FilePart[];
						maybe?: FilePart;
					}
				>
			>();
			return { name: ctx.form.image.filename };
		},
	},
});

// Whatever stands first: a handler before the parts it reads.
route.get("/users/:id", {
	handler: (ctx) => {
		assertType<Same<typeof ctx.path, { readonly id: number }>>();
		return ctx.path.id;
	},
	path: { id: Type.Integer() },
});
route(["GET", "QUERY"], "/users/:id", {
	path: { id: Type.Integer() },
	async handler(ctx) {
		assertType<Same<typeof ctx.path, { readonly id: number }>>();
		return reply(200, ctx.path.id);
	},
});

// What a handler may give back.
route.get("/", { handler: () => null });
route.get("/", { handler: async () => [1, "a", null] });
route.get("/", { handler: () => ({ apply: 1, bind: "x" }) });
route.get("/", { handler: () => new Date() });
