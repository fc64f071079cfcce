import { type Checks, checkOptions, func, whole } from "../../kit/kit.ts";
import { type Counter, meters } from "./meters.ts";
import type { Charge, LimitStore, Taken, Verdict } from "./store.ts";

/** Bounds of a memory store. */
export interface MemoryStoreOptions {
	/** Counters at the same time, of about 250 bytes each; when there is no room those that have run out go first, then those that were not used lately. Default 100,000. */
	readonly maxKeys?: number;
	/** Milliseconds since the epoch. It may step back. Default `Date.now`. */
	readonly now?: () => number;
}

const checks: Checks<MemoryStoreOptions> = { maxKeys: whole(1), now: func };
const defaultMaxKeys = 100_000;
/** Counters looked at for each new one: more than come in, so that those that have run out do not pile up. */
const sweptPerKey = 2;
/** Less than that is the rounding of what has been given back. */
const leastHeld = 1e-9;
/** Counters looked at before a used one is given up. */
const maxLooks = 16;

/**
 * Counts in this process. No timer: what has run out goes when new keys come.
 *
 * @throws TypeError for options that cannot be used.
 */
export function memoryStore(options: MemoryStoreOptions = {}): LimitStore {
	checkOptions("memoryStore", options, checks);
	const { maxKeys = defaultMaxKeys, now = Date.now } = options;
	return new MemoryStore(maxKeys, now);
}

class MemoryStore implements LimitStore {
	readonly #counters: Map<string, Counter> = new Map();
	/** Calls at the same time: as many as are in flight, and never dropped before they end. */
	readonly #held: Map<string, number> = new Map();
	readonly #maxKeys: number;
	readonly #now: () => number;
	#swept: MapIterator<[string, Counter]>;
	#hand: MapIterator<[string, Counter]>;

	constructor(maxKeys: number, now: () => number) {
		this.#maxKeys = maxKeys;
		this.#now = now;
		this.#swept = this.#counters.entries();
		this.#hand = this.#counters.entries();
	}

	take(charges: readonly Charge[]): Taken {
		const nowMs = this.#now();
		const found: (Counter | null)[] = [];
		const waits: number[] = [];
		let isAllowed = true;
		for (const charge of charges) {
			const counter = this.#find(charge, nowMs);
			const waitMs = this.#waitMs(charge, counter, nowMs);
			found.push(counter);
			waits.push(waitMs);
			if (waitMs > 0) isAllowed = false;
		}
		const verdicts = charges.map((charge, i): Verdict => {
			const counter = found[i] as Counter | null;
			if (isAllowed) this.#add(charge, counter, nowMs);
			return this.#judge(charge, counter, waits[i] as number, nowMs);
		});
		return { isAllowed, verdicts, atMs: nowMs, lease: "" };
	}

	giveBack(charges: readonly Charge[], _group: string, { atMs }: Taken): void {
		const nowMs = this.#now();
		for (const { limit, key, cost } of charges) {
			if (limit.algorithm === "concurrency") {
				const left = (this.#held.get(key) ?? 0) - cost;
				// Sums of fractions leave a rest, which would stay for good.
				if (left > leastHeld) this.#held.set(key, left);
				else this.#held.delete(key);
				continue;
			}
			const counter = this.#counters.get(key);
			if (counter === undefined) continue;
			const meter = meters[limit.algorithm];
			meter.advance(limit, counter, nowMs);
			meter.remove(limit, counter, cost, atMs);
		}
	}

	/** The counter at the present; null for `concurrency`. A new one is not kept yet. */
	#find({ limit, key }: Charge, nowMs: number): Counter | null {
		if (limit.algorithm === "concurrency") return null;
		const known = this.#counters.get(key);
		const counter = known ?? newCounter();
		meters[limit.algorithm].advance(limit, counter, nowMs);
		// A key that comes only once makes room for those that come again.
		counter.isTouched = known !== undefined;
		return counter;
	}

	#waitMs(
		{ limit, key, cost }: Charge,
		counter: Counter | null,
		nowMs: number,
	): number {
		if (limit.algorithm !== "concurrency") {
			const meter = meters[limit.algorithm];
			return meter.retryMs(limit, counter as Counter, cost, nowMs);
		}
		const isFull = (this.#held.get(key) ?? 0) + cost > limit.limit;
		return isFull ? Number.POSITIVE_INFINITY : 0;
	}

	#add(
		{ limit, key, cost }: Charge,
		counter: Counter | null,
		nowMs: number,
	): void {
		if (cost === 0) return;
		if (limit.algorithm === "concurrency" || counter === null) {
			this.#held.set(key, (this.#held.get(key) ?? 0) + cost);
			return;
		}
		const meter = meters[limit.algorithm];
		if (!counter.isKept) this.#insert(key, counter, nowMs);
		meter.add(limit, counter, cost);
		counter.endsAtMs = nowMs + meter.resetMs(limit, counter, nowMs);
	}

	#judge(
		{ limit, key }: Charge,
		counter: Counter | null,
		retryMs: number,
		nowMs: number,
	): Verdict {
		const isAllowed = retryMs === 0;
		if (limit.algorithm === "concurrency" || counter === null) {
			const left = limit.limit - (this.#held.get(key) ?? 0);
			return {
				isAllowed,
				remaining: Math.max(0, Math.floor(left)),
				resetMs: 0,
				retryMs,
			};
		}
		const meter = meters[limit.algorithm];
		return {
			isAllowed,
			remaining: meter.remaining(limit, counter, nowMs),
			resetMs: meter.resetMs(limit, counter, nowMs),
			retryMs,
		};
	}

	#insert(key: string, counter: Counter, nowMs: number): void {
		this.#sweep(nowMs);
		if (this.#counters.size >= this.#maxKeys) this.#makeRoom(nowMs);
		this.#counters.set(key, counter);
		counter.isKept = true;
	}

	/** Goes round and round through all counters, a little with each new one. */
	#sweep(nowMs: number): void {
		for (let i = 0; i < sweptPerKey; i++) {
			const next = this.#swept.next();
			if (next.done === true) {
				this.#swept = this.#counters.entries();
				return;
			}
			const [key, counter] = next.value;
			if (counter.endsAtMs <= nowMs) this.#drop(key, counter);
		}
	}

	/**
	 * The next that has run out or was not asked for since the hand last passed it (CLOCK,
	 * Corbato 1968). The hand is kept: to find the first of a Map anew skips all that were deleted.
	 */
	#makeRoom(nowMs: number): void {
		for (let looks = 0; ; ) {
			const next = this.#hand.next();
			if (next.done === true) {
				this.#hand = this.#counters.entries();
				continue;
			}
			const [key, counter] = next.value;
			const isUsed = counter.isTouched && counter.endsAtMs > nowMs;
			if (!isUsed || ++looks > maxLooks) {
				this.#drop(key, counter);
				return;
			}
			counter.isTouched = false;
		}
	}

	#drop(key: string, counter: Counter): void {
		this.#counters.delete(key);
		counter.isKept = false;
	}
}

function newCounter(): Counter {
	return {
		atMs: 0,
		used: 0,
		previous: 0,
		endsAtMs: 0,
		isTouched: false,
		isKept: false,
	};
}
