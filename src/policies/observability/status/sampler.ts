import { performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { bucketCount, quantilesOf } from "./histogram.ts";
import { Loop, type LoopState } from "./loop.ts";
import type { History, ProcessState } from "./snapshot.ts";
import { statusClasses } from "./traffic.ts";

const rows = 600;

/** What a row of the history holds, in this order. */
const columns = [
	"ageMs",
	"periodMs",
	...statusClasses,
	"refused",
	"cacheAnswered",
	"cacheAsked",
	"inFlight",
	"p50Ms",
	"p90Ms",
	"p99Ms",
	"overheadP50Ms",
	"overheadP99Ms",
	"loopDelayP99Ms",
	"loopDelayMaxMs",
	"loopUtilization",
	"rssBytes",
	"heapUsedBytes",
] as const;
const width = columns.length;
const noLoop: LoopState = { p99Ms: 0, maxMs: 0, utilization: 0 };

/** Counts of the second that is under way; the history keeps them when it is over. */
export class Sampler {
	readonly statuses: Uint32Array = new Uint32Array(statusClasses.length);
	readonly durations: Uint32Array = new Uint32Array(bucketCount);
	readonly overheads: Uint32Array = new Uint32Array(bucketCount);
	refused = 0;
	cacheAnswered = 0;
	cacheAsked = 0;
	readonly #history = new Float64Array(rows * width);
	#written = 0;
	#sampledMs: number;
	#loop: Loop | null = null;
	#loopState: LoopState = noLoop;

	constructor(nowMs: number) {
		this.#sampledMs = nowMs;
	}

	/** Ends the second: `periodMs` is how long one is meant to be. */
	sample(nowMs: number, inFlight: number, periodMs: number): void {
		const passedMs = nowMs - this.#sampledMs;
		this.#loop ??= new Loop();
		this.#loopState = this.#loop.read(Math.max(0, passedMs - periodMs));
		const { rss, heapUsed } = process.memoryUsage();
		const durations = quantilesOf(this.durations);
		const overheads = quantilesOf(this.overheads);
		const row = [
			nowMs,
			passedMs,
			...this.statuses,
			this.refused,
			this.cacheAnswered,
			this.cacheAsked,
			inFlight,
			durations.p50Ms ?? Number.NaN,
			durations.p90Ms ?? Number.NaN,
			durations.p99Ms ?? Number.NaN,
			overheads.p50Ms ?? Number.NaN,
			overheads.p99Ms ?? Number.NaN,
			this.#loopState.p99Ms,
			this.#loopState.maxMs,
			this.#loopState.utilization,
			rss,
			heapUsed,
		];
		this.#history.set(row, (this.#written % rows) * width);
		this.#written++;
		this.#sampledMs = nowMs;
		this.#clear();
	}

	#clear(): void {
		this.statuses.fill(0);
		this.durations.fill(0);
		this.overheads.fill(0);
		this.refused = 0;
		this.cacheAnswered = 0;
		this.cacheAsked = 0;
	}

	/** The newest rows of the last ten minutes, oldest first. Default: all. */
	readHistory(nowMs: number, newest: number = rows): History {
		const count = Math.min(newest, this.#written, rows);
		const lines: (number | null)[][] = [];
		for (let i = this.#written - count; i < this.#written; i++) {
			const start = (i % rows) * width;
			const line = this.#history.subarray(start, start + width);
			const ageMs = nowMs - (line[0] as number);
			if (ageMs < rows * 1000) lines.push([...line].map(toNumber));
			const last = lines.at(-1);
			if (last !== undefined) last[0] = Math.round(ageMs);
		}
		return { columns, rows: lines };
	}

	/** The process as of the last sample. */
	readProcess(): ProcessState {
		const { rss, heapUsed } = process.memoryUsage();
		return {
			pid: process.pid,
			node: process.version,
			uptimeMs: Math.round(performance.now()),
			loopDelayP99Ms: this.#loopState.p99Ms,
			loopDelayMaxMs: this.#loopState.maxMs,
			loopUtilization: this.#loopState.utilization,
			rssBytes: rss,
			heapUsedBytes: heapUsed,
			heapLimitBytes: getHeapStatistics().heap_size_limit,
		};
	}

	close(): void {
		this.#loop?.close();
		this.#loop = null;
	}
}

/** Four digits are more than can be seen; what was not known is null. */
function toNumber(value: number): number | null {
	if (Number.isNaN(value)) return null;
	return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
