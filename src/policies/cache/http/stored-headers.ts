import {
	type CacheDirectives,
	noDirectives,
	parseCacheControl,
} from "./cache-control.ts";
import {
	type HeaderList,
	hasHeader,
	headerValues,
	isHeaderName,
	listMembers,
} from "./header-list.ts";
import { toHttpDate } from "./http-date.ts";

/** Never stored: of one connection or one proxy (RFC 9111 section 3.1), or of one request alone. */
const neverStored: ReadonlySet<string> = new Set([
	"connection",
	"keep-alive",
	"proxy-connection",
	"proxy-authenticate",
	"proxy-authentication-info",
	"proxy-authorization",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
	// The cache says these anew.
	"age",
	"cache-status",
	"content-length",
	// Taken off the answer; the tags are kept beside it.
	"cache-tag",
	"surrogate-key",
	// One client's, or one request's.
	"set-cookie",
	"set-cookie2",
	"ratelimit",
	"request-id",
	"x-request-id",
	"x-correlation-id",
	"traceparent",
	"tracestate",
	"server-timing",
]);

const neverStoredPrefixes = ["ratelimit-", "x-ratelimit-", "x-rate-limit-"];

/** Describe the stored bytes themselves: a 304 that changed them would make the answer a lie (RFC 9111 section 3.2). */
const neverUpdated: ReadonlySet<string> = new Set([
	"content-digest",
	"content-encoding",
	"content-md5",
	"content-range",
]);

/**
 * The headers of an answer that are stored (RFC 9111 section 3.1): all but those of a connection or named by
 * Connection, those of one request (RateLimit, ids, cookies), those that the cache says itself (Age, Cache-Status,
 * Content-Length), and the fields of a qualified no-cache or private. A Date is added where there is none.
 */
export function toStoredHeaders(
	headers: HeaderList,
	directives: CacheDirectives,
	responseTimeMs: number,
): string[] {
	const nominated = nominatedBy(headers);
	const stored: string[] = [];
	for (let i = 0; i + 1 < headers.length; i += 2) {
		const name = (headers[i] as string).toLowerCase();
		if (!isStored(name) || nominated.includes(name)) continue;
		if (directives.noCacheFields.includes(name)) continue;
		if (directives.privateFields.includes(name)) continue;
		stored.push(headers[i] as string, headers[i + 1] as string);
	}
	if (!hasHeader(stored, "date"))
		stored.push("date", toHttpDate(responseTimeMs));
	return stored;
}

function isStored(name: string): boolean {
	if (neverStored.has(name)) return false;
	const first = name.charCodeAt(0);
	// r and x: the prefixes begin with them.
	if (first !== 0x72 && first !== 0x78) return true;
	return !neverStoredPrefixes.some((prefix) => name.startsWith(prefix));
}

function nominatedBy(headers: HeaderList): string[] {
	return headerValues(headers, "connection")
		.flatMap(listMembers)
		.map((name) => name.toLowerCase());
}

/**
 * The stored headers after a 304 (RFC 9111 section 3.2): each field of the 304 takes the place of every stored line
 * of its name, but for those that are never stored and those that belong to the bytes: Content-Encoding and -Range, their digests.
 * A field that the new no-cache or private names goes, be it an old one. Without a Date in the 304 it is when it came.
 */
export function mergeHeaders(
	stored: HeaderList,
	from304: HeaderList,
	responseTimeMs: number,
): string[] {
	const told = toStoredHeaders(from304, noDirectives, responseTimeMs);
	const names = new Set<string>();
	const added: string[] = [];
	for (let i = 0; i + 1 < told.length; i += 2) {
		const name = (told[i] as string).toLowerCase();
		if (neverUpdated.has(name)) continue;
		names.add(name);
		added.push(told[i] as string, told[i + 1] as string);
	}
	const merged = withoutHeaders(stored, [...names]).concat(added);
	return toStoredHeaders(merged, parseCacheControl(merged), responseTimeMs);
}

/** The headers without every line of those names, which are given in lower case. */
export function withoutHeaders(
	headers: HeaderList,
	names: readonly string[],
): string[] {
	const kept: string[] = [];
	for (let i = 0; i + 1 < headers.length; i += 2) {
		const name = headers[i] as string;
		if (names.some((one) => isHeaderName(name, one))) continue;
		kept.push(name, headers[i + 1] as string);
	}
	return kept;
}
