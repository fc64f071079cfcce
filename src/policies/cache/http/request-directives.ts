import { type CacheDirectives, noDirectives } from "./cache-control.ts";
import { currentAge, type Freshness, isFresh } from "./freshness.ts";

/**
 * What to do with a stored answer that matches a request.
 * - `use`: serve it, it is fresh enough.
 * - `use-stale`: serve it stale, as the request's max-stale allows.
 * - `refresh-behind`: serve it stale and validate it in the background (RFC 5861 section 3).
 * - `revalidate`: validate it at the upstream first.
 * - `bypass`: ask the upstream and store nothing (the request says no-store).
 * - `gateway-timeout`: answer 504 (the request says only-if-cached).
 */
export type Reuse =
	| "use"
	| "use-stale"
	| "refresh-behind"
	| "revalidate"
	| "bypass"
	| "gateway-timeout";

/** A decision and, where the upstream is asked, why: as Cache-Status says it (RFC 9211 section 2.2). */
export interface ReuseDecision {
	readonly reuse: Reuse;
	/** `stale`: it is not fresh or wants validation; `request`: the request asks for more; null where nothing is forwarded. */
	readonly forward: "stale" | "request" | null;
}

/** How requests may drive the cache. */
export interface ReuseOptions {
	/** Whether requests' directives are not obeyed. Default false. */
	readonly ignoreClientDirectives?: boolean;
}

const use = decision("use", null);
const useStale = decision("use-stale", null);
const refreshBehind = decision("refresh-behind", null);
const timeout = decision("gateway-timeout", null);
const byStale = {
	revalidate: decision("revalidate", "stale"),
	bypass: decision("bypass", "stale"),
};
const byRequest = {
	revalidate: decision("revalidate", "request"),
	bypass: decision("bypass", "request"),
};

function decision(
	reuse: Reuse,
	forward: ReuseDecision["forward"],
): ReuseDecision {
	return Object.freeze({ reuse, forward });
}

/**
 * Whether a stored answer may serve a request at that time (RFC 9111 sections 4 and 5.2.1). It makes nothing: the
 * decisions are constants.
 */
export function decideReuse(
	request: CacheDirectives,
	stored: Freshness,
	nowMs: number,
	options: ReuseOptions = {},
): ReuseDecision {
	const wants =
		options.ignoreClientDirectives === true ? noDirectives : request;
	const age = currentAge(stored, nowMs);
	const decided = reuseOf(wants, stored, age);
	if (decided.forward === null) return decided;
	if (wants.onlyIfCached) return timeout;
	if (!wants.noStore) return decided;
	return decided.forward === "stale" ? byStale.bypass : byRequest.bypass;
}

/** What to do where nothing that is stored matches the request: null is an ordinary miss. */
export function decideMiss(
	request: CacheDirectives,
	options: ReuseOptions = {},
): "gateway-timeout" | "bypass" | null {
	if (options.ignoreClientDirectives === true) return null;
	if (request.onlyIfCached) return "gateway-timeout";
	return request.noStore ? "bypass" : null;
}

function reuseOf(
	wants: CacheDirectives,
	stored: Freshness,
	age: number,
): ReuseDecision {
	if (stored.mustValidate) return byStale.revalidate;
	if (wants.noCache || wants.noCacheFields.length > 0) {
		return byRequest.revalidate;
	}
	const fresh = isFresh(stored, age);
	if (!isYoungEnough(wants, stored, age, fresh)) {
		return fresh ? byRequest.revalidate : byStale.revalidate;
	}
	if (fresh) return use;
	if (stored.neverStale) return byStale.revalidate;
	const staleness = age - stored.lifetimeSeconds;
	if (wants.maxStale !== null && staleness <= wants.maxStale) return useStale;
	// Who states an age or a freshness does not want a stale answer (RFC 9111 section 5.2.1.1).
	const asksForAge = wants.maxAge !== null || wants.minFresh !== null;
	const window = stored.staleWhileRevalidateSeconds;
	return !asksForAge && window > 0 && staleness <= window
		? refreshBehind
		: byStale.revalidate;
}

/**
 * max-age and min-fresh (RFC 9111 sections 5.2.1.1 and 5.2.1.3). A fresh immutable answer is not validated for a
 * reload's max-age (RFC 8246 section 2); no-cache is the signal for that.
 */
function isYoungEnough(
	wants: CacheDirectives,
	stored: Freshness,
	age: number,
	fresh: boolean,
): boolean {
	const { maxAge, minFresh } = wants;
	if (maxAge !== null && age > maxAge && !(fresh && stored.immutable)) {
		return false;
	}
	return minFresh === null || stored.lifetimeSeconds - age >= minFresh;
}

/** Whether an upstream's answer is an error in the sense of stale-if-error (RFC 5861 section 4). */
export function isServerError(status: number): boolean {
	return status === 500 || status === 502 || status === 503 || status === 504;
}

/**
 * Whether a stored answer may be served since its validation failed with an error or could not be made: the answer's
 * stale-if-error or the request's allows its staleness (RFC 5861 section 4), and neither forbids stale answers
 * (RFC 9111 section 4.2.4).
 */
export function mayServeOnError(
	request: CacheDirectives,
	stored: Freshness,
	nowMs: number,
	options: ReuseOptions = {},
): boolean {
	const wants =
		options.ignoreClientDirectives === true ? noDirectives : request;
	if (stored.neverStale) return false;
	const own = wants.staleIfError;
	if (wants.noCache && own === null) return false;
	const window = Math.max(stored.staleIfErrorSeconds, own ?? 0);
	if (window === 0) return false;
	const staleness = currentAge(stored, nowMs) - stored.lifetimeSeconds;
	return staleness <= window;
}
