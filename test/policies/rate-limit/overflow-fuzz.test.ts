import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import type { Context, Outcome, RouteInfo } from "../../../src/index.ts";
import {
	type LimitStore,
	memoryStore,
	type RateLimitOptions,
	rateLimit,
} from "../../../src/policies/rate-limit/rate-limit.ts";
import { Random } from "../../security/fuzz/random.ts";

const overflow = { queueMs: 700, max: 6 };
const one: RateLimitOptions = {
	...{ limit: 20, windowMs: 1_000, burst: 3, overflow },
	cost: (ctx) => Number(ctx.method),
	key: (ctx) => ctx.url,
};
const several: RateLimitOptions = {
	limits: [
		{ ...one, name: "each", limit: 20 },
		{ ...one, name: "all", limit: 30, burst: 4, key: () => "all" },
		{
			...{ name: "window", algorithm: "sliding-window", overflow },
			...{ limit: 40, windowMs: 1_000, key: (ctx) => `${ctx.url}!` },
		},
		{ name: "places", algorithm: "concurrency", limit: 5, key: () => "all" },
	],
};

interface Call {
	readonly key: string;
	readonly number: number;
	readonly sinceMs: number;
	state: "waits" | "passed" | "refused" | "left";
	leave(): void;
	/** Its answer is out. */
	end(): void;
}

/** A limiter, and calls that come and go; nothing but it and the clock. */
class Crowd {
	readonly calls: Call[] = [];
	readonly passed: Call[] = [];
	readonly #hooks: ReturnType<ReturnType<typeof rateLimit>["forRoute"]>;

	constructor(options: RateLimitOptions) {
		const policy = rateLimit({ ...options, maxWaiting: 9 });
		this.#hooks = policy.forRoute({ id: "GET /" } as RouteInfo);
	}

	come(key: string, cost: number): Call {
		const controller = new AbortController();
		const fields = {
			...{ url: key, method: String(cost), signal: controller.signal },
			...{
				state: new Map(),
				hasState: true,
				setResponseHeader: () => undefined,
				responseHeader: () => null,
			},
		};
		const ctx = fields as unknown as Context;
		const finish = (status: number): void =>
			this.#hooks?.onFinish?.(ctx, { status } as Outcome);
		const call: Call = {
			...{ key, number: this.calls.length, sinceMs: Date.now() },
			state: "waits",
			leave: () => {
				call.state = "left";
				controller.abort();
				finish(499);
			},
			end: () => finish(200),
		};
		this.calls.push(call);
		const settle = (state: Call["state"]): void => {
			if (call.state === "left") return;
			call.state = state;
			if (state === "passed") this.passed.push(call);
		};
		// A gateway awaits only what is a promise, and asks nothing of who has left.
		try {
			const admitted = this.#hooks?.onAdmit?.(ctx);
			if (!(admitted instanceof Promise)) settle("passed");
			else {
				admitted.then(
					() => settle("passed"),
					() => settle("refused"),
				);
			}
		} catch {
			settle("refused");
		}
		return call;
	}
}

/** Answers in a later tick, sometimes two. */
function distant(random: Random): LimitStore {
	const store = memoryStore({ now: () => Date.now() });
	const travel = async (): Promise<void> => {
		do await new Promise(setImmediate);
		while (random.isLucky(0.3));
	};
	return {
		async take(charges, group) {
			await travel();
			const taken = store.take(charges, group);
			await travel();
			return taken;
		},
		giveBack: async (...args) => {
			await travel();
			await store.giveBack(...args);
		},
	};
}

async function pass(t: TestContext, ms: number): Promise<void> {
	for (let i = 0; i < ms; i++) {
		t.mock.timers.tick(1);
		await new Promise(setImmediate);
	}
}

async function goThrough(
	t: TestContext,
	random: Random,
	options: RateLimitOptions,
): Promise<Crowd> {
	t.mock.timers.enable({
		apis: ["setTimeout", "Date"],
		now: 1_800_000_000_000,
	});
	const crowd = new Crowd({ ...options, now: () => Date.now() });
	for (let i = 0; i < 250; i++) {
		if (random.isLucky(0.6)) {
			crowd.come(random.pick(["a", "b"]), 1 + random.below(2));
		}
		if (random.isLucky(0.15)) {
			const waiting = crowd.calls.filter(({ state }) => state === "waits");
			if (waiting.length > 0) random.pick(waiting).leave();
		}
		for (const call of crowd.passed.splice(0)) call.end();
		if (random.isLucky(0.5)) await pass(t, random.below(60));
		else await new Promise(setImmediate);
		const lateMs = Date.now() - overflow.queueMs - 40;
		const late = crowd.calls.filter(
			({ state, sinceMs }) => state === "waits" && sinceMs < lateMs,
		);
		assert.deepEqual(late, [], "nobody waits for longer than he may");
	}
	await pass(t, 2_000);
	const left = crowd.calls.filter(({ state }) => state === "waits");
	assert.deepEqual(left, [], "nobody is forgotten");
	const counts = Object.groupBy(crowd.calls, ({ state }) => state);
	for (const state of ["passed", "left"] as const) {
		assert.ok((counts[state]?.length ?? 0) > 0, state);
	}
	for (const call of crowd.passed.splice(0)) call.end();
	await pass(t, 20_000);
	const last = crowd.come("a", 1);
	await pass(t, 9);
	assert.equal(last.state, "passed", "what has run out is forgotten");
	return crowd;
}

suite("over random arrivals and departures nobody is forgotten or waits too long", () => {
	for (const [name, options] of Object.entries({ one, several })) {
		for (const where of ["near", "distant"]) {
			for (let seed = 1; seed <= 8; seed++) {
				test(`${name}, ${where} store, seed ${seed}`, async (t) => {
					const random = new Random(seed);
					const far = { name: "far", store: distant(new Random(seed)) };
					const store = where === "near" ? {} : far;
					await goThrough(t, random, { ...options, ...store });
				});
			}
		}
	}
});

test("those of one key pass in the order in which they came", async (t) => {
	t.mock.timers.enable({
		apis: ["setTimeout", "Date"],
		now: 1_800_000_000_000,
	});
	const random = new Random(11);
	const crowd = new Crowd({ ...one, now: () => Date.now() });
	for (let i = 0; i < 300; i++) {
		crowd.come(random.pick(["a", "b"]), 1 + random.below(3));
		await pass(t, random.below(70));
		const waiting = crowd.calls.filter(({ state }) => state === "waits");
		if (random.isLucky(0.1) && waiting.length > 0) random.pick(waiting).leave();
	}
	await pass(t, 2_000);
	for (const key of ["a", "b"]) {
		const numbers = crowd.passed
			.filter((call) => call.key === key)
			.map(({ number }) => number);
		assert.ok(numbers.length > 20);
		assert.deepEqual(
			numbers,
			numbers.toSorted((a, b) => a - b),
		);
	}
});
