import {
	type EventLoopUtilization,
	monitorEventLoopDelay,
	performance,
} from "node:perf_hooks";

/** How often node looks at the event loop, in milliseconds. */
const resolutionMs = 20;

/** How the event loop did since it was last read. */
export interface LoopState {
	/** How late timers were, in milliseconds: 99 of 100, and the worst. */
	readonly p99Ms: number;
	readonly maxMs: number;
	/** The share of the time in which it was busy: 0 to 1. */
	readonly utilization: number;
}

/** Watches the event loop. Costs a timer inside node until it is closed, and keeps no process alive. */
export class Loop {
	readonly #delays = monitorEventLoopDelay({
		resolution: resolutionMs,
	});
	#before: EventLoopUtilization = performance.eventLoopUtilization();

	constructor() {
		this.#delays.enable();
	}

	/** `lateMs` is how late the reader's own timer was: what blocks right behind a reading is missed by node's. */
	read(lateMs: number): LoopState {
		const now = performance.eventLoopUtilization();
		const { utilization } = performance.eventLoopUtilization(now, this.#before);
		this.#before = now;
		const [p99Ms, maxMs] =
			this.#delays.count === 0
				? [0, 0]
				: [toDelayMs(this.#delays.percentile(99)), toDelayMs(this.#delays.max)];
		this.#delays.reset();
		return { p99Ms, maxMs: Math.max(maxMs, lateMs), utilization };
	}

	close(): void {
		this.#delays.disable();
	}
}

/** node tells the whole time between two looks, in nanoseconds. */
function toDelayMs(betweenNs: number): number {
	return Math.max(0, betweenNs / 1e6 - resolutionMs);
}
