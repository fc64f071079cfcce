import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BodyCollector } from "../../../src/policies/cache/call/body-collector.ts";
import { FillBudget } from "../../../src/policies/cache/call/fill-budget.ts";
import {
	Filling,
	type Turn,
} from "../../../src/policies/cache/call/filling.ts";
import { Lookup } from "../../../src/policies/cache/call/lookup.ts";
import { RequestFacts } from "../../../src/policies/cache/http/request-facts.ts";
import { answerOf } from "../../contract/cache-store.ts";
import { type CacheStage, startCache } from "./stage.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
setFlagsFromString("--no-expose-gc");

const fresh = { "cache-control": "max-age=60" };

/** Waits until something holds. */
async function until(holds: () => boolean): Promise<void> {
	while (!holds()) await new Promise(setImmediate);
}

/** A service whose answers a test gives by hand; `heads` counts those that the gateway has seen begin. */
async function startHeld(
	t: TestContext,
	cache = {},
): Promise<{ stage: CacheStage; held: ServerResponse[]; heads: () => number }> {
	const held: ServerResponse[] = [];
	let count = 0;
	const onUpstreamResponse = (): void => {
		count++;
	};
	const stage = await startCache(
		t,
		(req, res) => {
			req.resume();
			held.push(res);
		},
		{
			cache,
			policies: [{ name: "heads", forRoute: () => ({ onUpstreamResponse }) }],
		},
	);
	return { stage, held, heads: () => count };
}

test("10,000 wait for one call; one more asks for itself", async () => {
	const filling = new Filling(new Map(), "key");
	const lookup = () => new Lookup(new RequestFacts([]), "/", "key");
	const turns: Promise<Turn>[] = [];
	for (let i = 0; i < 10_000; i++) turns.push(filling.join(lookup(), 60_000));
	assert.equal((await filling.join(lookup(), 60_000)).kind, "alone");
	filling.release();
	const kinds = new Set((await Promise.all(turns)).map(({ kind }) => kind));
	assert.deepEqual([...kinds], ["alone"]);
});

test("a call that is over stands in no map and lets nobody wait", async () => {
	const fillings = new Map<string, Filling>();
	for (const end of ["release", "fail"] as const) {
		const filling = new Filling(fillings, "key");
		assert.equal(fillings.size, 1);
		filling[end]();
		assert.equal(fillings.size, 0);
	}
});

test("a call that is over holds nothing of its request: maps keep it for a while", async () => {
	const filling = new Filling(new Map(), "key");
	const held = fill(filling);
	await new Promise(setImmediate);
	collect();
	assert.deepEqual(
		held.map((ref) => ref.deref()),
		[undefined, undefined],
	);
	assert.equal(filling.variantKey, null);
});

/** Has somebody wait for an answer, which comes; refers weakly to what the call has known. */
function fill(filling: Filling): readonly WeakRef<object>[] {
	const head = answerOf("");
	const collector = new BodyCollector(
		{ onWhole: () => undefined, onLost: () => undefined },
		new FillBudget(1_000),
		1_000,
	);
	const live = { head, contentLength: 0, collector };
	const lookup = new Lookup(new RequestFacts([]), "/", "key");
	void filling.join(lookup, 60_000);
	filling.begin(live);
	filling.complete(head);
	return [new WeakRef(live), new WeakRef(lookup)];
}

test("a wait ends after 5 s where nothing else is said", async (t) => {
	const { stage, held } = await startHeld(t);
	const first = stage.get("/");
	await until(() => held.length === 1);
	t.mock.timers.enable({ apis: ["setTimeout"] });
	const second = stage.get("/");
	for (let i = 0; i < 20; i++) await new Promise(setImmediate);
	t.mock.timers.tick(4_999);
	for (let i = 0; i < 20; i++) await new Promise(setImmediate);
	assert.equal(held.length, 1);
	t.mock.timers.tick(1);
	await until(() => held.length === 2);
	t.mock.timers.reset();
	for (const res of held) res.writeHead(200, fresh).end("x");
	assert.equal((await second).body, "x");
	assert.equal((await first).body, "x");
});

test("256 refreshes are under way at the same time; what is stale beyond them is refreshed later", async (t) => {
	const held: ServerResponse[] = [];
	let isHeld = false;
	const stage = await startCache(t, (_req, res) => {
		res.setHeader("cache-control", "max-age=10, stale-while-revalidate=60");
		if (isHeld) held.push(res);
		else res.end("x");
	});
	const urls = Array.from({ length: 257 }, (_, i) => `/${i}`);
	for (const url of urls) await stage.get(url);
	stage.clock.pass(20);
	isHeld = true;
	for (const url of urls) {
		assert.match((await stage.get(url)).how, /hit; ttl=-10/);
	}
	await until(() => held.length === 256);
	assert.match((await stage.get("/256")).how, /hit; ttl=-10/);
	assert.equal(stage.asked(), 257 + 256);
	isHeld = false;
	for (const res of held) res.end("y");
	// Each look at a stale answer begins its refresh, now that there is room.
	while ((await stage.get("/256")).how !== "headgate; hit; ttl=10") {
		await new Promise(setImmediate);
	}
	assert.equal(stage.asked(), 257 + 257);
});

test("beyond the bytes that may be on their way into the store, answers only pass", async (t) => {
	const { stage, held, heads } = await startHeld(t, { maxFillBytes: 1_000 });
	// Twice its length is reserved: 600 of 1,000.
	const answer = { ...fresh, "content-length": 300 };
	const body = "x".repeat(300);
	const both = [stage.get("/a"), stage.get("/b")];
	await until(() => held.length === 2);
	for (const res of held) res.writeHead(200, answer).write("x");
	await until(() => heads() === 2);
	for (const res of held) res.end(body.slice(1));
	const answers = await Promise.all(both);
	assert.deepEqual(
		answers.map((one) => one.body),
		[body, body],
	);
	const hows = answers.map(({ how }) => how).sort();
	assert.deepEqual(hows, [
		"headgate; fwd=uri-miss; detail=busy",
		"headgate; fwd=uri-miss; stored",
	]);
	// What was reserved has been given back.
	const third = stage.get("/c");
	await until(() => held.length === 3);
	held[2]?.writeHead(200, answer).end(body);
	assert.equal((await third).how, "headgate; fwd=uri-miss; stored");
});

test("what is reserved for an answer that breaks off, or turns out too large, is given back", async (t) => {
	const { stage, held } = await startHeld(t, {
		maxFillBytes: 2_000,
		maxEntryBytes: 800,
	});
	for (let i = 0; i < 10; i++) {
		const odd = stage.get(`/${i}`).catch(() => null);
		await until(() => held.length === i + 1);
		const res = held[i] as ServerResponse;
		if (i % 2 === 0) {
			res.writeHead(200, { ...fresh, "content-length": 700 }).write("x");
			await new Promise((resolve) => setTimeout(resolve, 5));
			res.destroy();
		} else {
			res.writeHead(200, fresh);
			res.write("x".repeat(700));
			res.end("x".repeat(700));
		}
		await odd;
	}
	const last = stage.get("/last");
	await until(() => held.length === 11);
	held[10]?.writeHead(200, { ...fresh, "content-length": 700 });
	held[10]?.end("x".repeat(700));
	assert.equal((await last).how, "headgate; fwd=uri-miss; stored");
});

test("who asks after a change waits for no call from before it", async (t) => {
	for (const change of ["PUT", "url", "prefix", "tag"]) {
		const { stage, held } = await startHeld(t);
		const first = stage.get("/a");
		await until(() => held.length === 1);
		const other = stage.get("/b");
		await until(() => held.length === 2);
		if (change === "PUT") {
			const put = stage.get("/a", {}, "PUT");
			await until(() => held.length === 3);
			held[2]?.end();
			await put;
		} else {
			held.push({} as ServerResponse);
			await stage.cache.purge({ [change]: "/a" });
		}
		const second = stage.get("/a");
		held[0]?.writeHead(200, { ...fresh, "cache-tag": "/a" }).end("old");
		held[1]?.writeHead(200, fresh).end("b");
		assert.equal((await first).body, "old", change);
		assert.equal((await other).body, "b");
		let early = "";
		second.then(({ body }) => {
			early = body;
		});
		await until(() => held.length === 4 || early !== "");
		assert.equal(early, "", `${change}: it waited for the old answer`);
		held[3]?.writeHead(200, fresh).end("new");
		assert.equal((await second).body, "new", change);
		const third = await stage.get("/a");
		assert.deepEqual([third.body, third.how], ["new", "headgate; hit; ttl=60"]);
	}
});
