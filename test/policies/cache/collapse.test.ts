import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { request } from "node:http";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { startGateway } from "../../../src/testing.ts";
import { type CacheStage, startCache } from "./stage.ts";

const fresh = { "cache-control": "max-age=60" };

/** Waits until something holds. */
async function until(holds: () => boolean): Promise<void> {
	while (!holds()) await new Promise(setImmediate);
}

/** A service whose answers a test gives by hand, in the order they were asked for. */
async function startHeld(
	t: TestContext,
	options: Parameters<typeof startCache>[2] = {},
): Promise<{ stage: CacheStage; url: string; held: ServerResponse[] }> {
	const held: ServerResponse[] = [];
	const stage = await startCache(t, (_req, res) => held.push(res), options);
	const { url } = await startGateway(t, stage.gateway);
	return { stage, url, held };
}

/** Asks over a socket of its own; gives what came until it ended, or null where it broke off. */
function ask(url: string): {
	readonly done: Promise<string | null>;
	leave(): void;
} {
	const req = request(url, { agent: false });
	const done = new Promise<string | null>((resolve) => {
		req.on("error", () => resolve(null));
		req.on("response", (res) => {
			let body = "";
			res.setEncoding("latin1").on("data", (text) => {
				body += text;
			});
			res.on("close", () => resolve(res.complete ? body : null));
		});
	});
	req.end();
	return { done, leave: () => void req.destroy() };
}

/** So many requests that have reached the gateway. */
async function askMany(
	stage: CacheStage,
	url: string,
	count: number,
): Promise<ReturnType<typeof ask>[]> {
	const before = reached.get(stage) ?? 0;
	const all = Array.from({ length: count }, () => ask(url));
	await until(() => (reached.get(stage) ?? 0) >= before + count);
	return all;
}

const reached = new WeakMap<CacheStage, number>();

/** Counts what has reached the gateway. */
function counter(): {
	options: Parameters<typeof startCache>[2];
	bind(stage: CacheStage): void;
} {
	let stage: CacheStage | null = null;
	return {
		options: {
			policies: [
				{
					name: "counter",
					forRoute: () => ({
						onRequest() {
							if (stage === null) return;
							reached.set(stage, (reached.get(stage) ?? 0) + 1);
						},
					}),
				},
			],
		},
		bind: (bound) => {
			stage = bound;
		},
	};
}

async function startCounted(
	t: TestContext,
	more: object = {},
): ReturnType<typeof startHeld> {
	const { options, bind } = counter();
	const started = await startHeld(t, { ...options, ...more });
	bind(started.stage);
	return started;
}

test("500 concurrent misses are one call, and 500 right bodies", async (t) => {
	const { stage, url, held } = await startCounted(t);
	const all = await askMany(stage, url, 500);
	assert.equal(held.length, 1);
	const body = "x".repeat(100_000);
	held[0]?.writeHead(200, fresh).end(body);
	const bodies = await Promise.all(all.map(({ done }) => done));
	assert.ok(bodies.every((one) => one === body));
	assert.equal(stage.asked(), 1);
});

test("where the first client leaves, the next one asks, and all get their answer", async (t) => {
	const { stage, url, held } = await startCounted(t);
	const [first] = await askMany(stage, url, 1);
	await until(() => held.length === 1);
	const others = await askMany(stage, url, 5);
	first?.leave();
	await until(() => held.length === 2);
	held[1]?.writeHead(200, fresh).end("second");
	const bodies = await Promise.all(others.map(({ done }) => done));
	assert.deepEqual(bodies, Array(5).fill("second"));
});

test("a first client that leaves within the body takes nothing from the others", async (t) => {
	const { stage, url, held } = await startCounted(t);
	const [first] = await askMany(stage, url, 1);
	await until(() => held.length === 1);
	const others = await askMany(stage, url, 5);
	held[0]?.writeHead(200, { ...fresh, "content-length": 8 }).write("half");
	await new Promise((resolve) => setTimeout(resolve, 50));
	first?.leave();
	await new Promise((resolve) => setTimeout(resolve, 50));
	held[0]?.end("half");
	const bodies = await Promise.all(others.map(({ done }) => done));
	assert.deepEqual(bodies, Array(5).fill("halfhalf"));
	assert.equal(held.length, 1);
});

test("where the service dies within the body, the next one asks", async (t) => {
	const { stage, url, held } = await startCounted(t);
	const [first] = await askMany(stage, url, 1);
	await until(() => held.length === 1);
	const others = await askMany(stage, url, 3);
	held[0]?.writeHead(200, { ...fresh, "content-length": 8 }).write("half");
	await new Promise((resolve) => setTimeout(resolve, 20));
	held[0]?.destroy();
	await until(() => held.length === 2);
	held[1]?.writeHead(200, fresh).end("whole");
	assert.equal(await first?.done, null);
	const bodies = await Promise.all(others.map(({ done }) => done));
	assert.deepEqual(bodies, Array(3).fill("whole"));
});

test("an answer that turns out private releases all at once, and nobody waits for the next", async (t) => {
	const { stage, url, held } = await startCounted(t);
	const all = await askMany(stage, url, 4);
	await until(() => held.length === 1);
	held[0]?.writeHead(200, { "cache-control": "private" }).end("0");
	await until(() => held.length === 4);
	for (const [i, res] of held.entries()) {
		if (i > 0) res.writeHead(200, { "cache-control": "private" }).end(`${i}`);
	}
	const bodies = await Promise.all(all.map(({ done }) => done));
	assert.deepEqual(bodies.sort(), ["0", "1", "2", "3"]);
	const next = await askMany(stage, url, 2);
	await until(() => held.length === 6);
	for (const res of held.slice(4)) res.end("x");
	await Promise.all(next.map(({ done }) => done));
});

test("a body that takes its time is read along", async (t) => {
	const { stage, url, held } = await startCounted(t);
	const first = ask(url);
	await until(() => held.length === 1);
	held[0]?.writeHead(200, { ...fresh, "content-length": 8 }).write("half");
	let early = "";
	const req = request(url, { agent: false });
	const done = new Promise<void>((resolve) => {
		req.on("response", (res) => {
			res.on("data", (data) => {
				early += data;
			});
			res.on("end", resolve);
		});
	});
	req.end();
	await until(() => early === "half");
	held[0]?.end("half");
	await done;
	assert.equal(early, "halfhalf");
	assert.equal(await first.done, "halfhalf");
	assert.equal(stage.asked(), 1);
});

test("neither a first client that does not read nor a follower that does not keeps the others waiting", async (t) => {
	const { stage, url, held } = await startCounted(t);
	const { port } = new URL(url);
	const stuck = [1, 2].map(() => {
		const socket = connect(Number(port), "127.0.0.1");
		socket.on("error", () => undefined).pause();
		socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
		t.after(() => socket.destroy());
		return socket;
	});
	await until(() => held.length === 1 && (reached.get(stage) ?? 0) === 2);
	const host = `http://127.0.0.1:${port}/`;
	const req = request(host, { agent: false, headers: { host: "a" } });
	let length = 0;
	const done = new Promise<void>((resolve) => {
		req.on("response", (res) => {
			res.on("data", (data) => {
				length += data.length;
			});
			res.on("end", resolve);
		});
	});
	req.end();
	await until(() => (reached.get(stage) ?? 0) === 3);
	const body = Buffer.alloc(1_000_000, "x");
	held[0]
		?.writeHead(200, { ...fresh, "content-length": body.length })
		.end(body);
	await done;
	assert.equal(length, body.length);
	assert.equal(stuck.length, 2);
	assert.equal(held.length, 1);
});

test("a wait is bounded", async (t) => {
	const { stage, url, held } = await startCounted(t, {
		cache: { collapseWaitMs: 50 },
	});
	const all = await askMany(stage, url, 3);
	await until(() => held.length === 3);
	for (const res of held) res.writeHead(200, fresh).end("x");
	await Promise.all(all.map(({ done }) => done));
});

test("a body that is too large passes whole, and is not stored", async (t) => {
	const { stage, url, held } = await startCounted(t, {
		cache: { maxEntryBytes: 1_000 },
	});
	const all = await askMany(stage, url, 3);
	await until(() => held.length === 1);
	const body = "x".repeat(50_000);
	// No length is told: it shows only as it passes.
	held[0]?.writeHead(200, fresh).write(body.slice(0, 10));
	held[0]?.end(body.slice(10));
	await until(() => held.length === 3);
	for (const res of held.slice(1)) res.writeHead(200, fresh).end(body);
	for (const { done } of all) assert.equal(await done, body);
	assert.equal(stage.asked(), 3);
});

test("variants wait for their own", async (t) => {
	const stage = await startCache(t, (req, res) => {
		setTimeout(() => {
			res
				.writeHead(200, { ...fresh, vary: "x-lang" })
				.end(String(req.headers["x-lang"]));
		}, 20);
	});
	const langs = ["en", "de", "en", "de", "fr"];
	const answers = await Promise.all(
		langs.map((lang) => stage.get("/", { "x-lang": lang })),
	);
	assert.deepEqual(
		answers.map(({ body }) => body),
		langs,
	);
	assert.ok(stage.asked() <= 4, `${stage.asked()}`);
});
