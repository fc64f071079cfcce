import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, Redis } from "ioredis";
import { redisStore } from "../../../src/policies/rate-limit/store/redis.ts";
import {
	freePort,
	type RedisServer,
	skipRedis,
	startRedis,
} from "../../helpers/redis-server.ts";
import { limitedBy, startCounting, statusesOf } from "./redis-stage.ts";

/** Speaks to one node, whatever the others say. */
function adminOf(t: TestContext, { port }: RedisServer): Redis {
	const client = new Redis({ port, host: "127.0.0.1" });
	t.after(() => client.disconnect());
	return client;
}

async function numberIn(
	client: Redis,
	section: string,
	name: string,
): Promise<number> {
	const text = await client.info(section);
	return Number(
		new RegExp(`^${name}:(?:count=)?(\\d+)`, "m").exec(text)?.[1] ?? 0,
	);
}

test("a replica that is asked to count is left alone but for a try a second, and counts once it is the primary", {
	skip: skipRedis,
}, async (t) => {
	const primary = await startRedis(t);
	const port = String(primary.port);
	const replica = await startRedis(t, "--replicaof", "127.0.0.1", port);
	const admin = adminOf(t, replica);
	await admin.ping();
	const options = { limit: 1, window: "hour", onStoreError: "deny" } as const;
	const { gateway } = await startCounting(t, replica.url, options);
	const before = await numberIn(admin, "stats", "total_connections_received");
	const startMs = performance.now();
	const statuses = new Set<number>();
	// Until it has been tried and left alone more than once.
	while ((await numberIn(admin, "errorstats", "errorstat_READONLY")) < 5) {
		for (const status of await statusesOf(gateway, 20)) statuses.add(status);
		await sleep(10);
	}
	const passed = Math.ceil((performance.now() - startMs) / 1_000);
	const after = await numberIn(admin, "stats", "total_connections_received");
	assert.deepEqual([...statuses], [503]);
	assert.ok(after - before <= passed + 1, `${after - before} connections`);
	await admin.replicaof("NO", "ONE");
	const found: number[] = [];
	while (!found.includes(429)) found.push(...(await statusesOf(gateway, 1)));
	assert.deepEqual(
		found.filter((status) => status !== 503),
		[200, 429],
	);
});

/** Three nodes that share the slots, without redis-cli. */
async function startCluster(t: TestContext): Promise<readonly RedisServer[]> {
	const nodes: RedisServer[] = [];
	const ports: number[] = [];
	for (let i = 0; i < 3; i++) {
		const bus = await freePort();
		ports.push(bus);
		const more = ["--cluster-enabled", "yes", "--cluster-port", String(bus)];
		nodes.push(await startRedis(t, ...more));
	}
	const admins = nodes.map((node) => adminOf(t, node));
	for (const [i, admin] of admins.entries()) {
		const [first, last] = [i * 5_461, i === 2 ? 16_383 : i * 5_461 + 5_460];
		await admin.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
		await admin.call("CLUSTER", "ADDSLOTSRANGE", first, last);
		const [port, bus] = [nodes[0]?.port ?? 0, ports[0] ?? 0];
		if (i > 0) await admin.call("CLUSTER", "MEET", "127.0.0.1", port, bus);
	}
	for (const admin of admins) {
		for (;;) {
			const text = String(await admin.call("CLUSTER", "INFO"));
			if (/state:ok/.test(text) && /known_nodes:3/.test(text)) break;
			await sleep(20);
		}
	}
	return nodes;
}

suite("in a cluster of three nodes", { skip: skipRedis }, () => {
	const limits = [
		{ name: "even", limit: 3, window: "hour" },
		{ name: "day", algorithm: "fixed-window", limit: 9, window: "day" },
		{ name: "places", algorithm: "concurrency", limit: 5 },
	] as const;

	test("all limits of a request stand on one node and are counted there", async (t) => {
		const nodes = await startCluster(t);
		const admins = nodes.map((node) => adminOf(t, node));
		const [{ port = 0 } = {}] = nodes;
		const client = new Cluster([{ host: "127.0.0.1", port }]);
		t.after(() => client.disconnect());
		const keysOn = (): Promise<string[][]> =>
			Promise.all(admins.map((admin) => admin.keys("*")));

		await t.test("of each key on one of its own", async () => {
			const store = redisStore({ client, budgetMs: 10_000 });
			let user = 0;
			const key = (): string => `user ${user}`;
			const gateway = limitedBy(store, {
				limits: limits.map((limit) => ({ ...limit, key })),
				onStoreError: "deny",
			});
			await store.connected();
			for (; user < 12; user++) {
				assert.deepEqual(await statusesOf(gateway, 4), [200, 200, 200, 429]);
			}
			await gateway.close();
			const found = await keysOn();
			assert.equal(found.flat().length, 24, "a place that is free leaves none");
			assert.ok(
				found.every((keys) => keys.length > 0 && keys.length % 2 === 0),
			);
		});

		await t.test("of different keys on the same", async () => {
			await Promise.all(admins.map((admin) => admin.flushall()));
			const store = redisStore({ client, budgetMs: 10_000 });
			const keys = ["a", "b", "c"].map((name) => () => name);
			const gateway = limitedBy(store, {
				limits: limits.map((limit, i) => ({ ...limit, key: keys[i] as never })),
				onStoreError: "deny",
			});
			await store.connected();
			assert.deepEqual(await statusesOf(gateway, 4), [200, 200, 200, 429]);
			await gateway.close();
			const counts = (await keysOn()).map((found) => found.length);
			assert.deepEqual(counts.sort(), [0, 0, 2]);
		});
	});
});
