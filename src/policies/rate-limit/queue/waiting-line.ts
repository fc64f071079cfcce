import type { MaybePromise } from "../../../index.ts";
import type { Limit } from "../limit.ts";
import type { Verdict } from "../store/store.ts";

/** One call in a line. */
export interface Waiter {
	/** Place by arrival: the lower came first. */
	readonly order: number;
	/** What it takes off the line's counter. */
	readonly cost: number;
	/** By the clock of the line. */
	readonly deadlineMs: number;
	/** Its turn has come. Never fails: how it ended is its own affair. */
	ask(): MaybePromise<Turn>;
	/** Where it stands now, and between whom. The line's own. */
	line: WaitingLine | null;
	previousWaiter: Waiter | null;
	nextWaiter: Waiter | null;
}

/** What came of a turn. */
export interface Turn {
	/** Whether it goes on waiting in this line. */
	readonly stays: boolean;
	/** What the line's limit said to it; null where it was not asked. */
	readonly verdict: Verdict | null;
	readonly limit: Limit;
}

/**
 * The calls that wait for one counter, first come first served. The first asks the
 * store when it should conform, and nobody behind it does. One timer while somebody waits, none else.
 */
export class WaitingLine {
	readonly #clock: () => number;
	readonly #onEmpty: () => void;
	#first: Waiter | null = null;
	#last: Waiter | null = null;
	#count = 0;
	/** Of all that wait. */
	#cost = 0;
	/** When the first should conform. */
	#turnMs: number;
	#timer: NodeJS.Timeout | null = null;
	/** A turn that has not ended; none other begins before. */
	#isAsking = false;

	constructor(clock: () => number, waitMs: number, onEmpty: () => void) {
		this.#clock = clock;
		this.#turnMs = clock() + waitMs;
		this.#onEmpty = onEmpty;
	}

	get count(): number {
		return this.#count;
	}

	/** How long one more would wait as far as can be told: evenly spaced limits tell exactly, with others it is no sooner. */
	waitMsFor(limit: Limit, cost: number): number {
		const firstMs = Math.max(0, this.#turnMs - this.#clock());
		if (this.#first === null) return firstMs;
		const ahead = this.#cost - this.#first.cost;
		return Math.ceil(firstMs + behindMs(limit, this.#first.cost, ahead + cost));
	}

	/** By its order, mostly last. */
	enter(waiter: Waiter): void {
		let before = this.#last;
		while (before !== null && before.order > waiter.order) {
			before = before.previousWaiter;
		}
		const after = before === null ? this.#first : before.nextWaiter;
		waiter.line = this;
		waiter.previousWaiter = before;
		waiter.nextWaiter = after;
		if (before === null) this.#first = waiter;
		else before.nextWaiter = waiter;
		if (after === null) this.#last = waiter;
		else after.previousWaiter = waiter;
		this.#count++;
		this.#cost += waiter.cost;
		if (before === null && !this.#isAsking) this.#arm();
	}

	/** The next ones move up. A turn that has begun goes on to its end. */
	leave(waiter: Waiter): void {
		const wasFirst = this.#first === waiter;
		this.#unlink(waiter);
		if (this.#isAsking) return;
		if (this.#first === null) this.#end();
		else if (wasFirst) this.#arm();
	}

	/** Ends the line. Gives back who waited in it. */
	close(): Waiter[] {
		const left: Waiter[] = [];
		for (let one = this.#first; one !== null; one = one.nextWaiter) {
			one.line = null;
			left.push(one);
		}
		this.#first = null;
		this.#last = null;
		this.#count = 0;
		this.#end();
		return left;
	}

	#end(): void {
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = null;
		this.#onEmpty();
	}

	#unlink(waiter: Waiter): void {
		if (waiter.line !== this) return;
		const { previousWaiter: before, nextWaiter: after } = waiter;
		if (before === null) this.#first = after;
		else before.nextWaiter = after;
		if (after === null) this.#last = before;
		else after.previousWaiter = before;
		waiter.line = null;
		waiter.previousWaiter = null;
		waiter.nextWaiter = null;
		this.#count--;
		this.#cost -= waiter.cost;
	}

	/** Whose time is over asks once more: the store says why it is refused. Referenced: a process does not end beneath a call that waits. */
	#arm(): void {
		if (this.#timer !== null) clearTimeout(this.#timer);
		const atMs = Math.min(this.#turnMs, (this.#first as Waiter).deadlineMs);
		const waitMs = Math.max(1, Math.ceil(atMs - this.#clock()));
		this.#timer = setTimeout(() => this.#run(), waitMs);
	}

	/** Turns, one after the other, until somebody has to wait for his. */
	#run(): void {
		this.#timer = null;
		while (this.#first !== null) {
			const waiter = this.#first;
			this.#isAsking = true;
			const turn = waiter.ask();
			if (turn instanceof Promise) {
				turn.then((value) => {
					if (this.#conclude(waiter, value)) this.#run();
				});
				return;
			}
			if (!this.#conclude(waiter, turn)) return;
		}
	}

	/** Whether the next turn begins at once. */
	#conclude(waiter: Waiter, turn: Turn): boolean {
		this.#isAsking = false;
		if (!turn.stays) this.#unlink(waiter);
		if (this.#first === null) {
			this.#end();
			return false;
		}
		const waitMs = nextTurnMs(turn, this.#first.cost);
		this.#turnMs = this.#clock() + waitMs;
		if (waitMs === 0 && !turn.stays) return true;
		this.#arm();
		return false;
	}
}

/** What a limit that lets calls pass evenly puts between two of them, for each unit of cost. */
function spacingMs({ limit, windowMs }: Limit): number {
	return windowMs / limit;
}

/** How long after the first the last of those passes that come behind it. A window takes as many as fit. */
function behindMs(limit: Limit, firstCost: number, cost: number): number {
	if (limit.algorithm === "gcra") return spacingMs(limit) * cost;
	const windows = Math.ceil((firstCost + cost) / limit.limit);
	return (windows - 1) * limit.windowMs;
}

/** When the next conforms. What can not be told is asked. */
function nextTurnMs({ verdict, limit }: Turn, cost: number): number {
	if (verdict === null) return 0;
	const { isAllowed, remaining, retryMs, resetMs } = verdict;
	if (!isAllowed) return Number.isFinite(retryMs) ? retryMs : 0;
	if (limit.algorithm !== "gcra" || remaining >= cost) return 0;
	const room = (limit.burst - cost) * spacingMs(limit);
	return Math.max(0, Math.ceil(resetMs - room));
}
