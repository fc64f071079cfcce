import type { BodyCollector } from "./body-collector.ts";
import type { Lookup } from "./lookup.ts";
import type { StoredAnswer } from "./stored-answer.ts";

/** An answer whose body is still on its way. */
export interface LiveAnswer {
	/** With an empty body. */
	readonly head: StoredAnswer;
	readonly contentLength: number;
	readonly collector: BodyCollector;
}

/** What becomes of a request that waited. */
export type Turn =
	/** It asks, and others wait for it. */
	| { readonly kind: "lead" }
	/** It asks for itself. */
	| { readonly kind: "alone" }
	| { readonly kind: "answer"; readonly answer: StoredAnswer }
	/** The upstream has failed, and this is what is left. */
	| { readonly kind: "stale"; readonly answer: StoredAnswer }
	| { readonly kind: "live"; readonly live: LiveAnswer };

interface Waiter {
	readonly lookup: Lookup;
	readonly take: (turn: Turn) => void;
	readonly timer: NodeJS.Timeout;
}

/** More than so many do not wait for one call. */
const maxWaiters = 10_000;
/** So long a body has come in whole, which survives a leader's failure; then it is read along, in milliseconds. */
const liveAfterMs = 250;

const lead: Turn = Object.freeze({ kind: "lead" });
const alone: Turn = Object.freeze({ kind: "alone" });

/** One call to the upstream that others with the same key wait for. */
export class Filling {
	/** The second-level key of the one that leads; null until its answer is known. */
	variantKey: string | null = null;
	readonly #waiters: Set<Waiter> = new Set();
	readonly #onOver: () => void;
	#live: LiveAnswer | null = null;
	#liveTimer: NodeJS.Timeout | null = null;
	#isOver = false;

	/** `onOver`: nobody else is to join. */
	constructor(onOver: () => void) {
		this.#onOver = onOver;
	}

	/** Waits for the call, at most so long. */
	join(lookup: Lookup, waitMs: number): Promise<Turn> {
		const live = this.#live;
		if (live !== null && this.#liveTimer === null) {
			return Promise.resolve({ kind: "live", live });
		}
		if (this.#waiters.size >= maxWaiters) return Promise.resolve(alone);
		const { promise, resolve } = Promise.withResolvers<Turn>();
		const waiter: Waiter = {
			lookup,
			take: resolve,
			timer: setTimeout(() => this.#give(waiter, alone), waitMs),
		};
		this.#waiters.add(waiter);
		return promise;
	}

	/** The head has come; null where the length of the body is not known: then all wait for its end. */
	begin(live: LiveAnswer | null): void {
		if (this.#isOver || live === null) return;
		this.#live = live;
		this.#liveTimer = setTimeout(() => {
			this.#liveTimer = null;
			this.#giveAll({ kind: "live", live });
		}, liveAfterMs);
	}

	/** The answer is here. */
	complete(answer: StoredAnswer): void {
		this.#end({ kind: "answer", answer });
	}

	/** The upstream has failed where a stale answer is left. */
	completeStale(answer: StoredAnswer): void {
		this.#end({ kind: "stale", answer });
	}

	/** There is no answer that others may have: all ask for themselves. */
	release(): void {
		this.#end(alone);
	}

	/** Whoever led has failed or left: the next one leads, or nobody is left. */
	fail(): void {
		if (this.#isOver) return;
		this.#stopTimer();
		this.#live = null;
		for (const waiter of this.#waiters) {
			if (waiter.lookup.isOver) {
				this.#give(waiter, alone);
				continue;
			}
			waiter.lookup.filling = this;
			this.#give(waiter, lead);
			return;
		}
		this.#end(alone);
	}

	#end(turn: Turn): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#stopTimer();
		this.#onOver();
		this.#giveAll(turn);
	}

	#giveAll(turn: Turn): void {
		for (const waiter of this.#waiters) this.#give(waiter, turn);
	}

	#give(waiter: Waiter, turn: Turn): void {
		clearTimeout(waiter.timer);
		this.#waiters.delete(waiter);
		waiter.take(turn);
	}

	#stopTimer(): void {
		if (this.#liveTimer !== null) clearTimeout(this.#liveTimer);
		this.#liveTimer = null;
	}
}
