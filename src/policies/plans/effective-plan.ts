import type { Limit } from "../rate-limit/limit.ts";
import type { PlanOnRoute, PlanRule } from "./plan.ts";

/** What several plans come to on one route. */
export interface EffectivePlan {
	/** Their names, in the order in which the plans were written. */
	readonly plans: readonly string[];
	/** The first of them that refuses the route; null where none does. */
	readonly deniedBy: string | null;
	readonly rules: readonly PlanRule[];
	/** Why each rule applies, or none of its kind does: sentences. */
	readonly reasons: readonly string[];
}

/**
 * Merges plans: of each limit the greater rate wins, limit, window and cost together;
 * a plan without limits is unlimited, and so are all together. A limit that only some
 * of them have stays: those that have others say nothing of it.
 */
export function mergePlans(plans: readonly PlanOnRoute[]): EffectivePlan {
	const denying = plans.find(({ isDenied }) => isDenied) ?? null;
	const reasons: string[] = [];
	if (denying !== null) reasons.push(`plan "${denying.plan}" denies the route`);
	const rules = [
		...mergeKind(plans, "limit", reasons),
		...mergeKind(plans, "quota", reasons),
	];
	return {
		plans: plans.map(({ plan }) => plan),
		deniedBy: denying?.plan ?? null,
		rules,
		reasons,
	};
}

function mergeKind(
	plans: readonly PlanOnRoute[],
	kind: PlanRule["kind"],
	reasons: string[],
): readonly PlanRule[] {
	const byPlan = plans.map(({ rules }) =>
		rules.filter((rule) => rule.kind === kind),
	);
	const free = plans[byPlan.findIndex((rules) => rules.length === 0)];
	if (free !== undefined) {
		reasons.push(`plan "${free.plan}" has no ${kind}s here: unlimited`);
		return [];
	}
	const all = byPlan.flat();
	const names = new Set(all.map(({ limit }) => limit.name));
	return [...names].map((name) => {
		const same = all.filter(({ limit }) => limit.name === name);
		const best = same.reduce((one, other) =>
			isGreater(other.limit, one.limit) ? other : one,
		);
		reasons.push(toReason(best, same));
		return best;
	});
}

/** Whether more passes in the long run; of equal rates, whether more may come at once. */
function isGreater(one: Limit, other: Limit): boolean {
	// Those of `concurrency` have no window, and are compared with their like alone.
	const [left, right] = [
		one.limit * (other.windowMs || 1),
		other.limit * (one.windowMs || 1),
	];
	return left === right ? one.burst > other.burst : left > right;
}

function toReason(best: PlanRule, same: readonly PlanRule[]): string {
	const { plan, kind, limit, cost, isPerRoute } = best;
	const others = same
		.filter((rule) => rule !== best)
		.map((rule) => `"${rule.plan}" has ${toAmount(rule.limit)}`);
	const price = cost === 1 ? "" : `, a call costs ${cost}`;
	const scope = isPerRoute ? ", on this route alone" : "";
	const rest = others.length === 0 ? "" : `; ${others.join(", ")}`;
	return `${kind} "${limit.name}" is of plan "${plan}": ${toAmount(limit)}${price}${scope}${rest}`;
}

function toAmount({ limit, windowMs, isMonthly, algorithm }: Limit): string {
	if (algorithm === "concurrency") return `${limit} at the same time`;
	return `${limit} in ${isMonthly ? "a month" : `${windowMs} ms`}`;
}
