import assert from "node:assert/strict";
import { test } from "node:test";
import { createGateway, route } from "../../../src/index.ts";
import {
	type LimitStore,
	memoryStore,
	rateLimit,
} from "../../../src/policies/rate-limit/rate-limit.ts";
import { redisStore } from "../../../src/policies/rate-limit/store/redis.ts";
import { skipRedis, startRedis } from "../../helpers/redis-server.ts";

/** A gateway as a deploy would start it, with the state of the one before. */
function deploy(
	store: LimitStore,
	algorithm: "fixed-window" | "sliding-window" | "gcra",
	limit: number,
) {
	return createGateway({
		docs: false,
		routes: [route.get("/x", () => 1)],
		policies: [
			rateLimit({
				name: "calls",
				store,
				limits: [
					{ name: "quota", algorithm, limit, window: "week", by: "everyone" },
				],
			}),
		],
	});
}

async function assertCountIsKept(
	store: LimitStore,
	algorithm: Parameters<typeof deploy>[1],
): Promise<void> {
	const first = deploy(store, algorithm, 5);
	for (let i = 0; i < 5; i++)
		assert.equal((await first.inject("/x")).status, 200);
	assert.equal((await first.inject("/x")).status, 429);
	const raised = deploy(store, algorithm, 6);
	const lowered = deploy(store, algorithm, 4);
	assert.equal((await lowered.inject("/x")).status, 429);
	assert.equal((await raised.inject("/x")).status, 200);
	assert.equal((await raised.inject("/x")).status, 429);
	for (const one of [first, raised, lowered]) await one.close();
}

for (const algorithm of ["fixed-window", "sliding-window"] as const) {
	test(`a changed limit keeps the count of ${algorithm} in memory`, async () => {
		await assertCountIsKept(memoryStore(), algorithm);
	});
}

test("a changed limit keeps the count in Redis", {
	skip: skipRedis,
}, async (t) => {
	const redis = await startRedis(t);
	const store = redisStore({ url: redis.url });
	const last = deploy(store, "fixed-window", 5);
	await store.connected();
	await assertCountIsKept(store, "fixed-window");
	await last.close();
});
