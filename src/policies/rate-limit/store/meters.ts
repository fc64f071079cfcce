import type { Algorithm, Limit } from "../limit.ts";
import { windowEnd, windowStart } from "../window.ts";

/**
 * What is kept of one counter. Which moment `atMs` is, and in what `used` counts,
 * is its algorithm's affair. Whole numbers throughout, so that nothing is rounded.
 */
export interface Counter {
	atMs: number;
	used: number;
	/** Of the window before. */
	previous: number;
	/** From then on the counter says nothing any more. */
	endsAtMs: number;
	/** Whether it was asked for since it was last looked at for room. */
	isTouched: boolean;
	/** Whether it stands in the store. */
	isKept: boolean;
}

/** One algorithm. `advance` brings a counter to the present; the others read or change one that is. */
interface Meter {
	advance(limit: Limit, counter: Counter, nowMs: number): void;
	/** 0 where the cost fits. */
	retryMs(limit: Limit, counter: Counter, cost: number, nowMs: number): number;
	add(limit: Limit, counter: Counter, cost: number): void;
	/** Takes off a cost that was added at `thenMs`. */
	remove(limit: Limit, counter: Counter, cost: number, thenMs: number): void;
	remaining(limit: Limit, counter: Counter, nowMs: number): number;
	resetMs(limit: Limit, counter: Counter, nowMs: number): number;
}

/**
 * GCRA as a bucket that drains: `used` is the theoretical arrival time minus now,
 * times the limit, so that a window divided by the limit need not be whole. A clock
 * that steps back drains nothing and forgets nothing.
 */
const gcra: Meter = {
	advance({ limit }, counter, nowMs) {
		const elapsedMs = nowMs - counter.atMs;
		if (elapsedMs > 0) {
			counter.used = Math.max(0, counter.used - elapsedMs * limit);
		}
		counter.atMs = nowMs;
	},
	retryMs({ limit, burst, windowMs }, counter, cost) {
		if (cost > burst) return Number.POSITIVE_INFINITY;
		const over = counter.used + (cost - burst) * windowMs;
		return over <= 0 ? 0 : Math.ceil(over / limit);
	},
	add({ windowMs }, counter, cost) {
		counter.used += cost * windowMs;
	},
	remove({ windowMs }, counter, cost) {
		counter.used = Math.max(0, counter.used - cost * windowMs);
	},
	remaining: ({ burst, windowMs }, { used }) =>
		Math.max(0, Math.floor((burst * windowMs - used) / windowMs)),
	resetMs: ({ limit }, { used }) => (used === 0 ? 0 : Math.ceil(used / limit)),
};

/** The window before counts by what of it is still within reach. A clock that steps back into it keeps both counts. */
const slidingWindow: Meter = {
	advance({ windowMs }, counter, nowMs) {
		const startMs = Math.floor(nowMs / windowMs) * windowMs;
		if (startMs === counter.atMs) return;
		if (startMs > counter.atMs) {
			const isNext = startMs === counter.atMs + windowMs;
			counter.previous = isNext ? counter.used : 0;
			counter.used = 0;
		}
		counter.atMs = startMs;
	},
	retryMs({ limit, windowMs }, { atMs, used, previous }, cost, nowMs) {
		if (cost > limit) return Number.POSITIVE_INFINITY;
		const elapsedMs = nowMs - atMs;
		const room = limit - cost;
		if (previous * (windowMs - elapsedMs) <= (room - used) * windowMs) return 0;
		if (used <= room) {
			return firstFit(previous, room - used, windowMs) - elapsedMs;
		}
		return windowMs - elapsedMs + firstFit(used, room, windowMs);
	},
	add(_limit, counter, cost) {
		counter.used += cost;
	},
	remove({ windowMs }, counter, cost, thenMs) {
		const startMs = Math.floor(thenMs / windowMs) * windowMs;
		if (startMs === counter.atMs) {
			counter.used = Math.max(0, counter.used - cost);
		} else if (startMs + windowMs === counter.atMs) {
			counter.previous = Math.max(0, counter.previous - cost);
		}
	},
	remaining({ limit, windowMs }, { atMs, used, previous }, nowMs) {
		const weighed = previous * (windowMs - (nowMs - atMs));
		const left = (limit - used) * windowMs - weighed;
		return Math.max(0, Math.floor(left / windowMs));
	},
	resetMs({ windowMs }, { atMs, used, previous }, nowMs) {
		const restMs = atMs + windowMs - nowMs;
		if (used > 0) return restMs + windowMs;
		return previous > 0 ? restMs : 0;
	},
};

/** How far into a window the count of the one before has shrunk to `room`. */
function firstFit(count: number, room: number, windowMs: number): number {
	if (count <= room) return 0;
	return windowMs - Math.floor((room * windowMs) / count);
}

/** A clock that steps back into the window before goes on counting in this one: else the count would begin anew twice. */
const fixedWindow: Meter = {
	advance(limit, counter, nowMs) {
		if (nowMs >= counter.atMs && nowMs < counter.endsAtMs) return;
		const startMs = windowStart(limit, nowMs);
		if (startMs >= counter.endsAtMs) counter.used = 0;
		else if (windowEnd(limit, startMs) === counter.atMs) return;
		counter.atMs = startMs;
		counter.endsAtMs = windowEnd(limit, startMs);
	},
	retryMs({ limit }, { used, endsAtMs }, cost, nowMs) {
		if (cost > limit) return Number.POSITIVE_INFINITY;
		return used + cost <= limit ? 0 : endsAtMs - nowMs;
	},
	add(_limit, counter, cost) {
		counter.used += cost;
	},
	remove(_limit, counter, cost, thenMs) {
		if (thenMs < counter.atMs || thenMs >= counter.endsAtMs) return;
		counter.used = Math.max(0, counter.used - cost);
	},
	remaining: ({ limit }, { used }) => Math.max(0, Math.floor(limit - used)),
	resetMs: (_limit, { used, endsAtMs }, nowMs) =>
		used === 0 ? 0 : endsAtMs - nowMs,
};

/** The algorithms that count over time. */
export const meters: Readonly<
	Record<Exclude<Algorithm, "concurrency">, Meter>
> = {
	gcra,
	"sliding-window": slidingWindow,
	"fixed-window": fixedWindow,
};
