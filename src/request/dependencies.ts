import { Reply } from "../http/reply.ts";
import type { MaybePromise } from "../model/maybe-promise.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Context, Dependency, Input, Overrides } from "../model/types.ts";

/** What a dependency's need is read from. */
interface NeedPlan {
	readonly name: string;
	/** A place in `resolved`, or in `inputs`. */
	readonly from: "resolved" | "inputs";
	readonly index: number;
}

/** Where a request keeps what its dependencies made. */
export interface ResolutionState {
	readonly resolved: unknown[];
	readonly inputs: unknown[];
	/** What is to be finished after the answer, in the order it was begun. Null until there is something. */
	cleanups: Cleanup[] | null;
}

/** A dependency that the ones before it are kept for. */
export interface Cleanup {
	/** Settles when the dependency has its value, or has failed. */
	readonly begun: Promise<unknown>;
	/** What has to be finished; null for one that is only waited for. */
	readonly generator: AsyncGenerator<unknown, unknown, Outcome> | null;
}

/** One dependency of a route, with its place in the order. */
export interface DependencyPlan {
	readonly dependency: Dependency;
	/** What is resolved in its stead, and what that needs. */
	readonly needs: readonly NeedPlan[];
	readonly index: number;
	/** Whether it needs the form, and so resolves after step 6. */
	readonly isLate: boolean;
}

/** Every dependency of a route in the order in which they resolve, and all inputs they declare. */
export interface DependencyOrder {
	readonly plans: readonly DependencyPlan[];
	readonly inputs: readonly Input[];
	/** For each dependency asked for, the place of its value. */
	readonly places: readonly number[];
}

/**
 * The order in which dependencies resolve: needs first, each once. A cycle is
 * impossible, because a dependency is made from values that are there already.
 */
export function orderDependencies(
	roots: readonly Dependency[],
	overrides: Overrides,
): DependencyOrder {
	const plans: DependencyPlan[] = [];
	const inputs: Input[] = [];
	const byDependency = new Map<Dependency, DependencyPlan>();
	const replaced = new Set<Dependency>();
	const visit = (asked: Dependency): DependencyPlan => {
		// What stands in for a dependency may need the real one.
		const stand = replaced.has(asked) ? undefined : overrides.get(asked);
		const value = stand ?? asked;
		const known = byDependency.get(value);
		if (known !== undefined) return known;
		if (stand !== undefined) replaced.add(asked);
		const needs = Object.entries(value.needs).map(([name, need]) =>
			toNeedPlan(name, need, inputs, visit),
		);
		replaced.delete(asked);
		const isLate = needs.some((need) => isLateNeed(need, plans, inputs));
		const plan = { dependency: value, needs, index: plans.length, isLate };
		plans.push(plan);
		byDependency.set(value, plan);
		return plan;
	};
	const places = roots.map((root) => visit(root).index);
	return { plans, inputs, places };
}

function toNeedPlan(
	name: string,
	need: Dependency | Input,
	inputs: Input[],
	visit: (asked: Dependency) => DependencyPlan,
): NeedPlan {
	return need.kind === "input"
		? { name, from: "inputs", index: placeOf(inputs, need) }
		: { name, from: "resolved", index: visit(need).index };
}

function isLateNeed(
	need: NeedPlan,
	plans: readonly DependencyPlan[],
	inputs: readonly Input[],
): boolean {
	return need.from === "inputs"
		? inputs[need.index]?.source === "form"
		: plans[need.index]?.isLate === true;
}

function placeOf(inputs: Input[], value: Input): number {
	const at = inputs.indexOf(value);
	return at >= 0 ? at : inputs.push(value) - 1;
}

/** Resolves one dependency of a request: the place of its value is filled, or a reply ends the request. */
export function resolveDependency(
	plan: DependencyPlan,
	state: ResolutionState & Context,
): MaybePromise<Reply | undefined> {
	const values: Record<string, unknown> = {};
	for (const need of plan.needs)
		values[need.name] = state[need.from][need.index];
	const result = plan.dependency.resolve(values as never, state);
	if (typeof result !== "object" || result === null) {
		state.resolved[plan.index] = result;
		return undefined;
	}
	if (typeof (result as Promise<unknown>).then === "function") {
		const pending = Promise.resolve(result as PromiseLike<unknown>);
		// It may still work with what a generator before it gave.
		state.cleanups?.push({ begun: pending, generator: null });
		return pending.then((value) => settle(plan, state, value));
	}
	if (isAsyncGenerator(result)) return begin(plan, state, result);
	return settle(plan, state, result);
}

function isAsyncGenerator(
	value: object,
): value is AsyncGenerator<unknown, unknown, Outcome> {
	return (
		(value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] ===
		"AsyncGenerator"
	);
}

/** It is noted before it has begun: the client may leave meanwhile. */
async function begin(
	plan: DependencyPlan,
	state: ResolutionState,
	generator: AsyncGenerator<unknown, unknown, Outcome>,
): Promise<Reply | undefined> {
	const begun = (generator as AsyncGenerator).next();
	state.cleanups ??= [];
	state.cleanups.push({ begun, generator });
	const { done, value } = await begun;
	if (done === true && !(value instanceof Reply)) {
		throw new Error(`dependency ${plan.dependency.name} ended without a value`);
	}
	return settle(plan, state, value);
}

function settle(
	plan: DependencyPlan,
	state: ResolutionState,
	value: unknown,
): Reply | undefined {
	if (value instanceof Reply) return value;
	state.resolved[plan.index] = value;
	return undefined;
}

/**
 * Runs what async generators left to do, the last begun first, each after the
 * other. What has not begun yet is waited for: it may stand on what was before
 * it. `yield` gives each the outcome of the request. Failures go to `onError`; none stops the rest.
 */
export async function finishGenerators(
	cleanups: readonly Cleanup[],
	outcome: Outcome,
	onError: (error: unknown) => void,
): Promise<void> {
	for (const { begun, generator } of cleanups.toReversed()) {
		// One that failed to begin has been answered for, and has nothing to finish.
		const hasBegun = await begun.then(isBegun, notBegun);
		if (generator === null || !hasBegun) continue;
		try {
			const { done } = await generator.next(outcome);
			if (done !== true) await generator.return(undefined);
		} catch (error) {
			onError(error);
		}
	}
}

function isBegun(): boolean {
	return true;
}

function notBegun(): boolean {
	return false;
}
