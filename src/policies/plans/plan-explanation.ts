import type { Algorithm } from "../rate-limit/limit.ts";
import type { Overflow } from "../rate-limit/queue/overflow.ts";
import type { EffectivePlan } from "./effective-plan.ts";
import type { PlanRule } from "./plan.ts";

/** One limit or quota that applies. */
export interface ExplainedLimit {
	readonly name: string;
	readonly kind: "limit" | "quota";
	/** The plan that it is of: of several the one that allows most. */
	readonly plan: string;
	readonly algorithm: Algorithm;
	readonly limit: number;
	/** In milliseconds; 0 for `concurrency`, and of a month 30 days. */
	readonly windowMs: number;
	/** What a call on this route takes. */
	readonly cost: number;
	/** How calls over it wait; null where they are refused. */
	readonly overflow: Overflow | null;
	/** Whether all routes count together, or this one alone. */
	readonly counts: "all-routes" | "this-route";
}

/** Why a call is not let in at all. */
export type PlanRefusal =
	| "denied-by-plan"
	| "unknown-plan"
	| "no-plan"
	| "no-consumer";

/** What applies to a consumer on a route, and why. */
export interface PlanExplanation {
	readonly route: string;
	/** Null for nobody. */
	readonly consumer: string | null;
	readonly plans: readonly string[];
	/** Null where the call is let in as far as its limits go. */
	readonly refused: PlanRefusal | null;
	/** Empty where it is refused or unlimited. */
	readonly limits: readonly ExplainedLimit[];
	/** Sentences, one for each limit and for what decided else. */
	readonly reasons: readonly string[];
}

/** How a refusal is told to who asks for the reason. */
export const refusalTexts: Readonly<Record<PlanRefusal, string>> = {
	"denied-by-plan": "a plan denies the route",
	"unknown-plan": "the consumer has a plan that is not known",
	"no-plan": "the consumer has no plan",
	"no-consumer": "nobody calls, and there is no plan for that",
};

/** Puts an explanation together. */
export function toExplanation(
	route: string,
	consumer: string | null,
	plans: readonly string[],
	found: EffectivePlan | PlanRefusal,
): PlanExplanation {
	const who = { route, consumer, plans };
	if (typeof found === "string") {
		return {
			...who,
			refused: found,
			limits: [],
			reasons: [refusalTexts[found]],
		};
	}
	const { reasons, deniedBy, rules } = found;
	if (deniedBy !== null) {
		return { ...who, refused: "denied-by-plan", limits: [], reasons };
	}
	return { ...who, refused: null, limits: rules.map(toExplained), reasons };
}

function toExplained(rule: PlanRule): ExplainedLimit {
	const { name, algorithm, limit, windowMs, overflow } = rule.limit;
	return {
		name,
		kind: rule.kind,
		plan: rule.plan,
		algorithm,
		limit,
		windowMs,
		cost: rule.cost,
		overflow,
		counts: rule.isPerRoute ? "this-route" : "all-routes",
	};
}
