import type { TestContext } from "node:test";
import {
	createGateway,
	type Decision,
	decisionsOf,
	type GatewayOptions,
	HttpError,
	type InjectRequest,
	type InjectResponse,
	type Policy,
	route,
} from "../../../src/index.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import {
	type RateLimitOptions,
	rateLimit,
} from "../../../src/policies/rate-limit/rate-limit.ts";
import { KeptLog } from "../../helpers/kept-log.ts";
import { Clock } from "../auth/stage.ts";

/** A limited gateway. */
export interface Stage {
	readonly clock: Clock;
	readonly decisions: readonly Decision[];
	ask(request?: InjectRequest | string): Promise<InjectResponse>;
	/** The statuses of so many requests, one after the other. */
	statuses(count: number, request?: InjectRequest | string): Promise<number[]>;
}

/** A gateway with that limit on its routes, under a clock that stands. */
export function startLimited(
	t: TestContext,
	options: RateLimitOptions | readonly RateLimitOptions[],
	more: Partial<GatewayOptions> = {},
): Stage {
	const clock = new Clock();
	const decisions: Decision[] = [];
	const all = [options].flat() as RateLimitOptions[];
	const limits = all.map((one) => rateLimit({ now: clock.now, ...one }));
	const keeper: Policy = {
		name: "keeper",
		forRoute: () => ({
			onFinish: (ctx) => void decisions.push(...decisionsOf(ctx)),
		}),
	};
	const keys = ["ada", "bob"].map((id) => ({ key: `key-of-${id}`, id }));
	const caller = apiKey({ keys });
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		policies: [keeper, ...limits],
		routes: [
			route.get("/", { handler: () => "well" }),
			route.get("/other", { handler: () => "well" }),
			route.get("/mine", {
				dependencies: { caller },
				handler: () => "well",
			}),
			route.get("/fails", {
				handler: () => {
					throw new HttpError(502);
				},
			}),
		],
		...more,
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const ask: Stage["ask"] = (request = "/") => gateway.inject(request);
	return {
		clock,
		decisions,
		ask,
		async statuses(count, request) {
			const found: number[] = [];
			for (let i = 0; i < count; i++) found.push((await ask(request)).status);
			return found;
		},
	};
}

/** A request of that user. */
export function keyed(id: string): InjectRequest {
	return { url: "/mine", headers: { "x-api-key": `key-of-${id}` } };
}
