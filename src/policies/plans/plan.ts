import type { Outcome } from "../../index.ts";
import {
	amount,
	type Check,
	type Checks,
	flag,
	group,
	list,
	mapOf,
} from "../kit/kit.ts";
import { checkPrice, isUnbillable, refundCheck } from "../rate-limit/cost.ts";
import {
	type Limit,
	type LimitOptions,
	limitChecks,
	toLimit,
} from "../rate-limit/limit.ts";
import type { Period } from "../rate-limit/window.ts";

/** Who calls, and by which plans. */
export interface Consumer {
	/** What its calls are counted under, and what the service is told. */
	readonly id: string;
	readonly plan?: string | undefined;
	/** Of several plans the most generous counts, limit by limit. */
	readonly plans?: readonly string[] | undefined;
	/** What else is known of it. The plans do not read it. */
	readonly attributes?: Readonly<Record<string, unknown>> | undefined;
}

/** How much may be used up in whole windows, by the calendar or from `anchor`. */
export interface Quota {
	/** In headers, decisions and errors. Unique in its plan. Default `"quota"`. */
	readonly name?: string;
	/** Units of `cost` a window. 0 lets nothing pass. */
	readonly limit: number;
	/** This or `windowMs`. */
	readonly window?: Period;
	readonly windowMs?: number;
	/** A moment at which a window begins, such as the day a customer is billed. Default: the calendar's, in UTC. */
	readonly anchor?: Date;
	/** Whether a call that ended so is not counted after all. Default `true`: 5xx, and 499, where the client left. */
	readonly refund?: boolean | ((outcome: Outcome) => boolean);
}

/** What a plan says of one route. */
export interface PlanRoute {
	/** With counters of this route's own. One with the name of a limit of the plan takes its place here. */
	readonly limits?: readonly LimitOptions[];
	/** What a call takes off the plan's limits and quotas. In a limit of this route's own, and in `concurrency`, a call is one. Default 1. */
	readonly cost?: number;
	/** Refuses the route to who has this plan, whatever other plans say. Default false. */
	readonly deny?: boolean;
}

/** What somebody may use. What is absent is unlimited. */
export interface Plan<Id extends string = string> {
	/** Shared by all routes. Their default name is `"rate"`. */
	readonly limits?: readonly LimitOptions[];
	/** Shared by all routes. */
	readonly quotas?: readonly Quota[];
	/** By the ids of the routes: `operationId` or `METHOD /path`. */
	readonly routes?: { readonly [K in Id]?: PlanRoute };
}

/** One limit or quota of a plan on one route. */
export interface PlanRule {
	readonly kind: "limit" | "quota";
	/** The plan that it is of. */
	readonly plan: string;
	readonly limit: Limit;
	/** Whether the route has a counter of its own. */
	readonly isPerRoute: boolean;
	readonly cost: number;
	readonly refund: ((outcome: Outcome) => boolean) | null;
}

/** A plan on one route. */
export interface PlanOnRoute {
	readonly plan: string;
	readonly isDenied: boolean;
	readonly rules: readonly PlanRule[];
}

/** A limit or quota that has been checked, before a route says what it costs. */
type Written = Omit<PlanRule, "isPerRoute" | "cost">;

interface WrittenRoute {
	readonly limits: readonly Written[];
	readonly cost: number;
	readonly isDenied: boolean;
}

const quotaChecks: Checks<Quota> = {
	name: limitChecks.name,
	limit: limitChecks.limit,
	window: limitChecks.window,
	windowMs: limitChecks.windowMs,
	anchor: limitChecks.anchor,
	refund: refundCheck,
};
const limits = list(group(limitChecks));
const routeCheck = group<PlanRoute>({ limits, cost: amount, deny: flag });
const planChecks: Checks<Plan> = {
	limits,
	quotas: list(group(quotaChecks)),
	routes: mapOf((value, name) =>
		value === undefined ? [] : routeCheck(value, name),
	),
};

/** Plans by name. */
export const plansCheck: Check = mapOf(group(planChecks));

const elsewhere: WrittenRoute = { limits: [], cost: 1, isDenied: false };

/** A plan that has been checked. */
export class CheckedPlan {
	readonly name: string;
	/** Of this plan, wherever they are written. */
	readonly rules: readonly Written[];
	readonly #limits: readonly Written[];
	readonly #quotas: readonly Written[];
	readonly #routes: ReadonlyMap<string, WrittenRoute>;

	/** @throws TypeError or RangeError that names the plan and what is wrong with it. */
	constructor(name: string, plan: Plan, policy: string) {
		const place = `${policy}: plan "${name}"`;
		this.name = name;
		this.#limits = (plan.limits ?? []).map((one) => toRule(one, name, place));
		this.#quotas = (plan.quotas ?? []).map((one) => toQuota(one, name, place));
		this.#routes = new Map(
			Object.entries(plan.routes ?? {}).map(([id, written]) => [
				id,
				toRoute(written ?? {}, name, `${place}: route "${id}"`),
			]),
		);
		const ofRoutes = [...this.#routes.values()].flatMap((one) => one.limits);
		this.rules = [...this.#limits, ...this.#quotas, ...ofRoutes];
		checkTwins([...this.#limits, ...this.#quotas], place);
		for (const id of this.#routes.keys()) {
			checkCosts(this.onRoute(id), `${place}: route "${id}"`);
		}
	}

	/** The routes that it names. */
	get routeIds(): readonly string[] {
		return [...this.#routes.keys()];
	}

	onRoute(id: string): PlanOnRoute {
		const { limits, cost, isDenied } = this.#routes.get(id) ?? elsewhere;
		const taken = new Set(limits.map(({ limit }) => limit.name));
		const rest = this.#limits.filter(({ limit }) => !taken.has(limit.name));
		const finish = (rule: Written, isPerRoute: boolean): PlanRule => ({
			...rule,
			isPerRoute,
			cost: isPerRoute ? 1 : costOf(rule.limit, cost),
		});
		const rules = [
			...rest.map((rule) => finish(rule, false)),
			...limits.map((rule) => finish(rule, true)),
			...this.#quotas.map((rule) => finish(rule, false)),
		];
		return { plan: this.name, isDenied, rules };
	}
}

/** 0 is never, also for what costs nothing. */
function costOf({ algorithm, limit }: Limit, cost: number): number {
	if (algorithm === "concurrency") return 1;
	return limit === 0 ? Math.max(1, cost) : cost;
}

function toRule(options: LimitOptions, plan: string, place: string): Written {
	const limit = toLimit({ name: "rate", ...options }, place);
	return { kind: "limit", plan, limit, refund: null };
}

function toQuota(quota: Quota, plan: string, place: string): Written {
	const { refund = true, ...options } = quota;
	const named = { name: "quota", ...options };
	const limit = toLimit({ ...named, algorithm: "fixed-window" }, place);
	if (typeof refund === "function")
		return { kind: "quota", plan, limit, refund };
	return { kind: "quota", plan, limit, refund: refund ? isUnbillable : null };
}

function toRoute(
	written: PlanRoute,
	plan: string,
	where: string,
): WrittenRoute {
	const { limits = [], cost = 1, deny = false } = written;
	const rules = limits.map((one) => toRule(one, plan, where));
	checkTwins(rules, where);
	return { limits: rules, cost, isDenied: deny };
}

function checkTwins(rules: readonly Written[], place: string): void {
	const names = new Set(rules.map(({ limit }) => limit.name));
	if (names.size === rules.length) return;
	throw new TypeError(`${place}: two limits have the same name`);
}

/** What can never pass is written as `deny`, or as a limit of 0. */
function checkCosts({ rules }: PlanOnRoute, where: string): void {
	checkTwins(rules, where);
	for (const { limit, cost } of rules) checkPrice(cost, limit, where);
}
