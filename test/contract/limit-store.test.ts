import { Redis } from "ioredis";
import { memoryStore } from "../../src/policies/rate-limit/store/memory-store.ts";
import { RedisLimitStore } from "../../src/policies/rate-limit/store/redis-limit-store.ts";
import { skipRedis, startRedis } from "../helpers/redis-server.ts";
import { limitStoreContract } from "./limit-store.ts";

limitStoreContract("the memory store", async () => {
	let nowMs = 0;
	return {
		store: memoryStore({ now: () => nowMs }),
		setTime: (ms) => {
			nowMs = ms;
		},
	};
});

limitStoreContract(
	"the Redis store",
	async (t) => {
		const { url } = await startRedis(t);
		let nowMs = 0;
		const client = new Redis(url);
		t.after(() => client.quit());
		const prefix = "test:";
		const store = new RedisLimitStore({
			...{ connect: null, client, prefix, now: () => nowMs },
			...{ budgetMs: 10_000, leaseMs: 600_000, pauseMs: 1_000 },
		});
		store.open();
		t.after(() => store.close());
		await store.connected();
		return {
			store,
			setTime: (ms) => {
				nowMs = ms;
			},
		};
	},
	skipRedis,
);
