import type { TestContext } from "node:test";
import {
	createGateway,
	type Gateway,
	type PolicyHooks,
	type RouteOptions,
	route,
} from "../../src/index.ts";
import { startUpstream } from "../../src/testing.ts";
import { KeptLog } from "./kept-log.ts";
import { policyOf } from "./policed-gateway.ts";

/** A gateway in front of a service, whose one route has these hooks. */
export async function gatewayWith(
	t: TestContext,
	hooks: PolicyHooks,
	options: object = {},
	handler: Parameters<typeof startUpstream>[1] = (_req, res) => res.end("body"),
): Promise<{ gateway: Gateway; asked: () => number }> {
	const { url, requests } = await startUpstream(t, handler);
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		routes: [
			route.all("/*", {
				upstream: url,
				policies: [policyOf(hooks)],
				...options,
			} as RouteOptions as object),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return { gateway, asked: () => requests.length };
}
