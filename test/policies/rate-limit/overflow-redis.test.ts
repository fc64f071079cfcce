import assert from "node:assert/strict";
import { test } from "node:test";
import type { LimitStore } from "../../../src/policies/rate-limit/rate-limit.ts";
import { redisStore } from "../../../src/policies/rate-limit/store/redis.ts";
import { skipRedis, startRedis } from "../../helpers/redis-server.ts";
import { limitedBy } from "./redis-stage.ts";

/** Notes when, by the clock of Redis, calls were allowed. */
function recorded(store: LimitStore, times: number[]): LimitStore {
	return {
		async take(charges, group) {
			const taken = await store.take(charges, group);
			if (taken.isAllowed) times.push(taken.atMs);
			return taken;
		},
		giveBack: (...args) => store.giveBack(...args),
		open: () => store.open?.(),
		close: () => store.close?.(),
	};
}

test("two gateways let 50 calls at once pass evenly through one Redis", {
	skip: skipRedis,
}, async (t) => {
	const { url } = await startRedis(t);
	const times: number[] = [];
	const outcomes: string[] = [];
	const gateways = await Promise.all(
		[1, 2].map(async () => {
			const store = redisStore({ url, budgetMs: 5_000 });
			const gateway = limitedBy(recorded(store, times), {
				...{ limit: 25, windowMs: 1_000, burst: 1, by: "everyone" },
				overflow: { queueMs: 600_000, max: 100 },
				onDecision: ({ outcome }) => void outcomes.push(outcome),
			});
			t.after(() => gateway.close({ timeoutMs: 0 }));
			await store.connected();
			return gateway;
		}),
	);
	const asked = Array.from({ length: 50 }, (_, i) =>
		gateways[i % 2]?.inject("/"),
	);
	const answers = await Promise.all(asked);
	assert.ok(answers.every((answer) => answer?.status === 200));
	// On a busy machine some may come when it is anybody's turn.
	assert.deepEqual(new Set(outcomes), new Set(["allowed", "queued"]));
	assert.equal(outcomes.length, 50);
	times.sort((a, b) => a - b);
	const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
	assert.ok(Math.min(...gaps) >= 40, `${gaps}`);
	t.diagnostic(`gaps in ms: ${gaps.join(" ")}`);
});
