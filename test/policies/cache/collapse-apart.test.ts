import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { type CacheStage, startCache } from "./stage.ts";

const fresh = { "cache-control": "max-age=60" };

async function until(holds: () => boolean): Promise<void> {
	while (!holds()) await new Promise(setImmediate);
}

/** A service whose answers a test gives by hand; `reached` counts the requests that the gateway has. */
async function startHeld(
	t: TestContext,
	cache = {},
): Promise<{
	stage: CacheStage;
	held: ServerResponse[];
	reached: () => number;
}> {
	const held: ServerResponse[] = [];
	let count = 0;
	const stage = await startCache(t, (_req, res) => held.push(res), {
		cache,
		policies: [
			{ name: "count", forRoute: () => ({ onRequest: () => void count++ }) },
		],
	});
	return { stage, held, reached: () => count };
}

for (const [name, headers, cache, answer] of [
	["Authorization", { authorization: "x" }, {}, fresh],
	["a Cookie", { cookie: "a=b" }, { ttlSeconds: 60 }, {}],
] as const) {
	test(`who sends ${name} leads nobody who does not, and keeps nobody from waiting later`, async (t) => {
		const { stage, held, reached } = await startHeld(t, cache);
		const odd = stage.get("/", headers);
		await until(() => held.length === 1);
		const plain = [1, 2, 3, 4, 5].map(() => stage.get("/"));
		await until(() => reached() === 6 && held.length === 2);
		held[0]?.writeHead(200, answer).end("odd");
		assert.equal((await odd).body, "odd");
		held[1]?.writeHead(200, answer).end("plain");
		for (const one of plain) assert.equal((await one).body, "plain");
		assert.equal(held.length, 2);
		await stage.cache.purge({ url: "/" });
		const again = stage.get("/", headers);
		await until(() => held.length === 3);
		held[2]?.writeHead(200, answer).end("odd");
		await again;
		const later = [1, 2, 3].map(() => stage.get("/"));
		await until(() => reached() === 10 && held.length === 4);
		held[3]?.writeHead(200, answer).end("later");
		for (const one of later) assert.equal((await one).body, "later");
		assert.equal(held.length, 4);
	});

	test(`and those who send ${name} do not wait for one another once their answers were not shared`, async (t) => {
		const { stage, held } = await startHeld(t, cache);
		const first = stage.get("/", headers);
		await until(() => held.length === 1);
		held[0]?.writeHead(200, answer).end();
		await first;
		const both = [stage.get("/", headers), stage.get("/", headers)];
		await until(() => held.length === 3);
		for (const res of held.slice(1)) res.writeHead(200, answer).end();
		await Promise.all(both);
	});
}

test("a 304 to one client's own condition, or a 412, keeps nobody from waiting", async (t) => {
	for (const status of [304, 412]) {
		const { stage, held, reached } = await startHeld(t);
		const reload = stage.get("/", {
			"if-none-match": '"v"',
			"cache-control": "max-age=0",
		});
		await until(() => held.length === 1);
		held[0]?.writeHead(status, fresh).end();
		assert.equal((await reload).status, status);
		const plain = [1, 2, 3].map(() => stage.get("/"));
		await until(() => reached() === 4 && held.length === 2);
		held[1]?.writeHead(200, fresh).end("plain");
		for (const one of plain) assert.equal((await one).body, "plain");
		assert.equal(held.length, 2);
	}
});
