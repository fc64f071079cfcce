// Compiled, never run: what dependencies give, to one another and to `ctx.deps`.
import { z } from "zod";
import {
	type Context,
	createGateway,
	type Dependency,
	dependency,
	HttpError,
	input,
	type Policy,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { assertType, type Flat, type Same } from "./same.ts";

const upstream = "http://users:8002";

/** Written out, as the values of dependencies are compared here. */
type ValueOf<D> = D extends Dependency<infer T> ? T : never;

const flag = dependency(() => true as boolean);
const caller = dependency(async (ctx) => {
	assertType<Same<typeof ctx, Context>>();
	return { id: ctx.address, admin: false };
});
const connection = dependency(async function* () {
	yield { query: (text: string) => text.length };
});
const guard = dependency((ctx) => {
	if (ctx.method === "PUT") return reply(405);
	if (ctx.method === "POST") throw new HttpError(403);
	return "in" as const;
});
const guarded = dependency(async function* (ctx) {
	if (ctx.method === "PUT") yield reply(405);
	yield ctx.url.length;
});
const nothing = dependency(() => {});

assertType<Same<ValueOf<typeof flag>, boolean>>();
assertType<Same<ValueOf<typeof caller>, { id: string; admin: boolean }>>();
assertType<Same<ValueOf<typeof guard>, "in">>();
assertType<Same<ValueOf<typeof guarded>, number>>();
assertType<Same<ValueOf<typeof nothing>, void>>();

// Needs: other dependencies, and inputs from every part of a request.
const nested = dependency(
	{
		caller,
		connection,
		id: input.path("id", Type.Integer()),
		page: input.query("page", Type.Integer({ default: 1 })),
		sort: input.query("sort", z.enum(["up", "down"]).optional()),
		key: input.header("x-api-key"),
		trace: input.header("x-trace", Type.Optional(Type.String())),
		session: input.cookie("session", Type.String()),
		password: input.form("password"),
		general: input("query", "general", Type.Optional(Type.Boolean())),
	},
	async (needs, ctx) => {
		assertType<
			Same<
				Flat<typeof needs>,
				{
					readonly caller: { id: string; admin: boolean };
					readonly connection: { query: (text: string) => number };
					readonly id: number;
					readonly page: number;
					readonly sort: "up" | "down" | undefined;
					readonly key: string;
					readonly trace: string | undefined;
					readonly session: string;
					readonly password: string;
					readonly general: boolean | undefined;
				}
			>
		>();
		assertType<Same<typeof ctx, Context>>();
		return needs.connection.query(needs.caller.id);
	},
);
assertType<Same<ValueOf<typeof nested>, number>>();

// In a route, from all builders above it and its own.
const outer = route.with({ upstream, dependencies: { caller } });
const inner = outer.with({ dependencies: { flag, connection } });
inner.get("/users/:id", {
	dependencies: { nested, guard },
	forward: {
		headers(ctx) {
			assertType<
				Same<
					typeof ctx.deps,
					{
						readonly caller: { id: string; admin: boolean };
						readonly flag: boolean;
						readonly connection: { query: (text: string) => number };
						readonly nested: number;
						readonly guard: "in";
					}
				>
			>();
			return { "x-user": ctx.deps.caller.id, "x-count": ctx.deps.nested };
		},
	},
});
inner.get("/users", {
	handler(ctx) {
		return ctx.deps.connection.query(ctx.deps.caller.id);
	},
});

// Of two with one name the later is the one a route sees.
outer.get("/users/:id", {
	dependencies: { caller: dependency(() => 7) },
	handler(ctx) {
		assertType<Same<typeof ctx.deps, { readonly caller: number }>>();
		return ctx.deps.caller;
	},
});
outer.with({ dependencies: { caller: flag } }).get("/users", {
	handler(ctx) {
		assertType<Same<typeof ctx.deps, { readonly caller: boolean }>>();
		return ctx.deps.caller;
	},
});

// Overrides, and dependencies of the gateway.
createGateway({
	routes: [],
	dependencies: { caller },
	overrides: [
		[caller, { id: "test", admin: true }],
		[nested, dependency(() => 1)],
	],
});
createGateway({ routes: [], overrides: new Map([[caller, { id: "test" }]]) });

// What is no dependency, need or input.
// @ts-expect-error a route takes dependencies, not functions
route.get("/", { upstream, dependencies: { caller: () => 1 } });
// @ts-expect-error nor the values of some
route.with({ dependencies: { caller: { id: "a" } } });
// @ts-expect-error a need is a dependency or an input, not a schema
dependency({ page: Type.Integer() }, ({ page }) => page);
// @ts-expect-error the name of a need that is not there
dependency({ caller }, ({ callers }) => callers);
// @ts-expect-error a number where `caller` gives an object
dependency({ caller }, ({ caller }) => caller.id.toFixed());
// @ts-expect-error there is no part of a request called body
input("body", "name", Type.String());
// @ts-expect-error an input has a name
input.query(Type.String());
// @ts-expect-error the second argument resolves
dependency({ caller });
// @ts-expect-error misspelt
dependency(() => 1, { names: "one" });

route.get("/", {
	upstream,
	dependencies: { caller },
	forward: {
		// @ts-expect-error an object is no header value
		headers: (ctx) => ({ "x-user": ctx.deps.caller }),
		// @ts-expect-error nothing of that name
		query: (ctx) => ({ tenant: ctx.deps.tenant }),
	},
});

const policy: Policy = {
	name: "refuses",
	forRoute: () => ({
		onRequest: (ctx) => {
			// @ts-expect-error a policy stands on any route: it does not know what that has declared
			ctx.deps.caller;
			return ctx.method === "PUT" ? reply(405) : undefined;
		},
	}),
};
createGateway({ routes: [], policies: [policy] });
const answers: Policy = {
	name: "answers",
	// @ts-expect-error a policy answers by a reply, not a bare value
	forRoute: () => ({ onRequest: () => ({ ok: true }) }),
};
createGateway({ routes: [], policies: [answers] });
