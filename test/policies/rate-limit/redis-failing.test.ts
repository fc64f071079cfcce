import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Gateway } from "../../../src/index.ts";
import {
	type RedisServer,
	skipRedis,
	startRedis,
} from "../../helpers/redis-server.ts";
import { startCounting } from "./redis-stage.ts";

const modes = ["local", "allow", "deny"] as const;
/** Of a machine that does other things beside: far above the budget of 20 ms, far below any time-out of a connection. */
const boundMs = 400;

interface Load {
	readonly statuses: Set<number>;
	slowestMs: number;
	stop(): Promise<void>;
}

/** Asks without a pause, eight at a time. */
function load(gateway: Gateway): Load {
	let isOver = false;
	const statuses = new Set<number>();
	const ask = async (): Promise<void> => {
		while (!isOver) {
			const startMs = performance.now();
			statuses.add((await gateway.inject("/")).status);
			made.slowestMs = Math.max(made.slowestMs, performance.now() - startMs);
			await sleep(2);
		}
	};
	const asking = Array.from({ length: 8 }, ask);
	const made: Load = {
		statuses,
		slowestMs: 0,
		async stop() {
			isOver = true;
			await Promise.all(asking);
		},
	};
	return made;
}

/** How long until that is so. */
async function recoveryMs(decides: () => boolean): Promise<number> {
	const startMs = performance.now();
	while (!decides()) {
		assert.ok(performance.now() - startMs < 10_000, "it does not come back");
		await sleep(5);
	}
	return performance.now() - startMs;
}

async function goesThrough(
	t: TestContext,
	mode: (typeof modes)[number],
	fail: (redis: RedisServer) => Promise<void> | void,
	mend: (redis: RedisServer) => Promise<void> | void,
): Promise<void> {
	const redis = await startRedis(t);
	const reasons: string[] = [];
	const options = {
		...{ limit: 1_000_000, instances: 100_000, windowMs: 86_400_000 },
		by: "everyone",
		onStoreError: mode,
	} as const;
	const { gateway } = await startCounting(
		t,
		redis.url,
		{ ...options, onDecision: ({ outcome }) => void reasons.push(outcome) },
		{ budgetMs: 20 },
	);
	const asked = load(gateway);
	await recoveryMs(() => reasons.includes("allowed"));
	asked.slowestMs = 0;
	await fail(redis);
	// What was being asked, and the share of this gateway: ten calls that are counted here.
	await sleep(150);
	asked.statuses.clear();
	await sleep(600);
	const expected = { local: 429, allow: 200, deny: 503 }[mode];
	assert.deepEqual([...asked.statuses], [expected]);
	assert.ok(reasons.includes("store-error"));
	assert.ok(asked.slowestMs < boundMs, `one waited ${asked.slowestMs} ms`);
	await mend(redis);
	const tookMs = await recoveryMs(() =>
		reasons.slice(-8).every((one) => one === "allowed"),
	);
	assert.ok(tookMs < 2_000, `it took ${tookMs} ms`);
	await asked.stop();
	assert.equal((await gateway.inject("/")).status, 200);
}

suite("while Redis is dead", { skip: skipRedis }, () => {
	for (const mode of modes) {
		test(`"${mode}" decides, nothing waits, and it is asked again within 2 s of its restart`, (t) =>
			goesThrough(
				t,
				mode,
				(redis) => redis.kill(),
				(redis) => redis.start(),
			));
	}
});

suite("while Redis hangs", { skip: skipRedis }, () => {
	for (const mode of modes) {
		test(`"${mode}" decides, nothing waits longer than its budget, and it is asked again within 2 s`, (t) =>
			goesThrough(
				t,
				mode,
				(redis) => redis.pause(),
				(redis) => redis.resume(),
			));
	}
});

test("a gateway closes while Redis hangs", { skip: skipRedis }, async (t) => {
	const redis = await startRedis(t);
	const options = { limit: 5, window: "hour" } as const;
	const { gateway } = await startCounting(t, redis.url, options);
	redis.pause();
	const startMs = performance.now();
	await gateway.close({ timeoutMs: 0 });
	const tookMs = performance.now() - startMs;
	redis.resume();
	assert.ok(tookMs < 3_000, `${tookMs} ms`);
});
