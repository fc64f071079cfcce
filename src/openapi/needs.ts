import type { Route } from "../model/route-options.ts";
import type {
	Dependencies,
	DocsContribution,
	Input,
	Policy,
} from "../model/types.ts";
import { orderDependencies } from "../request/dependencies.ts";

/** What stands in front of a route, as far as the docs care. */
export interface Needed {
	/** The inputs of its dependencies and of what those need, each once, in the order they resolve. */
	readonly inputs: readonly Input[];
	/** What its dependencies and policies say of themselves. */
	readonly contributions: readonly DocsContribution[];
}

/** What stands in front of every route. */
export interface SharedNeeds {
	readonly dependencies: Dependencies;
	readonly policies: readonly Policy[];
}

/** The inputs and docs of everything in front of a route, the gateway's own first. */
export function gatherNeeds(route: Route, shared: SharedNeeds): Needed {
	const named = { ...shared.dependencies, ...route.dependencies };
	const { plans, inputs } = orderDependencies(Object.values(named), new Map());
	const policies = [...shared.policies, ...route.policies];
	const said = [
		...plans.map(({ dependency }) => dependency.docs ?? undefined),
		...policies.map(({ docs }) => docs),
	];
	const contributions = new Set(said.filter((docs) => docs !== undefined));
	return { inputs, contributions: [...contributions] };
}
