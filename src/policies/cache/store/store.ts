import type { MaybePromise } from "../../../index.ts";
import type { CacheEntry } from "./stored-response.ts";

/** Where an entry belongs, and how long it is of use. */
export interface Placement {
	/** Path and query: what it is purged by. */
	readonly url: string;
	/** What else it is purged by. */
	readonly tags: readonly string[];
	/** Of no use any more after so many milliseconds. */
	readonly keepMs: number;
	/** {@link CacheStore.mark} from before the upstream was asked. */
	readonly mark: number;
}

/** What a purge drops. */
export interface PurgeTarget {
	readonly kind: "url" | "prefix" | "tag";
	/** Path and query, the beginning of one, or a tag. */
	readonly value: string;
	/** Scheme and authority, in lower case; null for every one. Always null for a tag. */
	readonly origin: string | null;
}

/**
 * Where answers are kept. Two are there: in memory, and in Redis for several gateways. A method that throws or
 * rejects is taken for a miss. Every store passes test/contract/cache-store.ts.
 */
export interface CacheStore {
	/** Null where nothing stands under that key, or nothing of use any more. */
	get(key: string): MaybePromise<CacheEntry | null>;
	/**
	 * Puts an entry in the place of what stands under that key. False where it was not taken: too large, or what it
	 * belongs to was purged since its mark, so that an answer from before a change is not stored behind it.
	 */
	set(
		key: string,
		entry: CacheEntry,
		placement: Placement,
	): MaybePromise<boolean>;
	delete(key: string): MaybePromise<void>;
	/** Drops all entries that belong to the target; gives their number. */
	purge(target: PurgeTarget): MaybePromise<number>;
	/** A point in the order of purges, for {@link Placement.mark}. */
	mark(): number;
	/** Called when the gateway has closed. */
	close?(): MaybePromise<void>;
}
