import { setTimeout as sleep } from "node:timers/promises";
import { memoryStore } from "../../src/policies/cache/cache.ts";
import { redisStore } from "../../src/policies/cache/store/redis.ts";
import { skipRedis, startRedis } from "../helpers/redis-server.ts";
import { cacheStoreContract } from "./cache-store.ts";

cacheStoreContract("the memory", async () => {
	let now = 1_000;
	return {
		store: memoryStore({ now: () => now }),
		wait: (ms) => {
			now += ms;
		},
	};
});

cacheStoreContract(
	"Redis",
	async (t) => {
		const { url } = await startRedis(t);
		const store = redisStore({ url, timeoutMs: 5_000 });
		t.after(() => store.close());
		await store.connected();
		return { store, wait: (ms) => sleep(ms) };
	},
	skipRedis,
);
