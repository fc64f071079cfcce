import type { MaybePromise } from "../../../index.ts";
import type { Demand, Hold } from "../store/hold.ts";
import type { Taken, Verdict } from "../store/store.ts";
import { longestWait } from "./longest-wait.ts";
import type { Overflow } from "./overflow.ts";
import { type Waiting, WaitingCall } from "./waiting-call.ts";
import { WaitingLine } from "./waiting-line.ts";

/** Asks the store for a call. Null: it passes uncounted. */
type Ask = (hold: Hold) => MaybePromise<Taken | null>;

/** Where a call waits, and for how long as far as can be told. */
export interface Place {
	/** Of those that the call asks for, the one that it waits for. */
	readonly index: number;
	readonly waitMs: number;
	/** False where there is no place, or none in time. */
	readonly isFree: boolean;
}

/** Lets calls wait that are over a limit with `overflow`: a line for each counter that somebody waits for. */
export class Throttle implements Waiting {
	readonly #lines: Map<string, WaitingLine> = new Map();
	readonly #maxWaiting: number;
	/** In milliseconds from anywhere; monotonic but for tests. */
	readonly clock: () => number;
	readonly #ask: Ask;
	#waiting = 0;
	#order = 0;

	constructor(maxWaiting: number, clock: () => number, ask: Ask) {
		this.#maxWaiting = maxWaiting;
		this.clock = clock;
		this.#ask = ask;
	}

	/** The next number: what arrives first has the lower. */
	nextOrder(): number {
		return ++this.#order;
	}

	/** The place behind those that wait already for a counter of this call; null where nobody does. */
	placeBehind({ asked }: Hold): Place | null {
		if (this.#lines.size === 0) return null;
		const index = asked.findIndex(
			({ limit, key, cost }) =>
				cost > 0 && limit.overflow !== null && this.#lines.has(key),
		);
		return index < 0 ? null : this.#placeAt(asked, index, 0);
	}

	/** The place of a call that was refused; null where it can not wait: one of the limits that refused it has no overflow. */
	placeAfter({ asked }: Hold, verdicts: readonly Verdict[]): Place | null {
		const index = longestWait(asked, verdicts);
		if (index < 0) return null;
		return this.#placeAt(asked, index, verdicts[index]?.retryMs ?? 0);
	}

	#placeAt(asked: readonly Demand[], index: number, retryMs: number): Place {
		const { key, limit, cost } = asked[index] as Demand;
		const { queueMs, max } = limit.overflow as Overflow;
		const line = this.#lines.get(key);
		const lineMs = line?.waitMsFor(limit, cost) ?? 0;
		const waitMs = Math.max(retryMs, lineMs);
		const hasRoom =
			(line?.count ?? 0) < max && this.#waiting < this.#maxWaiting;
		return { index, waitMs, isFree: hasRoom && waitMs <= queueMs };
	}

	/** What the store says when the turn of a call has come; null where it passes uncounted, or its client has left. */
	async wait(hold: Hold, place: Place, order: number): Promise<Taken | null> {
		const { signal } = hold.ctx;
		const call = new WaitingCall(this, hold, order);
		const onAbort = (): void => call.leave();
		signal.addEventListener("abort", onAbort);
		this.#waiting++;
		call.enter(place.index, place.waitMs);
		// It may have left while the store was asked for the first time.
		if (signal.aborted) call.leave();
		try {
			return await call.done;
		} finally {
			this.#waiting--;
			signal.removeEventListener("abort", onAbort);
		}
	}

	ask(hold: Hold): MaybePromise<Taken | null> {
		return this.#ask(hold);
	}

	/** The line for that counter; where nobody waits, a new one whose first turn is in so many milliseconds. */
	lineOf(key: string, waitMs: number): WaitingLine {
		const known = this.#lines.get(key);
		if (known !== undefined) return known;
		const line: WaitingLine = new WaitingLine(this.clock, waitMs, () => {
			if (this.#lines.get(key) === line) this.#lines.delete(key);
		});
		this.#lines.set(key, line);
		return line;
	}

	/** Nobody's turn comes any more: who still waits gets 503. */
	close(): void {
		for (const line of [...this.#lines.values()]) {
			for (const waiter of line.close()) (waiter as WaitingCall).drop();
		}
	}
}
