import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { toLimit } from "../../../src/policies/rate-limit/limit.ts";
import { memoryStore } from "../../../src/policies/rate-limit/store/memory-store.ts";
import { redisStore } from "../../../src/policies/rate-limit/store/redis.ts";
import { RedisLimitStore } from "../../../src/policies/rate-limit/store/redis-limit-store.ts";
import { skipRedis, startRedis } from "../../helpers/redis-server.ts";
import { Random } from "../../security/fuzz/random.ts";
import { limitedBy, startCounting, statusesOf } from "./redis-stage.ts";

function clientOf(t: TestContext, url: string): Redis {
	const client = new Redis(url);
	t.after(() => client.quit());
	return client;
}

async function scriptCalls(client: Redis): Promise<number> {
	const text = await client.info("commandstats");
	const calls = [...text.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)];
	return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** A store under the test's clock, or under that of Redis. */
async function openClocked(
	t: TestContext,
	url: string,
	now: (() => number) | null,
	leaseMs = 60_000,
): Promise<RedisLimitStore> {
	const store = new RedisLimitStore({
		...{ connect: null, client: clientOf(t, url), prefix: "", now },
		...{ budgetMs: 10_000, leaseMs, pauseMs: 1_000 },
	});
	store.open();
	t.after(() => store.close());
	await store.connected();
	return store;
}

suite("limits in Redis", { skip: skipRedis }, () => {
	test("admit exactly the limit to two processes with 5,000 calls at once", async (t) => {
		const { url } = await startRedis(t);
		const children = [1, 2].map(() => {
			const file = join(import.meta.dirname, "redis-child.ts");
			const child = fork(file, [url], { execArgv: ["--import", "tsx"] });
			t.after(() => child.kill("SIGKILL"));
			return child;
		});
		await Promise.all(children.map((child) => once(child, "message")));
		const found = await Promise.all(
			children.map(async (child) => {
				child.send(2_500);
				return ((await once(child, "message")) as [Record<number, number>])[0];
			}),
		);
		const sum = (status: number): number =>
			found.reduce((all, one) => all + (one[status] ?? 0), 0);
		assert.deepEqual([sum(200), sum(429)], [1_000, 4_000]);
		assert.ok(found.every((one) => (one[200] ?? 0) > 0));
	});

	test("cost one script call a request, whatever the number of limits, and no key stays for good", async (t) => {
		const { url } = await startRedis(t);
		const { gateway } = await startCounting(t, url, {
			limits: [
				{ name: "a", limit: 9, windowMs: 1_000 },
				{ name: "b", algorithm: "sliding-window", limit: 9, window: "hour" },
				{ name: "c", algorithm: "fixed-window", limit: 9, window: "month" },
				{ name: "d", algorithm: "concurrency", limit: 9 },
			],
		});
		const client = clientOf(t, url);
		await gateway.inject("/");
		const before = await scriptCalls(client);
		const asked = gateway.inject("/held");
		await asked;
		// One to take, one to give the place back.
		assert.equal(await scriptCalls(client), before + 2);
		const keys = await client.keys("*");
		assert.equal(keys.length, 3, "a place that is free leaves nothing");
		for (const key of keys) {
			assert.match(key, /^headgate:limit:\{[^{}]+\}:calls:/);
			assert.ok((await client.pttl(key)) > 0, key);
		}
	});

	test("survive that Redis forgets the scripts", async (t) => {
		const { url } = await startRedis(t);
		const { gateway } = await startCounting(t, url, {
			...{ limit: 3, window: "hour", onStoreError: "deny" },
		});
		const client = clientOf(t, url);
		const found = await statusesOf(gateway, 2);
		await client.script("FLUSH");
		found.push(...(await statusesOf(gateway, 2)));
		assert.deepEqual(found, [200, 200, 200, 429]);
	});

	test("know the months as Date does, with any anchor", async (t) => {
		const { url } = await startRedis(t);
		let nowMs = 0;
		const now = (): number => nowMs;
		const store = await openClocked(t, url, now);
		const random = new Random(7);
		const years = 130 * 365 * 1_440;
		for (let i = 0; i < 500; i++) {
			nowMs = random.below(years) * 60_000 + random.below(60_000);
			const anchor = new Date(random.below(years) * 60_000);
			const base = { algorithm: "fixed-window", limit: 2 } as const;
			const limit = toLimit({ ...base, window: "month", anchor }, "test");
			const charges = [{ limit, key: `k${i}`, cost: 1 }];
			const expected = await memoryStore({ now }).take(charges, "g");
			assert.deepEqual(await store.take(charges, "g"), expected, `${i}`);
		}
	});

	test("count to the last digit where numbers are great", async (t) => {
		const { url } = await startRedis(t);
		const now = (): number => Date.UTC(2026, 0, 1);
		const store = await openClocked(t, url, now);
		const memory = memoryStore({ now });
		const base = { algorithm: "fixed-window", windowMs: 4 } as const;
		const limit = toLimit({ ...base, limit: 900_000_000_000_001 }, "test");
		const random = new Random(3);
		for (let i = 0; i < 20; i++) {
			const cost = random.below(2 ** 31) * 30_001;
			const charges = [{ limit, key: "k", cost }];
			const expected = await memory.take(charges, "g");
			assert.deepEqual(await store.take(charges, "g"), expected, `${i}`);
		}
	});

	test("stand on one node for a group with braces in it", async (t) => {
		const { url } = await startRedis(t);
		const key = (): string => "}{x}%";
		const { gateway } = await startCounting(t, url, {
			...{ limit: 1, window: "hour", key },
		});
		assert.deepEqual(await statusesOf(gateway, 2), [200, 429]);
		const [found = ""] = await clientOf(t, url).keys("*");
		assert.match(found, /^headgate:limit:\{k:%7D%7Bx%7D%25\}:/);
	});

	test("end only the connection that is the store's own", async (t) => {
		const { url } = await startRedis(t);
		const client = clientOf(t, url);
		const given = redisStore({ client });
		const gateway = limitedBy(given, { limit: 1, window: "hour" });
		await given.connected();
		await gateway.inject("/");
		await gateway.close();
		assert.equal(await client.ping(), "PONG");
		const { gateway: owner } = await startCounting(t, url, {
			...{ limit: 1, window: "hour" },
		});
		const count = async (): Promise<number> =>
			String(await client.client("LIST"))
				.trim()
				.split("\n").length;
		assert.equal(await count(), 2);
		await owner.close();
		assert.equal(await count(), 1);
	});
});

suite("places at the same time in Redis", { skip: skipRedis }, () => {
	const limit = toLimit({ algorithm: "concurrency", limit: 2 }, "test");
	const charges = [{ limit, key: "c", cost: 1 }];

	async function takes(store: RedisLimitStore): Promise<boolean> {
		return (await store.take(charges, "g")).isAllowed;
	}

	test("of a gateway that died are free after the lease, and not before", async (t) => {
		const { url } = await startRedis(t);
		const dying = await openClocked(t, url, null, 600);
		const other = await openClocked(t, url, null, 600);
		assert.ok(await takes(dying));
		// It is renewed, so that the key itself does not run out.
		assert.ok(await takes(other));
		assert.ok(!(await takes(other)));
		// Renews nothing any more and gives nothing back.
		await dying.close();
		const startMs = performance.now();
		const waitedMs = (): number => performance.now() - startMs;
		while (!(await takes(other)) && waitedMs() < 5_000) await sleep(5);
		assert.ok(waitedMs() > 300 && waitedMs() < 5_000, `${waitedMs()} ms`);
	});

	test("of a long call are renewed, even where Redis has lost them", async (t) => {
		const { url } = await startRedis(t);
		const holder = await openClocked(t, url, null, 600);
		const other = await openClocked(t, url, null, 600);
		const client = clientOf(t, url);
		const twice = charges.map((one) => ({ ...one, cost: 2 }));
		const taken = await holder.take(twice, "g");
		const endMs = performance.now() + 1_500;
		while (performance.now() < endMs) {
			assert.ok(!(await takes(other)));
			await sleep(5);
		}
		await client.flushall();
		for (let i = 0; i < 1_000 && !(await client.exists("{g}:c")); i++) {
			await sleep(5);
		}
		assert.ok(!(await takes(other)));
		await holder.giveBack(twice, "g", taken);
		assert.ok(await takes(other));
	});
});

suite("it is an error at start-up to give a Redis store", () => {
	const client = {} as Redis;
	const url = "redis://127.0.0.1:1";
	const cases: readonly [string, object, RegExp][] = [
		["neither url nor client", {}, /give one of url and client/],
		["url and client", { url, client }, /give one of url and client/],
		[
			"braces in the prefix",
			{ url, prefix: "{a}" },
			/prefix must be a string without braces/,
		],
		[
			"no budget",
			{ url, budgetMs: 0 },
			/budgetMs must be a whole number from 1/,
		],
		["a lease too short", { url, leaseMs: 10 }, /leaseMs must be .* 1000/],
	];
	for (const [name, options, message] of cases) {
		test(name, () => assert.throws(() => redisStore(options), message));
	}
});
