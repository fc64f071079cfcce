import { HttpError, type MaybePromise } from "../../../index.ts";
import type { Demand, Hold } from "../store/hold.ts";
import type { Taken, Verdict } from "../store/store.ts";
import { longestWait } from "./longest-wait.ts";
import type { Overflow } from "./overflow.ts";
import type { Turn, Waiter, WaitingLine } from "./waiting-line.ts";

/** What a waiting call needs of what lets it wait. */
export interface Waiting {
	/** In milliseconds. */
	readonly clock: () => number;
	/** Asks the store. Null: the call passes uncounted. */
	ask(hold: Hold): MaybePromise<Taken | null>;
	lineOf(key: string, waitMs: number): WaitingLine;
}

/** A call on its way through a line, or through several, one after the other. */
export class WaitingCall implements Waiter {
	readonly order: number;
	/** What the store said when its turn came; null where it passes uncounted, or has left. */
	readonly done: Promise<Taken | null>;
	cost = 0;
	deadlineMs = 0;
	line: WaitingLine | null = null;
	previousWaiter: Waiter | null = null;
	nextWaiter: Waiter | null = null;
	readonly #waiting: Waiting;
	readonly #hold: Hold;
	readonly #sinceMs: number;
	readonly #resolve: (taken: Taken | null) => void;
	readonly #reject: (error: unknown) => void;
	/** Of what it asks for, that which it waits for. */
	#index = 0;
	#isOver = false;

	constructor(waiting: Waiting, hold: Hold, order: number) {
		const { promise, resolve, reject } = Promise.withResolvers<Taken | null>();
		this.order = order;
		this.done = promise;
		this.#waiting = waiting;
		this.#hold = hold;
		this.#sinceMs = waiting.clock();
		this.#resolve = resolve;
		this.#reject = reject;
	}

	enter(index: number, waitMs: number): void {
		const { key, cost, limit } = this.#hold.asked[index] as Demand;
		this.#index = index;
		this.cost = cost;
		this.deadlineMs = this.#sinceMs + (limit.overflow as Overflow).queueMs;
		this.#waiting.lineOf(key, waitMs).enter(this);
	}

	/** The client has left: it counts nowhere. */
	leave(): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.line?.leave(this);
		this.#hold.undo();
		this.#resolve(null);
	}

	/** The gateway is closed: nobody's turn comes any more. */
	drop(): void {
		const headers = { "retry-after": "1" };
		if (!this.#isOver) this.#fail(new HttpError(503, undefined, { headers }));
	}

	ask(): MaybePromise<Turn> {
		try {
			const taken = this.#waiting.ask(this.#hold);
			if (!(taken instanceof Promise)) return this.#judge(taken);
			return taken.then(
				(value) => this.#judge(value),
				(error) => this.#fail(error),
			);
		} catch (error) {
			return this.#fail(error);
		}
	}

	#fail(error: unknown): Turn {
		this.#isOver = true;
		this.#reject(error);
		return this.#turn(false, null);
	}

	#judge(taken: Taken | null): Turn {
		const hold = this.#hold;
		const verdict = taken?.verdicts[this.#index] ?? null;
		if (taken?.isAllowed === true) hold.taken = taken;
		if (this.#isOver) {
			// It left while the store was asked: the next one gets what it took.
			hold.undo();
			return this.#turn(false, null);
		}
		if (taken?.isAllowed === false) {
			const turn = this.#waitOn(taken, verdict);
			if (turn !== null) return turn;
		}
		this.#isOver = true;
		this.#resolve(taken);
		return this.#turn(false, verdict);
	}

	/** Refused once more, such as where another process was faster: waits on where there is time. */
	#waitOn({ verdicts }: Taken, verdict: Verdict | null): Turn | null {
		const { asked } = this.#hold;
		const index = longestWait(asked, verdicts);
		if (index < 0) return null;
		const { key, limit } = asked[index] as Demand;
		const { queueMs, max } = limit.overflow as Overflow;
		const { retryMs } = verdicts[index] as Verdict;
		const waitedMs = this.#waiting.clock() - this.#sinceMs;
		if (waitedMs + retryMs > queueMs) return null;
		if (index === this.#index) return this.#turn(true, verdict);
		if (this.#waiting.lineOf(key, retryMs).count >= max) return null;
		// Of the limit that it waited for it is the next one's turn.
		const turn = this.#turn(false, verdict);
		this.line?.leave(this);
		this.enter(index, retryMs);
		return turn;
	}

	/** With the limit as it was asked: of a share where the store is away. */
	#turn(stays: boolean, verdict: Verdict | null): Turn {
		const { limit } = this.#hold.demands[this.#index] as Demand;
		return { stays, verdict, limit };
	}
}
