import {
	type Context,
	type DocsContribution,
	HttpError,
	type MaybePromise,
	type Outcome,
	type Policy,
	type PolicyHooks,
	type Route,
	type RouteInfo,
	type Routes,
} from "../../index.ts";
import {
	type Checks,
	checkOptions,
	either,
	flag,
	func,
	list,
	must,
	required,
	text,
} from "../kit/kit.ts";
import { type OnLimitDecision, tellDecision } from "../rate-limit/decision.ts";
import { addressKey, userKey } from "../rate-limit/keys.ts";
import {
	type EnforcementOptions,
	enforcementChecks,
	Limiter,
} from "../rate-limit/limiter.ts";
import { type Consumer, type Plan, plansCheck } from "./plan.ts";
import { PlanBook } from "./plan-book.ts";
import {
	type ConsumerSource,
	type FindConsumer,
	planNamesOf,
	toFinder,
	toHeaderText,
} from "./plan-consumer.ts";
import { toDocs } from "./plan-docs.ts";
import {
	type PlanExplanation,
	type PlanRefusal,
	toExplanation,
} from "./plan-explanation.ts";
import { type EffectiveOnRoute, RoutePlans } from "./route-plans.ts";

export type { LimitDecision, LimitOutcome } from "../rate-limit/decision.ts";
export type { Algorithm, Limit, LimitOptions } from "../rate-limit/limit.ts";
export type { EnforcementOptions } from "../rate-limit/limiter.ts";
export type { Overflow } from "../rate-limit/queue/overflow.ts";
export type {
	Charge,
	LimitStore,
	Taken,
	Verdict,
} from "../rate-limit/store/store.ts";
export type { Period } from "../rate-limit/window.ts";
export type { Consumer, Plan, PlanRoute, Quota } from "./plan.ts";
export type { ConsumerSource } from "./plan-consumer.ts";
export type {
	ExplainedLimit,
	PlanExplanation,
	PlanRefusal,
} from "./plan-explanation.ts";

/** Which plans there are, who has them, and how they are enforced. */
export interface PlansOptions<
	Id extends string = string,
	Name extends string = string,
> extends EnforcementOptions {
	/** By name: letters, digits and `-_.`. */
	readonly plans: { readonly [K in Name]: Plan<NoInfer<Id>> };
	readonly consumer: ConsumerSource;
	/** The plan of who is nobody, counted by client address (IPv6 by /64). Default none: nobody gets 401. */
	readonly anonymous?: NoInfer<Name>;
	/** The routes that plans may name: their ids are then checked by the compiler too. Default: at start-up alone. */
	readonly routes?: Routes<Id>;
	/** Whether the service is told who calls, in `x-consumer-id` and `x-consumer-plan`. The client's are taken off in any case. Default true. */
	readonly tellService?: boolean;
	/** `www-authenticate` of the 401. Default `ApiKey realm="api"`. */
	readonly challenge?: string;
}

/** The policy, and what it would do. */
export interface Plans<Id extends string = string> extends Policy {
	/**
	 * What applies to that consumer, null for nobody, on that route, and why. Routes are known once the
	 * gateway has been made.
	 *
	 * @throws TypeError for a route on which this policy does not stand.
	 */
	explain(consumer: Consumer | null, routeId: Id): PlanExplanation;
}

/**
 * Lets consumers in by plan: 403 for what their plan denies, 429 over a limit or a
 * quota. Everything that applies to a call is checked together, and a refused call
 * counts nowhere. Acts in step 5, before the body is read.
 *
 * @throws TypeError or RangeError for options that do not make sense; a route that a plan names and
 * that is not there is one of the problems of the gateway's start.
 */
export function plans<
	const Id extends string = string,
	const Name extends string = string,
>(options: PlansOptions<Id, Name>): Plans<Id> {
	return new PlansPolicy(options as PlansOptions);
}

const declared = list(
	must(
		"made by route.get, route.post, ...",
		(value: { kind?: unknown } | null) => value?.kind === "route",
	),
);
const checks: Checks<PlansOptions> = {
	...enforcementChecks,
	plans: required(plansCheck),
	consumer: required(
		either(
			"a dependency, the name of one or a function",
			text,
			func,
			must(
				"a dependency",
				(value: { kind?: unknown } | null) => value?.kind === "dependency",
			),
		),
	),
	anonymous: text,
	routes: (value, name) => declared(flatten(value), name),
	tellService: flag,
	challenge: text,
};

class PlansPolicy implements Plans {
	readonly name: string;
	readonly docs: DocsContribution;
	readonly #options: PlansOptions;
	readonly #limiter: Limiter;
	readonly #book: PlanBook;
	readonly #routes: Map<string, RoutePlans> = new Map();
	readonly #withoutConsumer: Set<string> = new Set();

	constructor(options: PlansOptions) {
		this.name = String(options?.name ?? "plans");
		checkOptions(this.name, options, checks);
		this.#options = options;
		this.#limiter = new Limiter(this.name, options);
		this.#book = new PlanBook(options.plans, this.name);
		const { anonymous, routes } = options;
		if (anonymous !== undefined && !this.#book.has(anonymous)) {
			throw new TypeError(`${this.name}: there is no plan "${anonymous}"`);
		}
		if (routes !== undefined) {
			this.#book.checkRoutes(flatten(routes) as Route[]);
		}
		this.docs = toDocs(this.#limiter.docs, options);
	}

	forRoute(route: RouteInfo): PolicyHooks | null {
		const find = toFinder(this.#options.consumer, route);
		if (find === null) {
			this.#withoutConsumer.add(route.id);
			return null;
		}
		this.#limiter.open();
		const routePlans = new RoutePlans(this.#book, this.name, route.id);
		this.#routes.set(route.id, routePlans);
		const gate = new Gate(
			this.#limiter,
			find,
			routePlans,
			route,
			this.#options,
		);
		const onAdmit = (ctx: Context): MaybePromise<void> => gate.admit(ctx);
		if (!this.#book.needsFinish) return { onAdmit };
		const onFinish = (ctx: Context, outcome: Outcome): void =>
			this.#limiter.finish(ctx, outcome);
		return { onAdmit, onFinish };
	}

	onRoutes(routes: readonly RouteInfo[]): void {
		const open = routes.find(({ id }) => this.#withoutConsumer.has(id));
		if (open !== undefined) {
			throw new TypeError(
				`${this.name}: the route "${open.id}" has no dependency that says who calls`,
			);
		}
		const own = routes.filter(({ id }) => this.#routes.has(id));
		this.#book.checkRoutes(own);
	}

	explain(consumer: Consumer | null, routeId: string): PlanExplanation {
		const routePlans = this.#routes.get(routeId);
		if (routePlans === undefined) {
			throw new TypeError(`${this.name}: does not stand on "${routeId}"`);
		}
		const names = namesFor(consumer, this.#options.anonymous);
		const found = judge(consumer, names, routePlans);
		return toExplanation(routeId, consumer?.id ?? null, names, found);
	}

	close(): Promise<void> {
		return this.#limiter.close();
	}
}

function flatten(value: unknown): unknown {
	return Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : value;
}

function namesFor(
	consumer: Consumer | null,
	anonymous: string | undefined,
): readonly string[] {
	if (consumer !== null) return planNamesOf(consumer);
	return anonymous === undefined ? [] : [anonymous];
}

/** What the plans of a consumer come to, or why there are none. */
function judge(
	consumer: Consumer | null,
	names: readonly string[],
	routePlans: RoutePlans,
): EffectiveOnRoute | PlanRefusal {
	if (names.length === 0) return consumer === null ? "no-consumer" : "no-plan";
	return routePlans.of(names) ?? "unknown-plan";
}

/** Lets requests of one route in. */
class Gate {
	readonly #limiter: Limiter;
	readonly #find: FindConsumer;
	readonly #plans: RoutePlans;
	readonly #anonymous: readonly string[];
	readonly #isShadow: boolean;
	readonly #onDecision: OnLimitDecision | null;
	readonly #challenge: string;
	/** Whether there is a service to be told who calls, or to be kept from what the client says. */
	readonly #isProxied: boolean;
	readonly #tellsService: boolean;

	constructor(
		limiter: Limiter,
		find: FindConsumer,
		routePlans: RoutePlans,
		route: RouteInfo,
		options: PlansOptions,
	) {
		this.#limiter = limiter;
		this.#find = find;
		this.#plans = routePlans;
		this.#anonymous = namesFor(null, options.anonymous);
		this.#isShadow = options.enforce === "shadow";
		this.#onDecision = options.onDecision ?? null;
		this.#challenge = options.challenge ?? 'ApiKey realm="api"';
		this.#isProxied = route.proxied;
		this.#tellsService = options.tellService ?? true;
	}

	admit(ctx: Context): MaybePromise<void> {
		const consumer = this.#find(ctx);
		const names = consumer === null ? this.#anonymous : planNamesOf(consumer);
		const found = judge(consumer, names, this.#plans);
		if (this.#isProxied) this.#tellService(ctx, consumer, found);
		const subject = consumer?.id ?? null;
		if (typeof found === "string") {
			return this.#refuse(ctx, found, subject, names.join(", ") || null);
		}
		const { rules, prefixes, planText } = found;
		if (found.deniedBy !== null) {
			return this.#refuse(ctx, "denied-by-plan", subject, planText);
		}
		if (rules.length === 0) return;
		const key = subject === null ? addressKey(ctx.address) : userKey(subject);
		const demands = rules.map(({ limit, cost, refund }, i) => ({
			limit,
			key: (prefixes[i] as string) + key,
			cost,
			refund,
		}));
		return this.#limiter.admit(ctx, demands, key, subject, planText);
	}

	#tellService(
		ctx: Context,
		consumer: Consumer | null,
		found: EffectiveOnRoute | PlanRefusal,
	): void {
		const tells = this.#tellsService && consumer !== null;
		const plan = typeof found === "string" ? null : found.planText;
		ctx.setUpstreamHeader(
			"x-consumer-id",
			tells ? toHeaderText(consumer.id) : null,
		);
		ctx.setUpstreamHeader("x-consumer-plan", tells ? plan : null);
	}

	#refuse(
		ctx: Context,
		reason: PlanRefusal,
		subject: string | null,
		plan: string | null,
	): void {
		const { name } = this.#limiter;
		const outcome = this.#isShadow ? "shadowed" : "refused";
		const decision = {
			name,
			outcome,
			reason,
			subject,
			plan,
			remaining: null,
		} as const;
		tellDecision(ctx, decision, this.#onDecision);
		if (this.#isShadow) return;
		if (reason !== "no-consumer") throw new HttpError(403);
		const headers = { "www-authenticate": this.#challenge };
		throw new HttpError(401, undefined, { headers });
	}
}
