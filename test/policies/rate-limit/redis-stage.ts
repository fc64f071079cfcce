import type { TestContext } from "node:test";
import { createGateway, type Gateway, route } from "../../../src/index.ts";
import {
	type LimitStore,
	type RateLimitOptions,
	rateLimit,
} from "../../../src/policies/rate-limit/rate-limit.ts";
import {
	type RedisStoreOptions,
	redisStore,
} from "../../../src/policies/rate-limit/store/redis.ts";
import type { RedisLimitStore } from "../../../src/policies/rate-limit/store/redis-limit-store.ts";
import { KeptLog } from "../../helpers/kept-log.ts";

/** A gateway that counts there. Its route `/held` answers when `release` does. */
export function limitedBy(
	store: LimitStore,
	options: RateLimitOptions,
	release: Promise<void> = Promise.resolve(),
): Gateway {
	return createGateway({
		docs: false,
		logger: new KeptLog(),
		policies: [rateLimit({ name: "calls", store, ...options })],
		routes: [
			route.get("/", { handler: () => "well" }),
			route.get("/held", { handler: () => release.then(() => "well") }),
		],
	});
}

/** A gateway that counts in the Redis of that URL, connected and closed by the test. */
export async function startCounting(
	t: TestContext,
	url: string,
	options: RateLimitOptions,
	storeOptions: RedisStoreOptions = {},
): Promise<{ gateway: Gateway; store: RedisLimitStore }> {
	const store = redisStore({ url, budgetMs: 5_000, ...storeOptions });
	const gateway = limitedBy(store, options);
	t.after(() => gateway.close({ timeoutMs: 0 }));
	await store.connected();
	return { gateway, store };
}

/** The statuses of so many requests, one after the other. */
export async function statusesOf(
	gateway: Gateway,
	count: number,
): Promise<number[]> {
	const found: number[] = [];
	for (let i = 0; i < count; i++) {
		found.push((await gateway.inject("/")).status);
	}
	return found;
}
