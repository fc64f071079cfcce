import type { Route } from "../../index.ts";
import { checkRouteIds } from "../rate-limit/route-ids.ts";
import { CheckedPlan, type Plan } from "./plan.ts";

const planName = /^[\w.-]{1,64}$/;

/** Every plan, checked alone and against the others. */
export class PlanBook {
	readonly #plans: ReadonlyMap<string, CheckedPlan>;
	readonly #policy: string;

	/** @throws TypeError or RangeError that names the plan and what is wrong with it. */
	constructor(plans: Readonly<Record<string, Plan>>, policy: string) {
		this.#policy = policy;
		const entries = Object.entries(plans ?? {});
		if (entries.length === 0) throw new TypeError(`${policy}: plans is empty`);
		for (const [name] of entries) {
			if (planName.test(name)) continue;
			throw new TypeError(
				`${policy}: the name of plan "${name}" must be 1 to 64 letters, digits, "-", "_" and "."`,
			);
		}
		this.#plans = new Map(
			entries.map(([name, plan]) => [
				name,
				new CheckedPlan(name, plan, policy),
			]),
		);
		checkKinds([...this.#plans.values()], policy);
	}

	/** All, in the order in which they were written. */
	get all(): readonly CheckedPlan[] {
		return [...this.#plans.values()];
	}

	has(name: string): boolean {
		return this.#plans.has(name);
	}

	/** Whether a call's end can change what was counted. */
	get needsFinish(): boolean {
		return this.all.some(({ rules }) =>
			rules.some(
				({ refund, limit }) =>
					refund !== null || limit.algorithm === "concurrency",
			),
		);
	}

	/** @throws TypeError for two routes with one id, and for a plan that names a route which is not one of them. */
	checkRoutes(routes: readonly Pick<Route, "id" | "methods" | "path">[]): void {
		checkRouteIds(routes, this.#policy);
		const ids = new Set(routes.map(({ id }) => id));
		for (const { name, routeIds } of this.all) {
			const missing = routeIds.find((id) => !ids.has(id));
			if (missing === undefined) continue;
			throw new TypeError(
				`${this.#policy}: plan "${name}" names the route "${missing}", which is not there; there are ${[...ids].map((id) => `"${id}"`).join(", ")}`,
			);
		}
	}
}

/** Limits of one name are compared when plans are merged: they must be of one kind. */
function checkKinds(plans: readonly CheckedPlan[], policy: string): void {
	const known = new Map<string, { kind: string; plan: string }>();
	for (const { name, rules } of plans) {
		for (const { kind, limit } of rules) {
			const what =
				limit.algorithm === "concurrency" ? "limit of concurrency" : kind;
			const other = known.get(limit.name) ?? { kind: what, plan: name };
			known.set(limit.name, other);
			if (other.kind === what) continue;
			throw new TypeError(
				`${policy}: "${limit.name}" is a ${what} in plan "${name}" and a ${other.kind} in plan "${other.plan}"`,
			);
		}
	}
}
