import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import {
	type Limit,
	type LimitOptions,
	toLimit,
} from "../../src/policies/rate-limit/limit.ts";
import type {
	Charge,
	LimitStore,
	Taken,
	Verdict,
} from "../../src/policies/rate-limit/store/store.ts";
import { Random } from "../security/fuzz/random.ts";
import { modelOf } from "./limit-models.ts";

/** A store under test, whose clock is the test's. */
export interface ClockedStore {
	readonly store: LimitStore;
	setTime(ms: number): Promise<void> | void;
}

/** Opens an empty store, closed by the test. */
export type OpenLimitStore = (t: TestContext) => Promise<ClockedStore>;

const startMs = Date.UTC(2026, 0, 30, 23, 59, 0);

const timed: readonly LimitOptions[] = [
	{ algorithm: "gcra", limit: 10, windowMs: 1_000 },
	{ algorithm: "gcra", limit: 7, windowMs: 1_000, burst: 1 },
	{ algorithm: "gcra", limit: 3, windowMs: 10_000, burst: 20 },
	{ algorithm: "sliding-window", limit: 10, windowMs: 1_000 },
	{ algorithm: "sliding-window", limit: 1, windowMs: 333 },
	{ algorithm: "fixed-window", limit: 10, windowMs: 1_000 },
	{ algorithm: "fixed-window", limit: 25, window: "minute" },
	{
		algorithm: "fixed-window",
		limit: 5,
		windowMs: 2_000,
		anchor: new Date(startMs + 777),
	},
	{ algorithm: "gcra", limit: 0, windowMs: 1_000 },
];

function nameOf({ algorithm, limit, windowMs, window, burst }: LimitOptions) {
	const burstText = burst === undefined ? "" : `, burst ${burst}`;
	return `${algorithm} ${limit} in ${window ?? `${windowMs} ms`}${burstText}`;
}

/** What every store of limits must do. */
export function limitStoreContract(
	name: string,
	open: OpenLimitStore,
	skip: string | false = false,
): void {
	const randomly = `${name} keeps to a simple model, over a random schedule:`;
	suite(randomly, { skip }, () => {
		for (const [seed, options] of timed.entries()) {
			test(nameOf(options), async (t) => {
				const { store, setTime } = await open(t);
				const limit = toLimit(options, "test");
				const model = modelOf(limit);
				const random = new Random(seed + 1);
				let nowMs = startMs;
				for (let i = 0; i < 400; i++) {
					nowMs += nextGap(random, limit);
					await setTime(nowMs);
					const cost = random.isLucky(0.2) ? 1 + random.below(4) : 1;
					const taken = await store.take([{ limit, key: "k", cost }], "k");
					const expected = model.take(nowMs, cost);
					const [verdict] = taken.verdicts as [Verdict];
					const where = `call ${i} at ${nowMs - startMs} ms`;
					assert.deepEqual(verdict, expected, where);
					assert.equal(taken.isAllowed, expected.isAllowed, where);
				}
			});
		}
	});

	suite(`${name}:`, { skip }, () => {
		test("a refused call would be allowed after the time it is told, and not sooner", async (t) => {
			const { store, setTime } = await open(t);
			for (const options of timed.slice(0, 8)) {
				const limit = toLimit(options, "test");
				const key = nameOf(options);
				const charges = [{ limit, key, cost: 1 }];
				let nowMs = startMs;
				await setTime(nowMs);
				let last = await store.take(charges, key);
				while (last.isAllowed) last = await store.take(charges, key);
				const retryMs = last.verdicts[0]?.retryMs ?? 0;
				nowMs += retryMs - 1;
				await setTime(nowMs);
				assert.ok(!(await store.take(charges, key)).isAllowed, key);
				await setTime(nowMs + 1);
				assert.ok((await store.take(charges, key)).isAllowed, key);
			}
		});

		test("charges of one call are taken all or none", async (t) => {
			const { store, setTime } = await open(t);
			await setTime(startMs);
			const few = toLimit({ limit: 1, windowMs: 60_000 }, "test");
			const many = toLimit(
				{ name: "many", algorithm: "fixed-window", limit: 9, window: "hour" },
				"test",
			);
			const both: Charge[] = [
				{ limit: many, key: "m", cost: 1 },
				{ limit: few, key: "f", cost: 1 },
			];
			assert.ok((await store.take(both, "g")).isAllowed);
			const second = await store.take(both, "g");
			assert.ok(!second.isAllowed);
			const [first, other] = second.verdicts as [Verdict, Verdict];
			assert.equal(first.isAllowed, true);
			assert.equal(first.remaining, 8, "what was refused counts nowhere");
			assert.equal(other.isAllowed, false);
		});

		test("what is given back can be taken again", async (t) => {
			const { store, setTime } = await open(t);
			await setTime(startMs);
			for (const algorithm of [
				"gcra",
				"sliding-window",
				"fixed-window",
			] as const) {
				const options = { algorithm, limit: 2, windowMs: 60_000 };
				const limit = toLimit(options, "test");
				const charges = [{ limit, key: algorithm, cost: 2 }];
				const taken = await store.take(charges, algorithm);
				assert.ok(taken.isAllowed);
				assert.ok(!(await store.take(charges, algorithm)).isAllowed);
				await store.giveBack(charges, algorithm, taken);
				assert.ok((await store.take(charges, algorithm)).isAllowed, algorithm);
			}
		});

		test("so many calls at the same time, and one more when one has ended", async (t) => {
			const { store, setTime } = await open(t);
			await setTime(startMs);
			const limit = toLimit({ algorithm: "concurrency", limit: 3 }, "test");
			const charges = [{ limit, key: "c", cost: 1 }];
			const held: Taken[] = [];
			for (let i = 0; i < 3; i++) held.push(await store.take(charges, "c"));
			assert.ok(held.every(({ isAllowed }) => isAllowed));
			assert.equal(held[2]?.verdicts[0]?.remaining, 0);
			assert.ok(!(await store.take(charges, "c")).isAllowed);
			await store.giveBack(charges, "c", held[1] as Taken);
			assert.ok((await store.take(charges, "c")).isAllowed);
			assert.ok(!(await store.take(charges, "c")).isAllowed);
		});

		test("parts of calls at the same time, which leave nothing when they have ended", async (t) => {
			const { store, setTime } = await open(t);
			await setTime(startMs);
			const limit = toLimit({ algorithm: "concurrency", limit: 7 }, "test");
			const part = [{ limit, key: "parts", cost: 2.1 }];
			const held: Taken[] = [];
			for (let i = 0; i < 3; i++) held.push(await store.take(part, "parts"));
			for (const taken of held) await store.giveBack(part, "parts", taken);
			const all = [{ limit, key: "parts", cost: 7 }];
			assert.ok((await store.take(all, "parts")).isAllowed);
		});

		test("a clock that steps back forgets nothing and locks nobody out", async (t) => {
			const { store, setTime } = await open(t);
			for (const options of timed.slice(0, 7)) {
				const limit = toLimit(options, "test");
				const key = `back ${nameOf(options)}`;
				const charges = [{ limit, key, cost: 1 }];
				await setTime(startMs);
				while ((await store.take(charges, key)).isAllowed);
				const { windowMs } = limit;
				await setTime(startMs - Math.floor(windowMs / 2));
				assert.ok(!(await store.take(charges, key)).isAllowed, key);
				await setTime(startMs + 3 * windowMs + limit.burst * windowMs);
				assert.ok((await store.take(charges, key)).isAllowed, key);
			}
		});

		test("months begin on the first, or on the anchor's day", async (t) => {
			const { store, setTime } = await open(t);
			const base = { algorithm: "fixed-window", limit: 1 } as const;
			const calendar = toLimit({ ...base, window: "month" }, "test");
			const anchor = new Date(Date.UTC(2025, 11, 31, 12));
			const billed = toLimit({ ...base, window: "month", anchor }, "test");
			const take = async (limit: Limit, ms: number): Promise<Verdict> => {
				await setTime(ms);
				const charges = [{ limit, key: limit.anchorMs.toString(), cost: 1 }];
				return (await store.take(charges, "g")).verdicts[0] as Verdict;
			};
			const at = Date.UTC(2026, 1, 10);
			assert.equal((await take(calendar, at)).isAllowed, true);
			const refused = await take(calendar, at + 1);
			assert.equal(refused.retryMs, Date.UTC(2026, 2, 1) - at - 1);
			assert.ok((await take(calendar, Date.UTC(2026, 2, 1))).isAllowed);
			// February has no 31st: its last day takes its place.
			assert.equal((await take(billed, at)).isAllowed, true);
			const late = await take(billed, at + 1);
			assert.equal(late.retryMs, Date.UTC(2026, 1, 28, 12) - at - 1);
		});
	});
}

/** Mostly bursts, sometimes a rest that lets some or all of it run out. */
function nextGap(random: Random, { windowMs }: Limit): number {
	if (random.isLucky(0.5)) return random.below(3);
	if (random.isLucky(0.8)) return random.below(Math.ceil(windowMs / 5));
	return random.below(windowMs * 3);
}
