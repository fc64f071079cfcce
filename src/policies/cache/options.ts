import type { Context } from "../../index.ts";
import {
	amount,
	type Checks,
	checkOptions,
	flag,
	func,
	having,
	matching,
	milliseconds,
} from "../kit/kit.ts";
import type { CacheStore } from "./store/store.ts";

/** What a cache stores, for whom, and how far requests may drive it. */
export interface CacheOptions {
	/** The freshness of answers that state none, in seconds. Default: they are not stored. */
	readonly ttlSeconds?: number;
	/** Whether answers that state no freshness are fresh for a tenth of the time since their Last-Modified (RFC 9111 section 4.2.2). Default false. */
	readonly heuristic?: boolean;
	/** Whether all callers of a route share its answers, whatever its dependencies and `forward.headers` say. Default false. */
	readonly shared?: boolean;
	/** Names who shares answers, such as a tenant; null is not cached. Default: those for whom all dependencies and `forward.headers` give the same. */
	readonly partition?: (ctx: Context) => string | null;
	/** Whether an answer with Set-Cookie is stored, without the cookie. Default false. */
	readonly storeSetCookie?: boolean;
	/** Whether `ttlSeconds` and `heuristic` also count for requests with a Cookie. Default false. */
	readonly ignoreCookie?: boolean;
	/** Whether `stale-while-revalidate` and `stale-if-error` count beside `s-maxage`, which else forbids stale answers (RFC 9111 section 4.2.4). Default false. */
	readonly staleBesideSMaxAge?: boolean;
	/** Whether the Cache-Control of requests is not obeyed: for an edge that clients must not drive. Default false. */
	readonly ignoreClientDirectives?: boolean;
	/** Bytes of a body; larger ones are not stored. Default 1 MiB. */
	readonly maxEntryBytes?: number;
	/** Bytes of bodies on their way into the store at the same time; beyond it they only pass. Default 64 MiB. */
	readonly maxFillBytes?: number;
	/** Whether requests for what is just being asked wait for that answer. Default true. */
	readonly collapse?: boolean;
	/** How long they wait, in milliseconds. Default 5,000. */
	readonly collapseWaitMs?: number;
	/** Default: in memory, 64 MiB. It is closed with the gateway. */
	readonly store?: CacheStore;
	/** In Cache-Status and the decisions. Default `headgate`. */
	readonly name?: string;
	/** Milliseconds since the epoch. Default `Date.now`. */
	readonly now?: () => number;
}

const checks: Checks<CacheOptions> = {
	ttlSeconds: amount,
	heuristic: flag,
	shared: flag,
	partition: func,
	storeSetCookie: flag,
	ignoreCookie: flag,
	staleBesideSMaxAge: flag,
	ignoreClientDirectives: flag,
	maxEntryBytes: amount,
	maxFillBytes: amount,
	collapse: flag,
	collapseWaitMs: milliseconds(),
	store: having("get", "set", "delete", "purge"),
	name: matching(
		"a token, such as edge-1",
		/^[A-Za-z*][\w!#$%&'*+\-.^`|~:/]*$/,
	),
	now: func,
};

/** @throws TypeError that lists what is wrong. */
export function checkCacheOptions(options: CacheOptions): void {
	checkOptions("cache", options, checks);
	if (options.shared === true && options.partition !== undefined) {
		throw new TypeError("cache: give shared or partition, not both");
	}
}
