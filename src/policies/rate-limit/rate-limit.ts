import type { Context, Outcome, Policy, RouteInfo } from "../../index.ts";
import {
	amount,
	type Checks,
	checkOptions,
	either,
	func,
	group,
	list,
	oneOf,
} from "../kit/kit.ts";
import { checkCost, checkPrice, isUnbillable, refundCheck } from "./cost.ts";
import {
	type By,
	counterPrefix,
	customKey,
	type KeyOf,
	keysBy,
	subjectOf,
} from "./keys.ts";
import {
	type Limit,
	type LimitOptions,
	limitChecks,
	toLimits,
} from "./limit.ts";
import {
	type EnforcementOptions,
	enforcementChecks,
	Limiter,
} from "./limiter.ts";
import { checkRouteIds } from "./route-ids.ts";
import type { Demand } from "./store/hold.ts";

export type { LimitDecision, LimitOutcome } from "./decision.ts";
export type { By } from "./keys.ts";
export type { Algorithm, Limit, LimitOptions } from "./limit.ts";
export type { EnforcementOptions } from "./limiter.ts";
export type { Overflow } from "./queue/overflow.ts";
export { type MemoryStoreOptions, memoryStore } from "./store/memory-store.ts";
export type { Charge, LimitStore, Taken, Verdict } from "./store/store.ts";
export type { Period } from "./window.ts";

/** A limit, whom it counts, and what a call costs. */
export interface LimitRule extends LimitOptions {
	/**
	 * Whom it counts: each `"address"` (IPv6 by /64), each `"user"` (the id of the
	 * identity that was accepted; an address where there is none), everyone on each
	 * `"endpoint"`, or `"everyone"`. Default `"address"`.
	 */
	readonly by?: By;
	/** Whom it counts, by any text; null or undefined where the limit does not count the call. In place of `by`. */
	readonly key?: (ctx: Context) => string | null | undefined;
	/** Whether routes share a counter, or each has its own. Default `"shared"`. */
	readonly partition?: "shared" | "route";
	/** What a call costs, 0 or more. Default 1. */
	readonly cost?: number | ((ctx: Context) => number);
	/** Whether a call that ended so is not counted after all; `true`: 5xx, and 499, where the client left. Default false. */
	readonly refund?: boolean | ((outcome: Outcome) => boolean);
}

/** One limit, or several that are checked together. */
export type RateLimitOptions = EnforcementOptions & {
	/**
	 * Before parameters and identity (step 2), or after (step 5). Default: `"request"`
	 * where every limit is by address, endpoint or everyone at a fixed cost, else `"admit"`.
	 */
	readonly phase?: "request" | "admit";
} & (
		| (LimitRule & { readonly limits?: never })
		| { readonly limits: readonly LimitRule[] }
	);

/**
 * Limits how much may be asked for: 429 with `Retry-After` for what is too much, and
 * headers that say what is left. Several limits are checked together: a refused call
 * counts in none of them.
 *
 * @throws TypeError or RangeError for options that can not be used.
 */
export function rateLimit(options: RateLimitOptions): Policy {
	const place = `rateLimit "${String(options?.name ?? "rate-limit")}"`;
	checkOptions(
		place,
		options,
		options?.limits === undefined ? checks : severalChecks,
	);
	const rules = toRules(options, place);
	const limiter = new Limiter(options.name ?? "rate-limit", options);
	const isEarly = (options.phase ?? defaultPhase(rules)) === "request";
	const needsFinish = rules.some(
		({ limit, refund }) => refund !== null || limit.algorithm === "concurrency",
	);
	const onFinish = (ctx: Context, outcome: Outcome): void =>
		limiter.finish(ctx, outcome);
	const own = new Set<RouteInfo>();
	const isPerRoute = rules.some((rule) => rule.isPerRoute);
	return {
		name: limiter.name,
		docs: limiter.docs,
		close: () => limiter.close(),
		forRoute(route) {
			limiter.open();
			own.add(route);
			const check = compileCheck(limiter, rules, route);
			return {
				...(isEarly ? { onRequest: check } : { onAdmit: check }),
				...(needsFinish ? { onFinish } : {}),
			};
		},
		onRoutes(routes) {
			if (!isPerRoute) return;
			const limited = routes.filter((route) => own.has(route));
			checkRouteIds(limited, place);
		},
	};
}

const ruleChecks: Checks<LimitRule> = {
	...limitChecks,
	by: oneOf(...Object.keys(keysBy)),
	key: func,
	partition: oneOf("shared", "route"),
	cost: either("a number from 0 or a function", amount, func),
	refund: refundCheck,
};
const policyChecks = {
	...enforcementChecks,
	phase: oneOf("request", "admit"),
	limits: list(group(ruleChecks), 1),
};
const checks: Checks<RateLimitOptions> = { ...ruleChecks, ...policyChecks };
// Beside `limits`, what belongs to one limit has no effect.
const severalChecks = policyChecks as typeof checks;

interface Rule {
	readonly limit: Limit;
	readonly keyOf: KeyOf;
	/** What makes `keyOf`: rules of one kind always give the same key. */
	readonly kind: unknown;
	readonly isPerRoute: boolean;
	readonly cost: number | ((ctx: Context) => number);
	readonly refund: ((outcome: Outcome) => boolean) | null;
}

function toRules(options: RateLimitOptions, place: string): readonly Rule[] {
	const written: readonly LimitRule[] = options.limits ?? [
		options as LimitRule,
	];
	const limits = toLimits(written, place);
	return written.map((rule, i) => toRule(rule, limits[i] as Limit, place));
}

function toRule(rule: LimitRule, limit: Limit, place: string): Rule {
	const where = `${place}: limit "${limit.name}"`;
	const { by, key, partition = "shared", cost = 1, refund = false } = rule;
	if (by !== undefined && key !== undefined) {
		throw new TypeError(`${where}: give one of by and key`);
	}
	const named = keysBy[by ?? "address"];
	if (typeof cost !== "function") checkPrice(cost, limit, where);
	return {
		limit,
		keyOf: key === undefined ? named : customKey(key),
		kind: key ?? by ?? "address",
		isPerRoute: partition === "route" || by === "endpoint",
		cost: toCost(cost, limit, where),
		refund: refund === true ? isUnbillable : refund === false ? null : refund,
	};
}

/** A limit of 0 is never, also for what costs nothing. */
function toCost(
	cost: number | ((ctx: Context) => number),
	{ limit }: Limit,
	where: string,
): Rule["cost"] {
	const least = limit === 0 ? 1 : 0;
	if (typeof cost !== "function") return Math.max(least, cost);
	return (ctx) => {
		const value = cost(ctx);
		checkCost(value, where);
		return Math.max(least, value);
	};
}

function defaultPhase(rules: readonly Rule[]): "request" | "admit" {
	const knows = ({ kind, cost }: Rule): boolean =>
		typeof kind === "string" && kind !== "user" && typeof cost === "number";
	return rules.every(knows) ? "request" : "admit";
}

/** Works out, once a route, under which names its counters stand. */
function compileCheck(
	limiter: Limiter,
	rules: readonly Rule[],
	route: RouteInfo,
) {
	const prefixes = rules.map((rule) => prefixOf(limiter.name, rule, route));
	const kinds = new Set(rules.map(({ kind }) => kind));
	const usesSubject = kinds.has("user");
	return (ctx: Context) => {
		const demands: Demand[] = [];
		let group = limiter.name;
		for (let i = 0; i < rules.length; i++) {
			const { limit, keyOf, cost, refund } = rules[i] as Rule;
			const key = keyOf(ctx);
			if (key === null) continue;
			// Counters that are never asked for together may stand on different nodes.
			if (kinds.size === 1) group = key;
			demands.push({
				limit,
				key: (prefixes[i] as string) + key,
				cost: typeof cost === "number" ? cost : cost(ctx),
				refund,
			});
		}
		const subject = usesSubject ? subjectOf(ctx) : null;
		return limiter.admit(ctx, demands, group, subject);
	};
}

function prefixOf(name: string, rule: Rule, route: RouteInfo): string {
	const { limit, isPerRoute } = rule;
	return counterPrefix(name, limit, isPerRoute ? route.id : "*");
}
