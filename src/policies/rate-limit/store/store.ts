import type { MaybePromise } from "../../../index.ts";
import type { Limit } from "../limit.ts";

/** What one call asks of one limit. */
export interface Charge {
	readonly limit: Limit;
	/** Whose counter it is: the policy, the route where each has its own, and whom it counts. */
	readonly key: string;
	/** Calls, or whatever the limit counts. 0 or more. */
	readonly cost: number;
}

/** What a limit says to a charge. */
export interface Verdict {
	readonly isAllowed: boolean;
	/** What is left now, rounded down. */
	readonly remaining: number;
	/** Milliseconds until all of the limit is there again if nothing more comes. 0 where nothing is taken, and for `concurrency`. */
	readonly resetMs: number;
	/** Milliseconds after which a refused charge would be allowed; Infinity where it never would, or nobody can tell. 0 where it is allowed. */
	readonly retryMs: number;
}

/** What a store says to the charges of one call. */
export interface Taken {
	/** Whether all were allowed. If not, none was written. */
	readonly isAllowed: boolean;
	/** For each charge, in order. */
	readonly verdicts: readonly Verdict[];
	/** When, by the store's clock. Milliseconds since the epoch. */
	readonly atMs: number;
	/** Names the places of `concurrency` that were taken. */
	readonly lease: string;
}

/**
 * Where limits are counted. Charges of one call are checked together and written
 * together, or not at all. What is thrown means that the store can not be asked
 * now: then `onStoreError` of the policy decides.
 */
export interface LimitStore {
	/** `group` is one for all calls that share a counter: what a cluster keeps on one node. */
	take(charges: readonly Charge[], group: string): MaybePromise<Taken>;
	/** Undoes some of the charges of a call that was allowed: frees places, and refunds what has not run out since. */
	giveBack(
		charges: readonly Charge[],
		group: string,
		taken: Taken,
	): MaybePromise<void>;
	/** Called by each policy that uses it before the first call. */
	open?(): void;
	/** Called as often as `open`; after the last time connections and timers are to be gone. */
	close?(): MaybePromise<void>;
}
