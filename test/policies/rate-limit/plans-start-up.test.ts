import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createGateway, dependency, route } from "../../../src/index.ts";
import {
	type Consumer,
	type PlansOptions,
	plans,
} from "../../../src/policies/plans/plans.ts";
import { memoryStore } from "../../../src/policies/rate-limit/store/memory-store.ts";
import { KeptLog } from "../../helpers/kept-log.ts";
import { problemsOf } from "../../helpers/start-up-problems.ts";

const caller = dependency((): Consumer | null => null);
const free = { limits: [{ limit: 1, window: "hour" as const }] };
const api = route.with({ dependencies: { caller } });
const get = api.get("/users/:id", { handler: () => "well" });
const named = api.post("/users", { operationId: "add", handler: () => "well" });

function make(options: object): unknown {
	return plans({
		consumer: caller,
		plans: { free },
		...options,
	} as PlansOptions);
}

suite("plans() refuses", () => {
	const limits = (one: object): object => ({
		plans: { free: { limits: [one] } },
	});
	const onRoute = (one: object): object => ({
		plans: { free: { ...free, routes: { add: one } } },
	});
	const cases: readonly [string, object, RegExp][] = [
		["no plans", { plans: {} }, /^plans: plans is empty$/],
		["a misspelt option", { anonimous: "free" }, /no option "anonimous"/],
		[
			"a misspelt part of a plan",
			{ plans: { free: { limit: [] } } },
			/no option "plans\.free\.limit"; did you mean "plans\.free\.limits"/,
		],
		[
			"a misspelt part of a limit",
			limits({ limit: 1, windowMS: 1 }),
			/"plans\.free\.limits\[0\]\.windowMS"; did you mean .*windowMs"/,
		],
		[
			"a misspelt part of a route",
			onRoute({ costs: 1 }),
			/no option "plans\.free\.routes\.add\.costs"/,
		],
		[
			"a misspelt part of a quota",
			{ plans: { free: { quotas: [{ limit: 1, window: "day", burst: 1 }] } } },
			/no option "plans\.free\.quotas\[0\]\.burst"/,
		],
		[
			"a name that no header can carry",
			{ plans: { "my plan": free } },
			/name of plan "my plan"/,
		],
		[
			"an anonymous plan that is not there",
			{ anonymous: "open" },
			/no plan "open"/,
		],
		[
			"a consumer that is none",
			{ consumer: 7 },
			/consumer must be a dependency/,
		],
		[
			"a limit that makes no sense",
			limits({ limit: -1, window: "day" }),
			/plans\.free\.limits\[0\]\.limit must be a whole number/,
		],
		[
			"two limits of one name",
			{ plans: { free: { limits: [free.limits[0], free.limits[0]] } } },
			/plan "free": two limits have the same name/,
		],
		[
			"a limit of a route with the name of a quota",
			{
				plans: {
					free: {
						quotas: [{ name: "n", limit: 1, window: "day" }],
						routes: {
							add: { limits: [{ name: "n", limit: 1, window: "day" }] },
						},
					},
				},
			},
			/route "add": two limits have the same name/,
		],
		[
			"a limit that is a quota elsewhere",
			{
				plans: {
					free,
					pro: { quotas: [{ name: "rate", limit: 1, window: "day" }] },
				},
			},
			/"rate" is a quota in plan "pro" and a limit in plan "free"/,
		],
		[
			"a limit that is of concurrency elsewhere",
			{
				plans: {
					free,
					pro: { limits: [{ algorithm: "concurrency", limit: 1 }] },
				},
			},
			/"rate" is a limit of concurrency in plan "pro"/,
		],
		[
			"a negative cost",
			onRoute({ cost: -1 }),
			/plans\.free\.routes\.add\.cost must be a number/,
		],
		[
			"a cost beyond the limit",
			onRoute({ cost: 2 }),
			/route "add": a call costs 2, more than the limit "rate" ever allows \(1\)/,
		],
		[
			"deny that is neither",
			onRoute({ deny: "yes" }),
			/deny must be true or false/,
		],
		[
			"a refund that is neither",
			{ plans: { free: { quotas: [{ limit: 1, window: "day", refund: 1 }] } } },
			/refund must be/,
		],
		["a store without a name", { store: memoryStore() }, /needs a name/],
		[
			"a route that is none of those given",
			{ routes: [get], ...onRoute({ cost: 1 }) },
			/plan "free" names the route "add", which is not there; there are "GET \/users\/:id"/,
		],
	];
	for (const [what, options, message] of cases) {
		test(what, () => {
			assert.throws(() => make(options), { message });
		});
	}
});

suite("a gateway does not start", () => {
	test("with a plan that names a route which is not there", () => {
		const routes = { "GET /users/{id}": { cost: 1 } };
		const policy = plans({ consumer: caller, plans: { free: { routes } } });
		assert.deepEqual(problemsOf([get, named], { policies: [policy] }), [
			'plans: plan "free" names the route "GET /users/{id}", which is not there; there are "GET /users/:id", "add"',
		]);
	});

	test("with a plan that names a route on which the plans do not stand", () => {
		const policy = plans({
			consumer: caller,
			plans: { free: { routes: { add: { deny: true } } } },
		});
		const limited = route.with({
			policies: [policy],
			dependencies: { caller },
		});
		const own = limited.get("/own", { handler: () => "well" });
		const [problem] = problemsOf([own, named]);
		assert.match(problem ?? "", /names the route "add", which is not there/);
	});

	test("with a route that does not say who calls", () => {
		const open = route.get("/open", { handler: () => "well" });
		for (const consumer of [caller, "caller"]) {
			const policy = plans({ consumer, plans: { free } });
			assert.deepEqual(problemsOf([get, open], { policies: [policy] }), [
				'plans: the route "GET /open" has no dependency that says who calls',
			]);
		}
	});

	test("with an operationId that is the method and path of another route", () => {
		const twin = api.post("/twin", {
			operationId: "GET /users/:id",
			handler: () => "well",
		});
		const policy = plans({ consumer: caller, plans: { free } });
		const problem =
			'both have the id "GET /users/:id"; give one of them another operationId';
		assert.deepEqual(problemsOf([get, twin], { policies: [policy] }), [
			"POST /twin: the operationId GET /users/:id is taken by GET /users/:id",
		]);
		const routes = [get, twin];
		assert.throws(() => make({ routes }), new RegExp(problem));
	});

	test("and is not misled about routes that have problems of their own", () => {
		const broken = api.get("/broken", {
			operationId: "broken",
			...({} as { handler: () => string }),
		});
		const policy = plans({
			consumer: caller,
			plans: { free: { routes: { broken: { cost: 1 } } } },
		});
		assert.deepEqual(problemsOf([broken], { policies: [policy] }), [
			"GET /broken: needs an upstream or a handler",
		]);
	});
});

test("the consumer is found by the name of a dependency, by the dependency, and by a function", async (t) => {
	const known = dependency((): Consumer => ({ id: "ada", plan: "free" }));
	for (const consumer of ["who", known, () => ({ id: "ada", plan: "free" })]) {
		const gateway = createGateway({
			policies: [plans({ consumer, plans: { free } })],
			docs: false,
			routes: [
				route.get("/", { dependencies: { who: known }, handler: () => "well" }),
			],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		assert.equal((await gateway.inject("/")).status, 200);
		assert.equal((await gateway.inject("/")).status, 429);
	}
});

test("a consumer without an id is our mistake, not one counter for all", async (t) => {
	for (const consumer of [{}, { id: "" }, { id: 7 }, Promise.resolve(null)]) {
		const logger = new KeptLog();
		const gateway = createGateway({
			docs: false,
			logger,
			policies: [
				plans({ consumer: () => consumer as Consumer, plans: { free } }),
			],
			routes: [route.get("/", { handler: () => "well" })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		assert.equal((await gateway.inject("/")).status, 500);
		const [line] = logger.lines;
		assert.match(String(line?.details.err), /the consumer has no id/);
	}
});

test("the docs page and unknown paths are open where a dependency says who calls", async (t) => {
	const gateway = createGateway({
		policies: [plans({ consumer: caller, plans: { free } })],
		routes: [get],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	assert.equal((await gateway.inject("/openapi.json")).status, 200);
	assert.equal((await gateway.inject("/nothing")).status, 404);
	assert.equal((await gateway.inject("/users/7")).status, 401);
});

test("the docs say what the plans may answer", () => {
	const answers = (options: object): string => {
		const policies = [make(options) as ReturnType<typeof plans>];
		const text = JSON.stringify(
			createGateway({ policies, routes: [get] }).openapi(),
		);
		return ["401", "403", "429", "503"]
			.filter((status) => text.includes(`"${status}":{`))
			.join(" ");
	};
	assert.equal(answers({}), "401 403 429");
	assert.equal(answers({ anonymous: "free" }), "403 429");
	assert.equal(answers({ onStoreError: "deny" }), "401 403 429 503");
	assert.equal(answers({ enforce: "shadow" }), "");
});
