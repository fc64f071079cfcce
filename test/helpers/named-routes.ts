import assert from "node:assert/strict";
import {
	createGateway,
	type Gateway,
	type Route,
	route,
} from "../../src/index.ts";

/** A route that tells its own name and what the path gave it. */
export function named(method: string | readonly string[], path: string): Route {
	return route(method, path, {
		handler: (ctx) => ({ route: ctx.route.path, path: ctx.path }),
	});
}

export function gatewayOf(...routes: readonly Route[]): Gateway {
	return createGateway({ routes, docs: false });
}

export async function get(gateway: Gateway, url: string): Promise<unknown> {
	const { status, json } = await gateway.inject(url);
	assert.equal(status, 200, url);
	return json();
}
