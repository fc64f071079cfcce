import { counterPrefix } from "../rate-limit/keys.ts";
import { type EffectivePlan, mergePlans } from "./effective-plan.ts";
import type { PlanOnRoute } from "./plan.ts";
import type { PlanBook } from "./plan-book.ts";

/** What plans come to on a route, and what its counters' keys begin with. */
export interface EffectiveOnRoute extends EffectivePlan {
	readonly prefixes: readonly string[];
	/** The names of the plans as the service is told. */
	readonly planText: string;
}

/** Sets of several plans that are kept, a route. */
const maxMerged = 1_000;

/** The plans on one route: each by itself is worked out at start-up, sets of several when they are first asked for. */
export class RoutePlans {
	readonly #policy: string;
	readonly #routeId: string;
	readonly #onRoute: ReadonlyMap<string, PlanOnRoute>;
	readonly #single: ReadonlyMap<string, EffectiveOnRoute>;
	readonly #merged: Map<string, EffectiveOnRoute> = new Map();

	constructor(book: PlanBook, policy: string, routeId: string) {
		this.#policy = policy;
		this.#routeId = routeId;
		const onRoute = book.all.map((plan) => plan.onRoute(routeId));
		this.#onRoute = new Map(onRoute.map((one) => [one.plan, one]));
		this.#single = new Map(
			onRoute.map((one) => [one.plan, this.#merge([one])]),
		);
	}

	/** How many sets of several plans are kept. */
	get size(): number {
		return this.#merged.size;
	}

	/** What those plans come to; null where one of them is not known, or there is none. */
	of(names: readonly string[]): EffectiveOnRoute | null {
		if (names.length === 1) return this.#single.get(names[0] as string) ?? null;
		for (const name of names) if (!this.#onRoute.has(name)) return null;
		const all = [...this.#onRoute.values()].filter(({ plan }) =>
			names.includes(plan),
		);
		if (all.length < 2) return this.#single.get(names[0] as string) ?? null;
		const key = all.map(({ plan }) => plan).join(" ");
		const known = this.#merged.get(key);
		if (known !== undefined) return known;
		if (this.#merged.size >= maxMerged) this.#dropOldest();
		const made = this.#merge(all);
		this.#merged.set(key, made);
		return made;
	}

	#dropOldest(): void {
		const [oldest] = this.#merged.keys();
		this.#merged.delete(oldest as string);
	}

	#merge(plans: readonly PlanOnRoute[]): EffectiveOnRoute {
		const effective = mergePlans(plans);
		const prefixes = effective.rules.map(({ limit, isPerRoute }) =>
			counterPrefix(this.#policy, limit, isPerRoute ? this.#routeId : "*"),
		);
		return { ...effective, prefixes, planText: effective.plans.join(", ") };
	}
}
