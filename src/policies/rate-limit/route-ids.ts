import type { Route } from "../../index.ts";

/**
 * What is counted for each route is kept under its id: two routes of one id would share it.
 *
 * @throws TypeError that names both, such as where an `operationId` is the `METHOD /path` of another route.
 */
export function checkRouteIds(
	routes: readonly Pick<Route, "id" | "methods" | "path">[],
	place: string,
): void {
	const byId = new Map<string, string>();
	for (const { id, methods, path } of routes) {
		const name = `${methods.join("|")} ${path}`;
		const other = byId.get(id);
		if (other !== undefined) {
			throw new TypeError(
				`${place}: ${other} and ${name} both have the id "${id}"; give one of them another operationId`,
			);
		}
		byId.set(id, name);
	}
}
