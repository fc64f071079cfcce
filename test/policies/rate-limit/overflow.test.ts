import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	type LimitStore,
	memoryStore,
} from "../../../src/policies/rate-limit/rate-limit.ts";
import { answered, type Call, startQueue } from "./queue-stage.ts";

const names = Array.from({ length: 50 }, (_, i) => `c${i}`);
const long = { queueMs: 60_000, max: 100 };
const evenly = { limit: 10, windowMs: 1_000, burst: 1, overflow: long };

suite("calls over a limit with overflow", () => {
	test("all succeed, 50 at once against 10 a second, evenly spaced and in order", async (t) => {
		const stage = await startQueue(t, evenly);
		const calls: Call[] = [];
		for (const name of names) calls.push(await stage.call(name));
		await stage.pass(4_900);
		const expected = names.map((name, i) => [name, i * 100]);
		assert.deepEqual(stage.passed, expected);
		for (const call of calls) assert.equal(await answered(call), 200);
		assert.deepEqual(
			stage.decisions.map(({ outcome, waitedMs }) => [outcome, waitedMs]),
			names.map((_, i) => [i === 0 ? "allowed" : "queued", i * 100]),
		);
	});

	test("wait only where the burst is used up", async (t) => {
		const stage = await startQueue(t, { ...evenly, burst: 10 });
		for (const name of names) await stage.call(name);
		await stage.pass(4_000);
		const expected = names.map((name, i) => [name, Math.max(0, i - 9) * 100]);
		assert.deepEqual(stage.passed, expected);
	});

	test("pass as fast as the limit is, several in one millisecond", async (t) => {
		const fast = { limit: 5_000, windowMs: 1_000, burst: 10 };
		const stage = await startQueue(t, { ...fast, overflow: long });
		for (const name of names) await stage.call(name);
		await stage.pass(8);
		const times = stage.passed.map(([, atMs]) => atMs);
		const expected = names.map((_, i) => Math.max(0, Math.ceil((i - 9) / 5)));
		assert.deepEqual(times, expected);
	});

	test("are told what is left when they have passed", async (t) => {
		const stage = await startQueue(t, evenly);
		await stage.call("a");
		const waiting = await stage.call("b");
		await stage.pass(100);
		assert.equal(await answered(waiting), 200);
		assert.equal(waiting.headers.ratelimit, '"default";r=0;t=1');
	});

	test("move up when one of them leaves, which counts nowhere", async (t) => {
		const stage = await startQueue(t, {
			limits: [
				{ ...evenly, name: "rate" },
				{ name: "day", algorithm: "fixed-window", limit: 3, window: "day" },
			],
		});
		const [, second] = [await stage.call("a"), await stage.call("b")];
		await stage.call("c");
		await stage.call("d");
		await stage.pass(50);
		await second.leave();
		await stage.pass(150);
		assert.deepEqual(stage.passed, [
			["a", 0],
			["c", 100],
			["d", 200],
		]);
		assert.equal(await answered(await stage.call("e")), 429, "the day's limit");
	});

	test("move up when one in the middle leaves", async (t) => {
		const stage = await startQueue(t, evenly);
		await stage.call("a");
		await stage.call("b");
		const third = await stage.call("c");
		await stage.call("d");
		await third.leave();
		await stage.pass(200);
		assert.deepEqual(stage.passed, [
			["a", 0],
			["b", 100],
			["d", 200],
		]);
	});

	test("free their place when they leave", async (t) => {
		const overflow = { queueMs: 60_000, max: 1 };
		const stage = await startQueue(t, { ...evenly, overflow });
		await stage.call("a");
		const waiting = await stage.call("b");
		assert.equal(await answered(await stage.call("c")), 429);
		await waiting.leave();
		const next = await stage.call("d");
		await stage.pass(100);
		assert.equal(await answered(next), 200);
		assert.deepEqual(stage.passed, [
			["a", 0],
			["d", 100],
		]);
	});

	test("are refused where all places are taken, and told when all that wait have passed", async (t) => {
		const overflow = { queueMs: 60_000, max: 30 };
		const stage = await startQueue(t, { ...evenly, overflow });
		for (const name of names.slice(0, 31)) await stage.call(name);
		const refused = await stage.call("late");
		assert.equal(await answered(refused), 429);
		assert.equal(refused.headers["retry-after"], "4");
		assert.equal(refused.headers.ratelimit, '"default";r=0;t=4');
		assert.equal(stage.decisions.at(-1)?.outcome, "refused");
		await stage.pass(4_000);
		assert.equal(await answered(await stage.call("again")), 200);
		assert.equal(stage.decisions.at(-1)?.outcome, "allowed");
	});

	test("are refused at once where their turn would come too late", async (t) => {
		const overflow = { queueMs: 250, max: 30 };
		const stage = await startQueue(t, { ...evenly, overflow });
		for (const name of ["a", "b", "c"]) await stage.call(name);
		const late = await stage.call("d");
		assert.equal(await answered(late), 429);
		assert.equal(late.headers["retry-after"], "1");
		await stage.pass(200);
		assert.deepEqual(
			stage.passed.map(([name]) => name),
			["a", "b", "c"],
		);
	});

	test("are refused at once where even the window after the next one is full", async (t) => {
		const overflow = { queueMs: 1_500, max: 30 };
		const window = { algorithm: "fixed-window", limit: 2 } as const;
		const options = { ...window, windowMs: 1_000, overflow };
		const stage = await startQueue(t, options);
		for (const name of ["a", "b", "c", "d"]) await stage.call(name);
		const late = await stage.call("e");
		assert.equal(await answered(late), 429);
		assert.equal(late.headers["retry-after"], "2");
		await stage.pass(1_000);
		assert.equal(stage.passed.length, 4);
	});

	test("are refused when their time is over, where other gateways were faster", async (t) => {
		const shared = memoryStore({ now: () => Date.now() });
		let isStealing = false;
		const store: LimitStore = {
			take(charges, group) {
				if (isStealing) shared.take(charges, group);
				return shared.take(charges, group);
			},
			giveBack: (...args) => shared.giveBack(...args),
		};
		const overflow = { queueMs: 250, max: 30 };
		const stage = await startQueue(t, {
			...{ ...evenly, overflow, name: "stolen", store },
		});
		await stage.call("a");
		const [b, c] = [await stage.call("b"), await stage.call("c")];
		isStealing = true;
		await stage.pass(199);
		assert.deepEqual([b.status, c.status], [0, 0]);
		await stage.pass(1);
		assert.equal(await answered(b), 429);
		await stage.pass(49);
		assert.equal(c.status, 0);
		await stage.pass(1);
		assert.equal(await answered(c), 429);
		assert.equal(stage.decisions.at(-1)?.waitedMs, 250);
	});

	test("wait by many keys no more than maxWaiting in all", async (t) => {
		const stage = await startQueue(t, {
			...evenly,
			maxWaiting: 2,
			key: (ctx) => ctx.url.slice(0, 2),
		});
		for (const key of ["/a", "/b", "/c"]) await stage.call(`${key}1`, key);
		await stage.call("a2", "/a");
		await stage.call("b2", "/b");
		assert.equal(await answered(await stage.call("c2", "/c")), 429);
		await stage.pass(100);
		assert.equal(stage.passed.length, 5);
		await stage.call("c3", "/c");
		const more = await stage.call("c4", "/c");
		await stage.pass(100);
		assert.equal(await answered(more), 200);
	});

	test("of different keys do not wait for one another", async (t) => {
		const stage = await startQueue(t, {
			...evenly,
			key: (ctx) => ctx.url.slice(0, 2),
		});
		for (const name of ["a1", "a2", "a3"]) await stage.call(name, "/a");
		await stage.call("b1", "/b");
		await stage.call("b2", "/b");
		await stage.pass(200);
		assert.deepEqual(stage.passed, [
			["a1", 0],
			["b1", 0],
			["a2", 100],
			["b2", 100],
			["a3", 200],
		]);
	});

	test("cost what they cost", async (t) => {
		const stage = await startQueue(t, {
			...evenly,
			burst: 5,
			cost: (ctx) => Number(ctx.url.at(1)),
		});
		await stage.call("a", "/5");
		await stage.call("b", "/3");
		await stage.call("c", "/1");
		await stage.call("d", "/5");
		await stage.call("free", "/0");
		await stage.pass(900);
		assert.deepEqual(stage.passed, [
			["a", 0],
			["free", 0],
			["b", 300],
			["c", 400],
			["d", 900],
		]);
	});

	test("wait for whole windows, or for the last one to fade", async (t) => {
		for (const algorithm of ["fixed-window", "sliding-window"] as const) {
			await t.test(algorithm, async (t) => {
				const options = { algorithm, limit: 2, windowMs: 1_000 };
				const stage = await startQueue(t, { ...options, overflow: long });
				for (const name of ["a", "b", "c", "d", "e"]) await stage.call(name);
				await stage.pass(3_500);
				const times = stage.passed.map(([, atMs]) => atMs);
				const expected = {
					"fixed-window": [0, 0, 1_000, 1_000, 2_000],
					"sliding-window": [0, 0, 1_500, 2_000, 3_000],
				};
				assert.deepEqual(times, expected[algorithm]);
			});
		}
	});
});

suite("of several limits", () => {
	test("one without overflow refuses at once, also who has waited", async (t) => {
		const stage = await startQueue(t, {
			limits: [
				{ ...evenly, name: "rate" },
				{ name: "day", algorithm: "fixed-window", limit: 2, window: "day" },
			],
		});
		for (const name of ["a", "b"]) await stage.call(name);
		const third = await stage.call("c");
		await stage.pass(300);
		assert.equal(await answered(third), 429);
		assert.equal(stage.decisions.at(-1)?.reason, "day");
		assert.equal(await answered(await stage.call("d")), 429);
		assert.equal(stage.passed.length, 2);
	});

	test("a call waits for one after the other, and keeps nobody behind it waiting", async (t) => {
		const stage = await startQueue(t, {
			limits: [
				{ ...evenly, name: "all", key: () => "all" },
				{
					...{ name: "each", limit: 1, windowMs: 1_000, overflow: long },
					key: (ctx) => ctx.url.slice(0, 2),
				},
			],
		});
		await stage.call("a1", "/a");
		await stage.call("a2", "/a");
		await stage.call("b1", "/b");
		await stage.call("c1", "/c");
		await stage.pass(1_200);
		assert.deepEqual(stage.passed, [
			["a1", 0],
			["b1", 100],
			["c1", 200],
			["a2", 1_000],
		]);
	});
});

test("in shadow nobody waits", async (t) => {
	const stage = await startQueue(t, { ...evenly, enforce: "shadow" });
	for (const name of ["a", "b"]) await stage.call(name);
	assert.deepEqual(
		stage.decisions.map(({ outcome }) => outcome),
		["allowed", "shadowed"],
	);
});
