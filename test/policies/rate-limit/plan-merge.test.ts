import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	type EffectivePlan,
	mergePlans,
} from "../../../src/policies/plans/effective-plan.ts";
import { CheckedPlan, type Plan } from "../../../src/policies/plans/plan.ts";
import { PlanBook } from "../../../src/policies/plans/plan-book.ts";
import { RoutePlans } from "../../../src/policies/plans/route-plans.ts";

function merge(...plans: readonly Plan[]): EffectivePlan {
	const checked = plans.map(
		(plan, i) => new CheckedPlan(`p${i}`, plan, "plans"),
	);
	return mergePlans(checked.map((plan) => plan.onRoute("r")));
}

/** Each rule as `name limit/windowMs xCost`. */
function rulesOf({ rules }: EffectivePlan): string[] {
	return rules.map(
		({ limit, cost }) =>
			`${limit.name} ${limit.limit}/${limit.windowMs} x${cost}`,
	);
}

function rate(limit: number, windowMs: number, more: object = {}): Plan {
	return { limits: [{ limit, windowMs, ...more }] };
}

suite("of several plans", () => {
	test("the greater rate wins, limit and window as a pair", () => {
		// 100 a second is more than 1,000 a minute, though 1,000 is the greater number.
		const rules = ["rate 100/1000 x1"];
		assert.deepEqual(
			rulesOf(merge(rate(1_000, 60_000), rate(100, 1_000))),
			rules,
		);
		assert.deepEqual(
			rulesOf(merge(rate(100, 1_000), rate(1_000, 60_000))),
			rules,
		);
	});

	test("the greater burst wins where rates are equal, else the first", () => {
		const [small, great] = [rate(10, 1_000), rate(600, 60_000)];
		assert.deepEqual(rulesOf(merge(small, great)), ["rate 600/60000 x1"]);
		assert.deepEqual(rulesOf(merge(great, small)), ["rate 600/60000 x1"]);
		const twins = merge(small, small);
		assert.equal(twins.rules[0]?.plan, "p0");
	});

	test("one without limits is unlimited, and so are all", () => {
		assert.deepEqual(rulesOf(merge(rate(1, 1_000), {})), []);
		assert.deepEqual(rulesOf(merge({ limits: [] }, rate(1, 1_000))), []);
	});

	test("limits and quotas are compared apart", () => {
		const free: Plan = {
			...rate(1, 1_000),
			quotas: [{ limit: 5, windowMs: 9_000 }],
		};
		assert.deepEqual(rulesOf(merge(free, rate(2, 1_000))), ["rate 2/1000 x1"]);
		assert.deepEqual(
			rulesOf(merge(free, { quotas: [{ limit: 6, windowMs: 9_000 }] })),
			["quota 6/9000 x1"],
		);
	});

	test("limits of other names do not lift one another", () => {
		const merged = merge(
			rate(1, 1_000, { name: "second" }),
			rate(9, 60_000, { name: "minute" }),
		);
		assert.deepEqual(rulesOf(merged), [
			"second 1/1000 x1",
			"minute 9/60000 x1",
		]);
	});

	test("0 loses to everything", () => {
		assert.deepEqual(rulesOf(merge(rate(0, 1_000), rate(1, 9_000))), [
			"rate 1/9000 x1",
		]);
	});

	test("the one whose limit wins says what a call costs", () => {
		const dear = { ...rate(100, 1_000), routes: { r: { cost: 10 } } };
		const cheap = { ...rate(10, 1_000), routes: { r: { cost: 2 } } };
		assert.deepEqual(rulesOf(merge(cheap, dear)), ["rate 100/1000 x10"]);
	});

	test("one that denies wins, and only where it is written", () => {
		const denies = { routes: { r: { deny: true }, other: {} } };
		const allows = { routes: { r: { deny: false } } };
		assert.equal(merge({}, allows, denies).deniedBy, "p2");
		assert.equal(merge({}, allows).deniedBy, null);
		assert.equal(merge({ routes: { other: { deny: true } } }).deniedBy, null);
	});

	test("places at the same time are compared by their number", () => {
		const few: Plan = { limits: [{ algorithm: "concurrency", limit: 2 }] };
		const many: Plan = { limits: [{ algorithm: "concurrency", limit: 3 }] };
		assert.deepEqual(rulesOf(merge(few, many)), ["rate 3/0 x1"]);
	});

	test("months are compared by thirty days", () => {
		const monthly: Plan = { quotas: [{ limit: 30, window: "month" }] };
		const daily: Plan = { quotas: [{ limit: 2, window: "day" }] };
		assert.deepEqual(rulesOf(merge(monthly, daily)), ["quota 2/86400000 x1"]);
	});

	test("the reasons name them all", () => {
		assert.deepEqual(merge(rate(1, 1_000), rate(2, 1_000)).reasons, [
			'limit "rate" is of plan "p1": 2 in 1000 ms; "p0" has 1 in 1000 ms',
			'plan "p0" has no quotas here: unlimited',
		]);
	});
});

suite("the plans of a route", () => {
	const names = Array.from({ length: 12 }, (_, i) => `p${i}`);
	const all = Object.fromEntries(names.map((name) => [name, {}]));

	test("are worked out once for each set, in whatever order it is named", () => {
		const plans = new RoutePlans(new PlanBook(all, "plans"), "plans", "r");
		assert.equal(plans.of(["p0"]), plans.of(["p0", "p0"]));
		assert.equal(plans.of(["p0", "p1"]), plans.of(["p1", "p0", "p1"]));
		assert.equal(plans.size, 1);
	});

	test("are not kept for what is not known", () => {
		const plans = new RoutePlans(new PlanBook(all, "plans"), "plans", "r");
		for (let i = 0; i < 100; i++) assert.equal(plans.of(["p0", `x${i}`]), null);
		assert.equal(plans.of([]), null);
		assert.equal(plans.size, 0);
	});

	test("are kept for a thousand sets, and right beyond", () => {
		const plans = new RoutePlans(new PlanBook(all, "plans"), "plans", "r");
		for (let mask = 0; mask < 4_096; mask++) {
			const some = names.filter((_, i) => mask & (1 << i));
			assert.deepEqual(plans.of(some)?.plans ?? [], some);
			assert.ok(plans.size <= 1_000);
		}
		assert.equal(plans.size, 1_000);
	});
});
