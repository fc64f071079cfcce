import { parseCacheControl } from "../../../src/policies/cache/http/cache-control.ts";
import {
	type Freshness,
	type FreshnessOptions,
	freshnessOf,
} from "../../../src/policies/cache/http/freshness.ts";
import { toHttpDate } from "../../../src/policies/cache/http/http-date.ts";

/** When the answers of these tests are received: a whole second. */
export const receivedMs: number = Date.UTC(2026, 0, 15, 12, 0, 0);

/** The HTTP-date so many seconds after the answer is received; before it where negative. */
export function dateAt(seconds: number): string {
	return toHttpDate(receivedMs + seconds * 1000);
}

/** The freshness of an answer with those headers that took no time to come. */
export function freshness(
	headers: readonly string[],
	options: FreshnessOptions = {},
	status = 200,
): Freshness {
	const directives = parseCacheControl(headers);
	const times = { requestTimeMs: receivedMs, responseTimeMs: receivedMs };
	return freshnessOf({ status, headers, directives, ...times }, options);
}

/** The header list of a Cache-Control with that value. */
export function control(value: string): string[] {
	return ["Cache-Control", value];
}
