import { redisStore } from "../../../src/policies/rate-limit/store/redis.ts";
import { limitedBy } from "./redis-stage.ts";

/** A process with a limited gateway: asks it so many times at once, and says how often each status came. */
const [url = ""] = process.argv.slice(2);
const store = redisStore({ url, budgetMs: 30_000 });
const gateway = limitedBy(store, {
	limits: [
		{
			algorithm: "fixed-window",
			limit: 1_000,
			window: "month",
			by: "everyone",
		},
		{ name: "even", limit: 1_200, windowMs: 86_400_000, by: "everyone" },
	],
	onStoreError: "deny",
});
await store.connected();
process.once("message", async (calls: number) => {
	const found: Record<number, number> = {};
	await Promise.all(
		Array.from({ length: calls }, async () => {
			const { status } = await gateway.inject("/");
			found[status] = (found[status] ?? 0) + 1;
		}),
	);
	process.send?.(found);
	await gateway.close();
	process.disconnect?.();
});
process.send?.("ready");
