import {
	type CacheDirectives,
	parseCacheControl,
} from "../http/cache-control.ts";
import {
	type Freshness,
	type FreshnessOptions,
	freshnessOf,
	parseAge,
} from "../http/freshness.ts";
import type { HeaderList } from "../http/header-list.ts";
import { mergeHeaders } from "../http/stored-headers.ts";

/** A 304 that answers the cache's own validation. */
export interface Validation {
	readonly headers: HeaderList;
	/** When the validation was sent, in milliseconds since the epoch. */
	readonly requestTimeMs: number;
	/** When the 304 was received, in milliseconds since the epoch. */
	readonly responseTimeMs: number;
}

/** A stored answer after a validation. Whether it may stay stored is for `whyNotStored` to say again. */
export interface Freshened {
	readonly headers: string[];
	readonly directives: CacheDirectives;
	readonly freshness: Freshness;
}

/**
 * What a stored answer is after a 304 (RFC 9111 section 4.3.4): its headers updated, its age counted anew from the
 * Date, the Age and the delay of the 304. To be asked only where `isFreshenedBy` says that the 304 speaks of it.
 */
export function freshen(
	stored: { readonly status: number; readonly headers: HeaderList },
	validation: Validation,
	options: FreshnessOptions = {},
): Freshened {
	const { requestTimeMs, responseTimeMs } = validation;
	const headers = mergeHeaders(
		stored.headers,
		validation.headers,
		responseTimeMs,
	);
	const directives = parseCacheControl(headers);
	// Age is of this one answer and so is not among the stored headers.
	const aged = headers.concat("age", String(parseAge(validation.headers)));
	const freshness = freshnessOf(
		{
			status: stored.status,
			headers: aged,
			directives,
			requestTimeMs,
			responseTimeMs,
		},
		options,
	);
	return { headers, directives, freshness };
}
