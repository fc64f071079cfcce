/** How far a client may fall behind the minimum rate, as in Kestrel. */
const graceMs = 5_000;

/** How far ahead of it a client may be where silence has no limit. */
const defaultAheadMs = 60_000;

/** What a client's pace is held to. */
export interface PaceLimits {
	/** Without a byte for so many milliseconds; 0 is off. */
	readonly idleMs: number;
	/** 0 is off. */
	readonly minBytesPerSecond: number;
}

/** How a client keeps up in one direction. Only time in which the gateway waits for the client counts. */
export class Pace {
	#idleMs = 0;
	/** Behind the minimum rate; less than 0 is ahead. */
	#lagMs = 0;

	/** Notes the bytes that have moved and for how long they were waited for; true for a client that is too slow. */
	isTooSlow(
		bytes: number,
		waitedMs: number,
		{ idleMs, minBytesPerSecond }: PaceLimits,
	): boolean {
		this.#idleMs = bytes > 0 || waitedMs === 0 ? 0 : this.#idleMs + waitedMs;
		if (idleMs > 0 && this.#idleMs > idleMs) return true;
		if (minBytesPerSecond === 0) return false;
		const gainedMs = (bytes * 1_000) / minBytesPerSecond;
		// A burst is no credit for hours.
		const mostAheadMs = idleMs > 0 ? idleMs : defaultAheadMs;
		this.#lagMs = Math.max(this.#lagMs + waitedMs - gainedMs, -mostAheadMs);
		return this.#lagMs > graceMs;
	}
}
