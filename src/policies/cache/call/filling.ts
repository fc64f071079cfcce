import type { StoredAnswer } from "../store/stored-response.ts";
import type { BodyCollector } from "./body-collector.ts";

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

/** A request that may wait for another one's call. */
export interface Joiner {
	readonly isOver: boolean;
	/** The call that it leads; null where it leads none. */
	filling: Filling | null;
}

interface Waiter {
	readonly lookup: Joiner;
	readonly take: (turn: Turn) => void;
	readonly timer: NodeJS.Timeout;
}

/** More than so many do not wait for one call. */
const maxWaiters = 10_000;
/** So long a body has come in whole, which survives a leader's failure; then it is read along, in milliseconds. */
const liveAfterMs = 250;

const lead: Turn = Object.freeze({ kind: "lead" });
const alone: Turn = Object.freeze({ kind: "alone" });

/**
 * One call to the upstream that others with the same key wait for.
 *
 * It refers to nothing of the request that leads, and when it is over to nothing at all: a Map that entries come to and
 * go from keeps its outgrown tables, with what was in them, until a full collection. A closure over the request in
 * here made every young collection copy whole requests: 22 ms each instead of 2 (bench/README.md).
 */
export class Filling {
	/** The second-level key of the one that leads; null until its answer is known. */
	variantKey: string | null = null;
	readonly #fillings: Map<string, Filling>;
	readonly #key: string;
	/** Null where nobody has waited yet: of most calls nobody does. */
	#waiters: Set<Waiter> | null = null;
	#live: LiveAnswer | null = null;
	/** On the clock of `performance`. */
	#liveAtMs = 0;
	#liveTimer: NodeJS.Timeout | null = null;
	#isOver = false;

	/** `fillings` are the calls under way, by their keys: it is one of them until it is over. */
	constructor(fillings: Map<string, Filling>, key: string) {
		this.#fillings = fillings;
		this.#key = key;
		fillings.set(key, this);
	}

	/** Waits for the call, at most so long. */
	join(lookup: Joiner, waitMs: number): Promise<Turn> {
		const live = this.#live;
		if (live !== null && performance.now() >= this.#liveAtMs) {
			return Promise.resolve({ kind: "live", live });
		}
		this.#waiters ??= new Set();
		if (this.#waiters.size >= maxWaiters) return Promise.resolve(alone);
		const { promise, resolve } = Promise.withResolvers<Turn>();
		const waiter: Waiter = {
			lookup,
			take: resolve,
			timer: setTimeout(() => this.#give(waiter, alone), waitMs),
		};
		this.#waiters.add(waiter);
		if (live !== null) this.#awaitLive(live);
		return promise;
	}

	/** The head has come; null where the length of the body is not known: then all wait for its end. */
	begin(live: LiveAnswer | null): void {
		if (this.#isOver || live === null) return;
		this.#live = live;
		this.#liveAtMs = performance.now() + liveAfterMs;
		if (this.#waiters !== null) this.#awaitLive(live);
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
		for (const waiter of this.#waiters ?? []) {
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
		this.#live = null;
		// After a purge another call may stand there.
		if (this.#fillings.get(this.#key) === this) {
			this.#fillings.delete(this.#key);
		}
		this.#giveAll(turn);
	}

	#giveAll(turn: Turn): void {
		for (const waiter of this.#waiters ?? []) this.#give(waiter, turn);
		this.#waiters = null;
	}

	#give(waiter: Waiter, turn: Turn): void {
		clearTimeout(waiter.timer);
		this.#waiters?.delete(waiter);
		waiter.take(turn);
	}

	/** Nobody waits for it who does not read along: it is started by the first who waits. */
	#awaitLive(live: LiveAnswer): void {
		this.#liveTimer ??= setTimeout(
			() => {
				this.#liveTimer = null;
				this.#giveAll({ kind: "live", live });
			},
			Math.max(0, this.#liveAtMs - performance.now()),
		);
	}

	#stopTimer(): void {
		if (this.#liveTimer !== null) clearTimeout(this.#liveTimer);
		this.#liveTimer = null;
	}
}
