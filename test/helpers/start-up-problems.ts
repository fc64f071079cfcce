import assert from "node:assert/strict";
import {
	createGateway,
	type GatewayOptions,
	type Route,
	type RouteOptions,
	route,
} from "../../src/index.ts";

/** The lines of the error that a start ends with; the first one counts the others. */
export function problemsOf(
	routes: readonly Route[],
	options: Omit<GatewayOptions, "routes"> = {},
): readonly string[] {
	try {
		createGateway({ docs: false, ...options, routes });
	} catch (error) {
		assert.ok(error instanceof TypeError, String(error));
		const [head, ...lines] = error.message.split("\n  - ");
		const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
		assert.equal(head, `the gateway has ${count}:`);
		return lines;
	}
	return [];
}

/** A route as someone without a compiler may write it. */
export function loose(path: string, options: object): Route {
	return route.get(path, options as RouteOptions as never);
}
