import { bucketCount, quantilesOf } from "./histogram.ts";
import { coveredMs, type Ring, type WindowName, Windows } from "./ring.ts";
import type { StatusCounts, Traffic } from "./snapshot.ts";

/** Where a status is counted: by its class, and clients that left on their own. */
export const statusClasses = [
	"1xx",
	"2xx",
	"3xx",
	"4xx",
	"5xx",
	"499",
] as const;

/** Counters before the histogram: one a class, then calls that failed. */
const failedAt: number = statusClasses.length;
const histogramAt: number = failedAt + 1;
const countWidth: number = histogramAt + bucketCount;
/** Sums, in milliseconds: of the whole time, of the gateway's own, of the upstream's. */
const sumWidth = 3;

/** The column of a status. */
export function classOf(status: number): number {
	if (status === 499) return 5;
	const first = Math.floor(status / 100) - 1;
	return first >= 0 && first < 5 ? first : 4;
}

/** The calls of a route, an origin or the whole gateway: how many, how they ended, how slow. */
export class TrafficCounter {
	inFlight = 0;
	readonly #windows = new Windows(countWidth, sumWidth);

	/** Counts a call by how it ended. */
	add(nowMs: number, statusClass: number, isFailed: boolean): void {
		count(this.#windows.minute, nowMs, statusClass, isFailed);
		count(this.#windows.ten, nowMs, statusClass, isFailed);
	}

	/** Counts how long a call took: `bucket` is that of `durationMs`. In milliseconds. */
	time(
		nowMs: number,
		bucket: number,
		durationMs: number,
		overheadMs: number,
		upstreamMs: number,
	): void {
		for (let i = 0; i < 2; i++) {
			const ring = i === 0 ? this.#windows.minute : this.#windows.ten;
			const row = ring.rowAt(nowMs);
			bump(ring.counts, row * countWidth + histogramAt + bucket);
			const at = row * sumWidth;
			add(ring.sums, at, durationMs);
			add(ring.sums, at + 1, overheadMs);
			add(ring.sums, at + 2, upstreamMs);
		}
	}

	/** The calls of the last 10 to 15 seconds, and those of them that failed. */
	readLatest(nowMs: number): { calls: number; failed: number } {
		const { counts } = this.#windows.minute.total(nowMs, 3);
		let calls = 0;
		for (let i = 0; i < failedAt; i++) calls += counts[i] as number;
		return { calls, failed: counts[failedAt] as number };
	}

	/** What a window holds. `startedMs` is when the counting began. */
	read(window: WindowName, startedMs: number, nowMs: number): Traffic {
		const { counts, sums } = this.#windows.total(window, nowMs);
		const status = {} as Record<keyof StatusCounts, number>;
		let calls = 0;
		for (const [i, name] of statusClasses.entries()) {
			status[name] = counts[i] as number;
			calls += counts[i] as number;
		}
		const [wholeMs = 0, overheadMs = 0, upstreamMs = 0] = sums;
		let timed = 0;
		for (let i = histogramAt; i < countWidth; i++) timed += counts[i] as number;
		const seconds = coveredMs(window, startedMs, nowMs) / 1000;
		return {
			calls,
			perSecond: seconds > 0 ? calls / Math.max(seconds, 1) : 0,
			status,
			failed: counts[failedAt] as number,
			inFlight: this.inFlight,
			...quantilesOf(counts, histogramAt),
			overheadMs: timed > 0 ? overheadMs / timed : null,
			upstreamMs: timed > 0 ? upstreamMs / timed : null,
			overheadShare: wholeMs > 0 ? overheadMs / wholeMs : null,
		};
	}
}

function count(
	ring: Ring,
	nowMs: number,
	statusClass: number,
	isFailed: boolean,
): void {
	const at = ring.rowAt(nowMs) * countWidth;
	bump(ring.counts, at + statusClass);
	if (isFailed) bump(ring.counts, at + failedAt);
}

function bump(counts: Uint32Array, at: number): void {
	counts[at] = (counts[at] as number) + 1;
}

function add(sums: Float64Array, at: number, value: number): void {
	sums[at] = (sums[at] as number) + value;
}
