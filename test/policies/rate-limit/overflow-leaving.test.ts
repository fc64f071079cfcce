import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { type Policy, route } from "../../../src/index.ts";
import { rateLimit } from "../../../src/policies/rate-limit/rate-limit.ts";
import type { RawClient } from "../../helpers/raw-client.ts";
import {
	request,
	startWireStage,
	type WireStage,
} from "../../integration/wire-stage.ts";
import { Clock } from "../auth/stage.ts";

/** One call a quarter of an hour under a clock that stands, and one place to wait. */
async function start(t: TestContext): Promise<{
	readonly stage: WireStage;
	/** Sends a request, back when it has arrived. */
	wait(text: string): Promise<RawClient>;
}> {
	let arrive = (): void => undefined;
	const keeper: Policy = {
		name: "keeper",
		forRoute: () => ({ onRequest: () => arrive() }),
	};
	const slow = rateLimit({
		...{ limit: 1, windowMs: 900_000, now: new Clock().now },
		overflow: { queueMs: 1_000_000, max: 1 },
	});
	const stage = await startWireStage(t, {
		gateway: { policies: [keeper, slow], limits: { pipelined: 2 } },
		routes: (target) => [route.all("/*", { upstream: target })],
	});
	const first = await stage.connect();
	await first.send(request("GET /first"));
	assert.equal((await first.readResponse()).status, 200);
	return {
		stage,
		async wait(text) {
			const client = await stage.connect();
			const arrived = new Promise<void>((resolve) => {
				arrive = resolve;
			});
			await client.send(text);
			await arrived;
			return client;
		},
	};
}

/** One more waits, and takes the only place. Had it been refused, it would have been told before the other. */
async function waitsAgain(
	wait: (text: string) => Promise<RawClient>,
): Promise<void> {
	const next = await wait(request("GET /next"));
	const full = await wait(request("GET /full"));
	assert.equal((await full.readResponse()).status, 429);
	assert.equal(next.bytesReceived, 0);
}

suite("a client that leaves while it waits frees its place, and nothing goes upstream:", () => {
	const big = "x".repeat(1_048_576);
	const upgrade = ["Connection: Upgrade", "Upgrade: websocket"];
	const cases: Readonly<Record<string, string>> = {
		"a plain one": request("GET /x"),
		"one that sends a body": `${request("POST /x", "Content-Length: 5")}12`,
		"one whose body fills all buffers":
			request("POST /x", "Content-Length: 9999999") + big,
		"one that asks for an upgrade": request("GET /x", ...upgrade),
	};
	for (const [name, text] of Object.entries(cases)) {
		test(name, async (t) => {
			const { stage, wait } = await start(t);
			const leaving = await wait(text);
			const full = await wait(request("GET /full"));
			assert.equal((await full.readResponse()).status, 429);
			leaving.reset();
			await stage.ended(3);
			assert.deepEqual(
				stage.outcomes.map(({ status }) => status),
				[200, 429, 499],
			);
			await waitsAgain(wait);
			assert.equal(stage.upstream.requests.length, 1);
		});
	}

	test("one that pipelines requests leaves with all of them", async (t) => {
		const { stage, wait } = await start(t);
		const leaving = await wait(request("GET /x") + request("GET /y"));
		leaving.reset();
		await stage.ended(3);
		await waitsAgain(wait);
	});
});

test("who leaves while it waits is given back by the limits before too", async (t) => {
	const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
	const keeper: Policy = {
		name: "keeper",
		forRoute: () => ({
			onRequest: ({ url }) => (url === "/leaves" ? arrive() : undefined),
		}),
	};
	const quota = rateLimit({
		...{ name: "quota", algorithm: "fixed-window", limit: 2, window: "day" },
	});
	const slow = rateLimit({
		...{ limit: 1, windowMs: 900_000, now: new Clock().now },
		overflow: { queueMs: 1_000_000, max: 1 },
		key: ({ url }) => (url === "/free" ? null : ""),
	});
	const stage = await startWireStage(t, {
		gateway: { policies: [keeper, quota, slow] },
	});
	const ask = async (path: string): Promise<number> => {
		const client = await stage.connect();
		await client.send(request(`GET ${path}`));
		return (await client.readResponse()).status;
	};
	assert.equal(await ask("/first"), 200);
	const leaving = await stage.connect();
	await leaving.send(request("GET /leaves"));
	await arrived;
	assert.equal(await ask("/free"), 429, "both of the day are taken");
	leaving.reset();
	await stage.ended(3);
	assert.equal(await ask("/free"), 200);
	assert.equal(await ask("/free"), 429);
});
