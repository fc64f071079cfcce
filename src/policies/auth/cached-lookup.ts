import { HttpError, type MaybePromise } from "../../index.ts";
import {
	type Check,
	type Checks,
	milliseconds,
	must,
	whole,
} from "../kit/kit.ts";
import { toFrozen } from "./deep-freeze.ts";
import { AuthError, unavailable } from "./refusals.ts";
import { SharedCalls, TooManyCalls } from "./shared-calls.ts";
import { TtlCache } from "./ttl-cache.ts";

/** How long answers about credentials are believed, and how many. */
export interface LookupCacheOptions {
	/** A found one, in milliseconds: also how long a revoked one still works. 0 asks each time. Default 60,000. */
	readonly foundMs?: number;
	/** One that was not found, in milliseconds. Default 5,000. */
	readonly missingMs?: number;
	/** Of each kind. Default 10,000. */
	readonly maxEntries?: number;
	/** A look-up that takes longer has failed. In milliseconds, default 5,000; 0 waits without end. */
	readonly timeoutMs?: number;
}

/** How many look-ups of different credentials may be in progress at the same time. */
export interface LookupBounds {
	/** In all; beyond it the response is 503. */
	readonly maxUnderWay?: number;
	/** For one client address, so that one client's guesses leave room for others; beyond it the response is 429. Default a quarter of `maxUnderWay`. */
	readonly maxPerAddress?: number;
}

/** The checks of {@link LookupBounds}. */
export const lookupBoundChecks: Checks<LookupBounds> = {
	maxUnderWay: whole(1),
	maxPerAddress: whole(1),
};

/** The response to a failed look-up. What the user's own function rejects with stays. */
export function failLookup(cause: unknown, reason: string): never {
	if (cause instanceof HttpError) throw cause;
	if (!(cause instanceof TooManyCalls)) throw unavailable(reason, cause);
	if (!cause.isOfClient) throw unavailable("busy", cause);
	throw new AuthError("limited", undefined, {
		reason: "busy-address",
		headers: { "retry-after": "1" },
		cause,
	});
}

/** Kept by the clock, not by a timer: without an upper bound. */
export const keptMs: Check = must(
	"a number of milliseconds of at least 0",
	(value) => typeof value === "number" && value >= 0,
);

/** The checks of {@link LookupCacheOptions}. */
export const lookupCacheChecks: Checks<LookupCacheOptions> = {
	foundMs: keptMs,
	missingMs: keptMs,
	maxEntries: whole(),
	timeoutMs: milliseconds(),
};

/**
 * Look-ups of credentials by their digest, cached; concurrent ones of the same
 * share a call. What is found and what is not are kept apart, so that made-up
 * credentials cannot push out real ones. Failures are not kept. Requests get a
 * frozen copy of what was found.
 */
export class CachedLookup<V extends object> {
	readonly #found: TtlCache<V>;
	readonly #missing: TtlCache<null>;
	readonly #calls: SharedCalls<V | null>;
	readonly #foundMs: number;
	readonly #missingMs: number;

	/** Look-ups beyond the bounds fail with `TooManyCalls`. */
	constructor(
		options: LookupCacheOptions,
		now: () => number,
		{ maxUnderWay, maxPerAddress }: LookupBounds & { maxUnderWay: number },
	) {
		const { foundMs = 60_000, missingMs = 5_000 } = options;
		const { maxEntries = 10_000, timeoutMs = 5_000 } = options;
		this.#found = new TtlCache(maxEntries, now);
		this.#missing = new TtlCache(maxEntries, now);
		this.#calls = new SharedCalls(timeoutMs, {
			max: maxUnderWay,
			maxPerClient: maxPerAddress ?? Math.ceil(maxUnderWay / 4),
		});
		this.#foundMs = foundMs;
		this.#missingMs = missingMs;
	}

	/**
	 * What is known under that digest, else what `find` gives for the client at that
	 * address: null or undefined where there is nothing. `maxMs` bounds how long a found value is kept.
	 */
	get(
		digest: string,
		address: string,
		find: () => MaybePromise<V | null | undefined>,
		maxMs: (value: V) => number = () => Number.POSITIVE_INFINITY,
	): MaybePromise<V | null> {
		const known = this.#found.get(digest) ?? this.#missing.get(digest);
		if (known !== undefined) return known;
		return this.#calls.run(digest, address, async () => {
			const value = toFrozen((await find()) ?? null);
			if (value === null) this.#missing.set(digest, null, this.#missingMs);
			else {
				const keptMs = Math.min(this.#foundMs, maxMs(value));
				this.#found.set(digest, value, keptMs);
			}
			return value;
		});
	}
}
