import type { TestContext } from "node:test";
import {
	createGateway,
	dependency,
	type Gateway,
	input,
	type Policy,
	type PolicyHooks,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { startEcho } from "./echo.ts";
import { KeptLog } from "./kept-log.ts";

/** A policy with the same hooks for every route. */
export function policyOf(hooks: PolicyHooks, name = "test"): Policy {
	return { name, forRoute: () => hooks };
}

/** A gateway in front of an echoing service, with that policy on its routes. */
export async function gatewayOf(
	t: TestContext,
	...policies: readonly Policy[]
): Promise<{ gateway: Gateway; log: KeptLog; asked: () => number }> {
	const { url, requests } = await startEcho(t);
	const log = new KeptLog();
	const gateway = createGateway({
		docs: false,
		logger: log,
		policies,
		routes: [
			route.all("/proxied/:id?", {
				upstream: url,
				path: { id: Type.Optional(Type.Integer()) },
				dependencies: {
					caller: dependency(
						{ key: input.header("x-key", Type.String({ default: "nobody" })) },
						({ key }) => key,
					),
				},
			}),
			route.post("/body", {
				upstream: url,
				body: Type.Object({ a: Type.Integer() }),
			}),
			route.get("/local", { handler: () => reply(200, "local") }),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return { gateway, log, asked: () => requests.length };
}
