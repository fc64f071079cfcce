import type { SlowRequest } from "./snapshot.ts";

const sliceMs = 60_000;
const slices = 10;
const room = 12;
const shown = 12;

/** One that is kept: what is shown of it, but for its age. */
export interface Kept extends Omit<SlowRequest, "agoMs"> {
	readonly atMs: number;
}

/** The slowest of one minute. */
class Slice {
	index = -1;
	/** What a request must take to get in, in milliseconds. */
	leastMs = 0;
	kept: Kept[] = [];
}

/** The slowest requests of the last ten minutes: so many of each minute. */
export class Slowest {
	readonly #slices = Array.from({ length: slices }, () => new Slice());

	/** Whether one that took so long is among them: asked of every request. */
	takes(nowMs: number, durationMs: number): boolean {
		return durationMs > this.#sliceAt(nowMs).leastMs;
	}

	add(request: Kept): void {
		const slice = this.#sliceAt(request.atMs);
		slice.kept.push(request);
		slice.kept.sort((a, b) => b.durationMs - a.durationMs);
		if (slice.kept.length < room) return;
		slice.kept.length = room;
		slice.leastMs = slice.kept[room - 1]?.durationMs ?? 0;
	}

	#sliceAt(nowMs: number): Slice {
		const index = Math.floor(nowMs / sliceMs);
		const slice = this.#slices[index % slices] as Slice;
		if (slice.index !== index) {
			slice.index = index;
			slice.leastMs = 0;
			slice.kept = [];
		}
		return slice;
	}

	/** Those of the last so many milliseconds, the slowest first. */
	list(nowMs: number, withinMs: number): SlowRequest[] {
		return this.#slices
			.flatMap((slice) => slice.kept)
			.filter(({ atMs }) => nowMs - atMs <= withinMs)
			.sort((a, b) => b.durationMs - a.durationMs)
			.slice(0, shown)
			.map(({ atMs, ...rest }) => ({ ...rest, agoMs: nowMs - atMs }));
	}
}
