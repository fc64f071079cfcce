// Compiled, never run: the ids of routes, and the plans that name them.
import { dependency, type Route, route, Type } from "../../src/index.ts";
import { type PlanExplanation, plans } from "../../src/policies/plans/plans.ts";
import { assertType, type Same } from "./same.ts";

const caller = dependency(() => ({ id: "ada", plan: "free" }));
const api = route
	.with({ prefix: "/api", dependencies: { caller } })
	.with({ prefix: "/v1" });
const upstream = "http://users:8002";

const users = api.get("/users/:id", { upstream, path: { id: Type.Integer() } });
assertType<Same<typeof users.id, "GET /api/v1/users/:id">>();
const add = api.post("/users", { upstream, operationId: "addUser" });
assertType<Same<typeof add.id, "addUser">>();
const old = route.all("/legacy/*", { upstream });
assertType<Same<typeof old.id, "ALL /legacy/*">>();
const purge = api("purge", "/cache", { upstream });
assertType<Same<typeof purge.id, "PURGE /api/v1/cache">>();
const both = api(["get", "POST"], "/both", { upstream });
assertType<Same<typeof both.id, "GET|POST /api/v1/both">>();
const text = "/orders" as string;
const any: Route = route.get(text, { upstream });
assertType<Same<typeof any.id, string>>();

const routes = [users, add, purge];
const policy = plans({
	routes,
	consumer: caller,
	anonymous: "none",
	plans: {
		none: { routes: { addUser: { deny: true } } },
		free: { routes: { "GET /api/v1/users/:id": { cost: 2 } } },
	},
});
assertType<Same<ReturnType<typeof policy.explain>, PlanExplanation>>();
policy.explain(null, "addUser");
// @ts-expect-error there is no such route
policy.explain(null, "addUsers");

plans({
	routes,
	consumer: caller,
	plans: {
		// @ts-expect-error misspelt: the path has /v1
		free: { routes: { "GET /api/users/:id": { cost: 2 } } },
	},
});
plans({
	routes,
	consumer: caller,
	plans: {
		// @ts-expect-error it has an operationId, which is its id
		free: { routes: { "POST /api/v1/users": { deny: true } } },
	},
});
// @ts-expect-error there is no such plan
plans({ routes, consumer: caller, anonymous: "nobody", plans: { free: {} } });
// Without routes only the start can tell.
plans({ consumer: "caller", plans: { free: { routes: { any: {} } } } });
plans({ consumer: (ctx) => ({ id: ctx.address }), plans: { free: {} } });
plans({ consumer: dependency(() => null), plans: { free: {} } });
// @ts-expect-error a consumer has an id
plans({ consumer: dependency(() => ({ plan: "free" })), plans: { free: {} } });
// @ts-expect-error an id is text
plans({ consumer: dependency(() => ({ id: null })), plans: { free: {} } });
// @ts-expect-error misspelt
plans({ consumer: caller, plans: { free: { limit: [] } } });
