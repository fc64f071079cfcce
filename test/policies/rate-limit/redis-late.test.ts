import assert from "node:assert/strict";
import { request } from "node:http";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import {
	createGateway,
	type Gateway,
	type Policy,
	route,
} from "../../../src/index.ts";
import {
	type LimitStore,
	type RateLimitOptions,
	rateLimit,
} from "../../../src/policies/rate-limit/rate-limit.ts";
import { redisStore } from "../../../src/policies/rate-limit/store/redis.ts";
import { startGateway } from "../../../src/testing.ts";
import { skipRedis, startRedis } from "../../helpers/redis-server.ts";
import { startCounting, statusesOf } from "./redis-stage.ts";

function clientOf(t: TestContext, url: string): Redis {
	const client = new Redis(url);
	t.after(() => client.disconnect());
	return client;
}

/** Waits for what comes soon, or never. */
async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
	const lastMs = performance.now() + 20_000;
	while (!(await holds())) {
		assert.ok(performance.now() < lastMs, `it is never so: ${holds}`);
		await sleep(5);
	}
}

async function scriptCalls(client: Redis): Promise<number> {
	const text = await client.info("commandstats");
	const calls = [...text.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)];
	return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Of the counter or the places whose key ends so: as Redis has them. */
async function usedOf(client: Redis, name: string): Promise<number> {
	const [key] = await client.keys(`*:calls:${name}:*`);
	if (key === undefined) return 0;
	if (name === "places") return (await client.zcard(key)) - 1;
	return Number((await client.get(key))?.split(" ")[1]);
}

const day = { name: "day", algorithm: "fixed-window", window: "day" } as const;
const places = { name: "places", algorithm: "concurrency" } as const;

test("what Redis counted after its budget is given back", {
	skip: skipRedis,
}, async (t) => {
	const redis = await startRedis(t);
	const outcomes: string[] = [];
	const options: RateLimitOptions = {
		limits: [
			{ ...day, limit: 5 },
			{ ...places, limit: 5 },
		],
		onDecision: ({ outcome }) => void outcomes.push(outcome),
	};
	const storeOptions = { budgetMs: 200 };
	const { gateway } = await startCounting(t, redis.url, options, storeOptions);
	const client = clientOf(t, redis.url);
	await gateway.inject("/");
	// One to take, one to free the place.
	await until(async () => (await scriptCalls(client)) >= 2);
	const before = await scriptCalls(client);
	redis.pause();
	assert.equal((await gateway.inject("/")).status, 200);
	assert.deepEqual(outcomes.slice(-2), ["store-error", "allowed"]);
	redis.resume();
	await until(async () => (await scriptCalls(client)) >= before + 2);
	assert.equal(await usedOf(client, "day"), 1);
	assert.equal(await usedOf(client, "places"), 0);
});

test("while Redis is away each of five gateways lets a fifth pass", {
	skip: skipRedis,
}, async (t) => {
	const redis = await startRedis(t);
	const options = { limit: 12, window: "hour", instances: 5 } as const;
	const { gateway } = await startCounting(t, redis.url, options);
	await redis.kill();
	assert.deepEqual(await statusesOf(gateway, 4), [200, 200, 429, 429]);
});

interface Seen {
	readonly gateway: Gateway;
	readonly url: string;
	/** Resolves when Redis was asked for so many. */
	asked(count: number): Promise<void>;
	/** Resolves when so many requests have arrived, or ended. */
	arrived(count: number): Promise<void>;
	ended(count: number): Promise<void>;
	readonly passed: readonly string[];
}

async function startSeen(
	t: TestContext,
	redisUrl: string,
	options: RateLimitOptions,
): Promise<Seen> {
	const counts = { arrived: 0, ended: 0, asked: 0 };
	const passed: string[] = [];
	const keeper: Policy = {
		name: "keeper",
		forRoute: () => ({
			onRequest: () => void counts.arrived++,
			onFinish: () => void counts.ended++,
		}),
	};
	const redis = redisStore({ url: redisUrl, budgetMs: 5_000 });
	const store: LimitStore = {
		take(charges, group) {
			counts.asked++;
			return redis.take(charges, group);
		},
		giveBack: (...args) => redis.giveBack(...args),
		open: () => redis.open(),
		close: () => redis.close(),
	};
	const gateway = createGateway({
		docs: false,
		policies: [keeper, rateLimit({ name: "calls", store, ...options })],
		routes: [
			route.get("/*", {
				handler: (ctx) => {
					passed.push(ctx.url);
					return "well";
				},
			}),
		],
	});
	const { url } = await startGateway(t, gateway);
	await redis.connected();
	return {
		...{ gateway, url, passed },
		asked: (count) => until(() => counts.asked >= count),
		arrived: (count) => until(() => counts.arrived >= count),
		ended: (count) => until(() => counts.ended >= count),
	};
}

suite("a client that leaves while Redis is asked", { skip: skipRedis }, () => {
	test("keeps no place, and what is refunded for who left is", async (t) => {
		const redis = await startRedis(t);
		const { url, arrived, ended, passed } = await startSeen(t, redis.url, {
			limits: [
				{ ...places, limit: 1 },
				{ ...day, limit: 1, refund: true },
				{ name: "all", limit: 9, window: "day" },
			],
		});
		const client = clientOf(t, redis.url);
		// Its scripts are known from now on.
		assert.equal((await fetch(url)).status, 200);
		await client.flushall();
		redis.pause();
		const leaving = request(url, { agent: false });
		leaving.on("error", () => undefined);
		leaving.end();
		await arrived(2);
		leaving.destroy();
		await ended(2);
		redis.resume();
		await until(async () => (await usedOf(client, "all")) > 0);
		await until(async () => (await usedOf(client, "places")) <= 0);
		assert.equal(await usedOf(client, "day"), 0);
		assert.equal((await fetch(url)).status, 200);
		assert.equal(passed.length, 2, "no handler ran for who had left");
	});

	test("in its turn leaves the turn to the next", async (t) => {
		const redis = await startRedis(t);
		const overflow = { queueMs: 600_000, max: 9 };
		const seen = await startSeen(t, redis.url, {
			limits: [
				{ limit: 1, windowMs: 2_000, overflow },
				{ ...day, limit: 3 },
			],
		});
		const { url, asked, arrived, ended, passed } = seen;
		const client = clientOf(t, redis.url);
		assert.equal((await fetch(`${url}/a`)).status, 200);
		const leaving = request(`${url}/b`, { agent: false });
		leaving.on("error", () => undefined);
		leaving.end();
		await arrived(2);
		const before = await scriptCalls(client);
		redis.pause();
		const next = fetch(`${url}/c`);
		await arrived(3);
		// The first, who waits, and who waits in his turn: that hangs.
		await asked(3);
		leaving.destroy();
		await ended(2);
		redis.resume();
		assert.equal((await next).status, 200);
		assert.deepEqual(passed, ["/a", "/c"]);
		assert.equal(await usedOf(client, "day"), 2);
		// The turn of the one, its return, the turn of the other.
		assert.ok((await scriptCalls(client)) >= before + 3);
	});
});
