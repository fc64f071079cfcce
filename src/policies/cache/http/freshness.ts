import { type CacheDirectives, maxDeltaSeconds } from "./cache-control.ts";
import {
	type HeaderList,
	headerValues,
	parseDigits,
	trimSpace,
} from "./header-list.ts";
import { parseHttpDate } from "./http-date.ts";

/** Statuses that may be stored with a freshness nobody stated (RFC 9110 section 15.1), but for 206, which is never stored. */
export const heuristicStatuses: ReadonlySet<number> = new Set([
	200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
]);

/** An answer of an upstream, as far as its age and freshness go. */
export interface ReceivedAnswer {
	readonly status: number;
	readonly headers: HeaderList;
	readonly directives: CacheDirectives;
	/** When the request for it was sent, in milliseconds since the epoch. */
	readonly requestTimeMs: number;
	/** When its head was received, in milliseconds since the epoch. */
	readonly responseTimeMs: number;
}

/** What freshness is given to answers that state none. */
export interface FreshnessOptions {
	/** Seconds. Default null: none. */
	readonly ttlSeconds?: number | null;
	/** Whether a tenth of the time since Last-Modified is taken, at most a day. Default false. */
	readonly heuristic?: boolean;
	/**
	 * Whether `stale-while-revalidate` and `stale-if-error` count beside `s-maxage`, which forbids stale answers in
	 * shared caches (RFC 9111 section 4.2.4). Default false.
	 */
	readonly staleBesideSMaxAge?: boolean;
}

/** Where a freshness lifetime comes from. */
export type LifetimeSource =
	| "s-maxage"
	| "max-age"
	| "expires"
	| "heuristic"
	| "default"
	| "none";

/** How long a stored answer is fresh, how old it was when it came, and what may be done once it is stale. */
export interface Freshness {
	readonly source: LifetimeSource;
	/** 0 where nothing is known. */
	readonly lifetimeSeconds: number;
	/** The corrected initial age (RFC 9111 section 4.2.3). */
	readonly initialAgeSeconds: number;
	readonly responseTimeMs: number;
	/** `no-cache`: each reuse needs a validation, however fresh. */
	readonly mustValidate: boolean;
	/** Whether nothing may serve it stale: no-cache, must-revalidate, proxy-revalidate, s-maxage (section 4.2.4). */
	readonly neverStale: boolean;
	/** RFC 8246. */
	readonly immutable: boolean;
	/** Seconds after freshness; 0 for none. */
	readonly staleWhileRevalidateSeconds: number;
	/** Seconds after freshness; 0 for none. */
	readonly staleIfErrorSeconds: number;
}

/**
 * What an answer's headers say of its freshness (RFC 9111 section 4.2): the first of s-maxage, max-age, Expires less
 * Date, the heuristic where asked, the default. The last two count only for statuses of `heuristicStatuses` and where it says `public` (section 4.2.2).
 */
export function freshnessOf(
	answer: ReceivedAnswer,
	options: FreshnessOptions = {},
): Freshness {
	const { directives, headers, requestTimeMs, responseTimeMs } = answer;
	const dates = datesOf(headers, responseTimeMs);
	const { source, seconds } = lifetimeOf(answer, dates, options);
	const bySMaxAge = directives.sMaxAge !== null;
	const neverStale =
		directives.noCache ||
		directives.mustRevalidate ||
		directives.proxyRevalidate ||
		(bySMaxAge && options.staleBesideSMaxAge !== true);
	return {
		source,
		lifetimeSeconds: seconds,
		initialAgeSeconds: correctedInitialAge({
			dateMs: dates.earliestMs,
			ageSeconds: parseAge(headers),
			requestTimeMs,
			responseTimeMs,
		}),
		responseTimeMs,
		mustValidate: directives.noCache,
		neverStale,
		immutable: directives.immutable,
		staleWhileRevalidateSeconds: neverStale
			? 0
			: (directives.staleWhileRevalidate ?? 0),
		staleIfErrorSeconds: neverStale ? 0 : (directives.staleIfError ?? 0),
	};
}

interface Lifetime {
	readonly source: LifetimeSource;
	readonly seconds: number;
}

function lifetimeOf(
	answer: ReceivedAnswer,
	dates: Dates,
	options: FreshnessOptions,
): Lifetime {
	const { sMaxAge, maxAge } = answer.directives;
	if (sMaxAge !== null) return { source: "s-maxage", seconds: sMaxAge };
	if (maxAge !== null) return { source: "max-age", seconds: maxAge };
	const expires = headerValues(answer.headers, "expires");
	if (expires.length > 0) {
		const seconds = untilExpired(expires, dates.latestMs);
		return { source: "expires", seconds };
	}
	if (!answer.directives.isPublic && !heuristicStatuses.has(answer.status)) {
		return none;
	}
	if (options.heuristic === true) {
		const seconds = heuristicLifetime(answer.headers, dates.earliestMs);
		if (seconds !== null) return { source: "heuristic", seconds };
	}
	const ttl = options.ttlSeconds ?? null;
	return ttl === null ? none : { source: "default", seconds: ttl };
}

const none: Lifetime = { source: "none", seconds: 0 };

/** Of several Expires the earliest; one that is no date, such as `0`, is in the past (RFC 9111 section 5.3). */
function untilExpired(expires: readonly string[], dateMs: number): number {
	let seconds = maxDeltaSeconds;
	for (const value of expires) {
		const time = parseHttpDate(trimSpace(value), dateMs);
		const until = time === null ? 0 : Math.max(0, (time - dateMs) / 1000);
		seconds = Math.min(seconds, until);
	}
	return seconds;
}

/** A tenth of the time since it was modified (RFC 9111 section 4.2.2), at most a day; null where that is not known. */
function heuristicLifetime(headers: HeaderList, dateMs: number): number | null {
	const values = headerValues(headers, "last-modified");
	let seconds = 86_400;
	for (const value of values) {
		const time = parseHttpDate(trimSpace(value), dateMs);
		if (time === null || time > dateMs) return null;
		seconds = Math.min(seconds, Math.floor((dateMs - time) / 10_000));
	}
	return values.length === 0 ? null : seconds;
}

/** The Date of an answer: of several the earliest counts for its age, the latest for Expires, the stricter each time. */
interface Dates {
	readonly earliestMs: number;
	readonly latestMs: number;
}

/** Without a Date that can be read it is when the answer came (RFC 9110 section 6.6.1). */
function datesOf(headers: HeaderList, responseTimeMs: number): Dates {
	let earliestMs = Number.POSITIVE_INFINITY;
	let latestMs = Number.NEGATIVE_INFINITY;
	for (const value of headerValues(headers, "date")) {
		const time = parseHttpDate(trimSpace(value), responseTimeMs);
		if (time === null) continue;
		earliestMs = Math.min(earliestMs, time);
		latestMs = Math.max(latestMs, time);
	}
	return latestMs < earliestMs
		? { earliestMs: responseTimeMs, latestMs: responseTimeMs }
		: { earliestMs, latestMs };
}

/** The Age in seconds: the first member of a list counts, one that is no number is ignored as 0 (RFC 9111 section 5.1). */
export function parseAge(headers: HeaderList): number {
	const value = headerValues(headers, "age")[0];
	if (value === undefined) return 0;
	const comma = value.indexOf(",");
	const first = comma < 0 ? value : value.slice(0, comma);
	return Math.min(parseDigits(trimSpace(first)) ?? 0, maxDeltaSeconds);
}

/** What the age of an answer is reckoned from. */
export interface AgeFacts {
	/** Its Date, in milliseconds since the epoch. */
	readonly dateMs: number;
	/** Its Age header in seconds; 0 without one. */
	readonly ageSeconds: number;
	readonly requestTimeMs: number;
	readonly responseTimeMs: number;
}

/** Seconds between its Date and its arrival, never below 0 (RFC 9111 section 4.2.3). Counted in whole seconds, as Date is. */
export function apparentAge(dateMs: number, responseTimeMs: number): number {
	const seconds = Math.floor(responseTimeMs / 1000) - Math.floor(dateMs / 1000);
	return Math.max(0, seconds);
}

/** Seconds: the larger of the apparent age and of Age with the delay of the answer added (RFC 9111 section 4.2.3). */
export function correctedInitialAge(facts: AgeFacts): number {
	const { dateMs, ageSeconds, requestTimeMs, responseTimeMs } = facts;
	const delay = Math.max(0, (responseTimeMs - requestTimeMs) / 1000);
	return Math.max(apparentAge(dateMs, responseTimeMs), ageSeconds + delay);
}

/** Seconds, with fractions: its initial age and the time it has been stored (RFC 9111 section 4.2.3). */
export function currentAge(freshness: Freshness, nowMs: number): number {
	const resident = Math.max(0, (nowMs - freshness.responseTimeMs) / 1000);
	return freshness.initialAgeSeconds + resident;
}

/** Whether it is fresh at that age (RFC 9111 section 4.2). */
export function isFresh(freshness: Freshness, ageSeconds: number): boolean {
	return freshness.lifetimeSeconds > ageSeconds;
}

/** The value of an Age header: whole seconds, at most 2^31 (RFC 9111 section 5.1). */
export function toAge(ageSeconds: number): string {
	return String(Math.min(Math.floor(ageSeconds), maxDeltaSeconds));
}
