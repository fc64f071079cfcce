import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isInnerList, parseList } from "structured-headers";
import { memoryStore } from "../../../src/policies/rate-limit/rate-limit.ts";
import { startPlans } from "./plans-stage.ts";

const ada = { id: "ada", plan: "pro" };
const bob = { id: "bob", plan: "free" };
const eve = { id: "eve", plan: "free" };
const hour = "hour" as const;
const one = { limit: 1, window: hour };
const two = { limit: 2, window: hour };
const three = { limit: 3, window: hour };

suite("a plan", () => {
	test("limits each consumer by itself, on all routes together", async (t) => {
		const { statuses } = startPlans(t, {
			consumers: [bob, eve],
			plans: { free: { limits: [two] } },
		});
		assert.deepEqual(await statuses(1, "/a", "bob"), [200]);
		assert.deepEqual(await statuses(2, "/b", "bob"), [200, 429]);
		assert.deepEqual(await statuses(1, "/a", "eve"), [200]);
	});

	test("is unlimited where it says nothing, and never where it says 0", async (t) => {
		const { statuses, ask } = startPlans(t, {
			consumers: [ada, bob],
			plans: {
				pro: {},
				free: {
					limits: [{ limit: 0, window: hour }],
					routes: { b: { limits: [one] }, "GET /fails": { cost: 0 } },
				},
			},
		});
		assert.deepEqual(await statuses(5, "/a", "ada"), [200, 200, 200, 200, 200]);
		assert.deepEqual(await statuses(1, "/a", "bob"), [429]);
		assert.deepEqual(await statuses(1, "/fails", "bob"), [429]);
		assert.deepEqual(await statuses(1, "/b", "bob"), [200]);
		assert.equal((await ask("/a", "ada")).headers.ratelimit, undefined);
	});

	test("prices a route", async (t) => {
		const { statuses } = startPlans(t, {
			consumers: [bob],
			plans: {
				free: {
					limits: [{ limit: 5, window: hour }],
					routes: {
						// Its own limit counts calls.
						b: { cost: 3, limits: [{ name: "calls", limit: 2, window: hour }] },
						"GET /fails": { cost: 0 },
					},
				},
			},
		});
		assert.deepEqual(await statuses(2, "/b", "bob"), [200, 429]);
		assert.deepEqual(await statuses(2, "/fails", "bob"), [502, 502]);
		assert.deepEqual(await statuses(3, "/a", "bob"), [200, 200, 429]);
	});

	test("has limits of one route beside its own, or in place of that of the same name", async (t) => {
		const { statuses } = startPlans(t, {
			consumers: [bob],
			plans: {
				free: {
					limits: [two],
					routes: {
						"GET /a": { limits: [three] },
						b: { limits: [{ name: "b", ...one }] },
					},
				},
			},
		});
		assert.deepEqual(await statuses(4, "/a", "bob"), [200, 200, 200, 429]);
		assert.deepEqual(await statuses(2, "/b", "bob"), [200, 429]);
		// What b's own limit refused did not count in that of the plan.
		assert.deepEqual(await statuses(2, "/fails", "bob"), [502, 429]);
	});

	test("counts a limit of one route on that route alone", async (t) => {
		const { statuses } = startPlans(t, {
			consumers: [bob],
			plans: {
				free: { routes: { "GET /a": { limits: [one] }, b: { limits: [one] } } },
			},
		});
		assert.deepEqual(await statuses(2, "/a", "bob"), [200, 429]);
		assert.deepEqual(await statuses(2, "/b", "bob"), [200, 429]);
	});

	test("denies a route with 403, and counts nothing then", async (t) => {
		const stage = startPlans(t, {
			consumers: [bob],
			plans: { free: { limits: [one], routes: { b: { deny: true } } } },
		});
		const { status, body } = await stage.ask("/b", "bob");
		assert.equal(status, 403);
		assert.equal(JSON.parse(body).code, "ERR_FORBIDDEN");
		assert.deepEqual(stage.decisions.at(-1), {
			kind: "limit",
			name: "plans",
			outcome: "refused",
			reason: "denied-by-plan",
			subject: "bob",
			plan: "free",
			remaining: null,
			waitedMs: 0,
		});
		assert.deepEqual(await stage.statuses(1, "/a", "bob"), [200]);
	});

	test("limits calls at the same time, whatever the route costs", async (t) => {
		const { statuses } = startPlans(t, {
			consumers: [bob],
			plans: {
				free: {
					limits: [{ algorithm: "concurrency", limit: 1 }],
					routes: { "GET /a": { cost: 50 } },
				},
			},
		});
		assert.deepEqual(await statuses(3, "/a", "bob"), [200, 200, 200]);
	});
});

suite("a quota", () => {
	const plans = {
		free: { quotas: [{ name: "daily", limit: 2, window: "day" as const }] },
	};

	test("is there again on the next day", async (t) => {
		const { clock, statuses } = startPlans(t, { consumers: [bob], plans });
		assert.deepEqual(await statuses(3, "/a", "bob"), [200, 200, 429]);
		clock.move(86_399_999);
		assert.deepEqual(await statuses(1, "/a", "bob"), [429]);
		clock.move(1);
		assert.deepEqual(await statuses(3, "/a", "bob"), [200, 200, 429]);
	});

	test("is not used up by what fails on our side, unless it says so", async (t) => {
		const refunded = startPlans(t, { consumers: [bob], plans });
		assert.deepEqual(
			await refunded.statuses(4, "/fails", "bob"),
			[502, 502, 502, 502],
		);
		const kept = startPlans(t, {
			consumers: [bob],
			plans: { free: { quotas: [{ ...two, refund: false }] } },
		});
		assert.deepEqual(await kept.statuses(3, "/fails", "bob"), [502, 502, 429]);
	});

	test("is refused together with the limits: neither counts what the other refuses", async (t) => {
		const { clock, statuses } = startPlans(t, {
			consumers: [bob],
			plans: {
				free: {
					limits: [{ limit: 1, windowMs: 1_000 }],
					quotas: [{ limit: 2, window: "day" }],
				},
			},
		});
		assert.deepEqual(await statuses(3, "/a", "bob"), [200, 429, 429]);
		clock.move(1_000);
		assert.deepEqual(await statuses(1, "/a", "bob"), [200]);
		clock.move(1_000);
		assert.deepEqual(await statuses(1, "/a", "bob"), [429]);
	});

	test("stands in the headers beside the limits, and tells when to come again", async (t) => {
		const { clock, ask, statuses } = startPlans(t, {
			consumers: [bob],
			plans: { free: { limits: [{ limit: 9, window: hour }], quotas: [one] } },
		});
		const { headers } = await ask("/a", "bob");
		const names = parseList(String(headers.ratelimit)).map((item) => {
			assert.ok(!isInnerList(item));
			return [item[0], item[1].get("r")];
		});
		assert.deepEqual(names, [
			["rate", 8],
			["quota", 0],
		]);
		const refused = await ask("/a", "bob");
		assert.equal(refused.status, 429);
		clock.move(Number(refused.headers["retry-after"]) * 1_000);
		assert.deepEqual(await statuses(1, "/a", "bob"), [200]);
	});
});

suite("who has", () => {
	test("no plan, or one that is not known, is refused", async (t) => {
		const stage = startPlans(t, {
			consumers: [
				{ id: "none" },
				{ id: "odd", plan: "gold" },
				{ id: "half", plans: ["free", "gold"] },
				{ id: "proto", plan: "__proto__" },
				{ id: "empty", plans: [] },
			],
			plans: { free: {} },
		});
		const reasons: unknown[] = [];
		for (const id of ["none", "odd", "half", "proto", "empty"]) {
			assert.deepEqual(await stage.statuses(1, "/a", id), [403]);
			reasons.push(stage.decisions.at(-1)?.reason);
		}
		const unknown = "unknown-plan";
		assert.deepEqual(reasons, [
			"no-plan",
			unknown,
			unknown,
			unknown,
			"no-plan",
		]);
	});

	test("several plans gets the greater of their rates, in whatever order and however often they are named", async (t) => {
		const { statuses } = startPlans(t, {
			consumers: [
				{ id: "x", plans: ["small", "great"] },
				{ id: "y", plan: "great", plans: ["small", "small", "great"] },
			],
			plans: { small: { limits: [one] }, great: { limits: [two] } },
		});
		for (const id of ["x", "y"]) {
			assert.deepEqual(await statuses(3, "/a", id), [200, 200, 429]);
		}
	});
});

test("nobody is refused with a challenge where there is no plan for that", async (t) => {
	const stage = startPlans(t, { plans: { free: {} } });
	const { status, headers } = await stage.ask("/a");
	assert.equal(status, 401);
	assert.equal(headers["www-authenticate"], 'ApiKey realm="api"');
	assert.equal(stage.decisions.at(-1)?.reason, "no-consumer");
});

test("in shadow everything is told and nothing is refused", async (t) => {
	const told: string[] = [];
	const { statuses } = startPlans(t, {
		enforce: "shadow",
		onDecision: ({ outcome, reason }) => told.push(`${outcome} ${reason}`),
		consumers: [bob],
		plans: { free: { limits: [one], routes: { b: { deny: true } } } },
	});
	assert.deepEqual(await statuses(1, "/b", "bob"), [200]);
	assert.deepEqual(await statuses(2, "/a", "bob"), [200, 200]);
	assert.deepEqual(await statuses(1, "/a"), [200]);
	assert.deepEqual(told, [
		"shadowed denied-by-plan",
		"allowed rate",
		"shadowed rate",
		"shadowed no-consumer",
	]);
});

test("gateways that share a store share what a consumer has left", async (t) => {
	const more = { name: "plans", store: memoryStore(), consumers: [bob] };
	const options = { ...more, plans: { free: { quotas: [two] } } };
	const stages = [startPlans(t, options), startPlans(t, options)];
	const statuses: number[] = [];
	for (const stage of [...stages, ...stages]) {
		statuses.push(...(await stage.statuses(1, "/a", "bob")));
	}
	assert.deepEqual(statuses, [200, 200, 429, 429]);
});

test("of calls that come at once as many pass as the tightest limit allows", async (t) => {
	const { ask } = startPlans(t, {
		consumers: [{ id: "x", plans: ["p", "q"] }],
		plans: {
			p: {
				limits: [{ limit: 30, window: hour }],
				quotas: [{ limit: 7, window: "day" }],
			},
			q: {
				limits: [{ limit: 20, window: hour }],
				quotas: [{ limit: 5, window: "day" }],
			},
		},
	});
	const all = await Promise.all(
		Array.from({ length: 100 }, (_, i) => ask(i % 2 ? "/a" : "/b", "x")),
	);
	assert.equal(all.filter(({ status }) => status === 200).length, 7);
	assert.equal(all.filter(({ status }) => status === 429).length, 93);
});
