import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startPlans } from "./plans-stage.ts";

suite("explain says", () => {
	const options = {
		anonymous: "open",
		plans: {
			open: {
				limits: [{ limit: 1, window: "hour" }],
				routes: { b: { deny: true } },
			},
			free: {
				limits: [{ limit: 5, windowMs: 1_000 }],
				routes: { b: { cost: 2 } },
			},
			pro: { limits: [{ limit: 9, windowMs: 1_000 }] },
		},
	} as const;

	test("which limits apply to a consumer, of which plan, and why", (t) => {
		const { policy } = startPlans(t, options);
		const consumer = { id: "ada", plans: ["pro", "free"] };
		assert.deepEqual(policy.explain(consumer, "b"), {
			route: "b",
			consumer: "ada",
			plans: ["pro", "free"],
			refused: null,
			limits: [
				{
					name: "rate",
					kind: "limit",
					plan: "pro",
					algorithm: "gcra",
					limit: 9,
					windowMs: 1_000,
					cost: 1,
					counts: "all-routes",
					overflow: null,
				},
			],
			reasons: [
				'limit "rate" is of plan "pro": 9 in 1000 ms; "free" has 5 in 1000 ms',
				'plan "free" has no quotas here: unlimited',
			],
		});
	});

	test("why nobody gets in, and counts nothing by that", async (t) => {
		const { policy, ask } = startPlans(t, options);
		const { refused, reasons, plans: names } = policy.explain(null, "b");
		assert.equal(refused, "denied-by-plan");
		assert.deepEqual([...names, ...reasons].slice(0, 2), [
			"open",
			'plan "open" denies the route',
		]);
		assert.equal(policy.explain({ id: "x" }, "b").refused, "no-plan");
		assert.equal(
			policy.explain({ id: "x", plan: "y" }, "b").refused,
			"unknown-plan",
		);
		policy.explain(null, "GET /a");
		assert.equal((await ask("/a")).status, 200);
	});

	test("that it does not stand on a route", (t) => {
		const { policy } = startPlans(t, options);
		assert.throws(() => policy.explain(null, "c"), {
			message: 'plans: does not stand on "c"',
		});
	});
});
