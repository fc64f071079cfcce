import {
	matchesStrongly,
	matchesWeakly,
	parseEntityTag,
	parseEntityTags,
} from "./entity-tag.ts";
import {
	type HeaderList,
	hasHeader,
	headerValue,
	headerValues,
	trimSpace,
} from "./header-list.ts";
import { parseHttpDate } from "./http-date.ts";
import { withoutHeaders } from "./stored-headers.ts";

/** What of a stored answer a condition is held against. */
export interface StoredHead {
	readonly status: number;
	readonly headers: HeaderList;
	/** When it was received, in milliseconds since the epoch. */
	readonly responseTimeMs: number;
}

/** Whether a request has a condition that only the origin can judge: If-Match, If-Unmodified-Since (RFC 9111 section 4.3.2). */
export function needsOrigin(requestHeaders: HeaderList): boolean {
	return (
		hasHeader(requestHeaders, "if-match") ||
		hasHeader(requestHeaders, "if-unmodified-since")
	);
}

/**
 * The status with which a stored answer that may be used answers a request: 304 where If-None-Match names its entity
 * tag, compared weakly, or else, only without If-None-Match, If-Modified-Since is not before its last change
 * (RFC 9111 section 4.3.2, RFC 9110 section 13.2.2). Its own status otherwise, and always where that is no 2xx.
 */
export function conditionalStatus(
	requestHeaders: HeaderList,
	stored: StoredHead,
): number {
	const { status } = stored;
	if (status < 200 || status > 299) return status;
	const tags = headerValue(requestHeaders, "if-none-match");
	if (tags !== null) {
		return isTagNamed(tags, stored.headers) ? 304 : status;
	}
	return isUnmodified(requestHeaders, stored) ? 304 : status;
}

function isTagNamed(value: string, storedHeaders: HeaderList): boolean {
	const named = parseEntityTags(value);
	if (named === "*") return true;
	const own = storedTag(storedHeaders);
	if (named === null || own === null) return false;
	return named.some((tag) => matchesWeakly(tag, own));
}

/** The one entity tag of stored headers; null where there is none, several, or one that is malformed. */
export function storedTag(
	storedHeaders: HeaderList,
): ReturnType<typeof parseEntityTag> {
	const values = headerValues(storedHeaders, "etag");
	return values.length === 1
		? parseEntityTag(trimSpace(values[0] as string))
		: null;
}

/** Several dates, or one that can't be read, are ignored (RFC 9110 section 13.1.3). */
function isUnmodified(requestHeaders: HeaderList, stored: StoredHead): boolean {
	const since = singleDate(requestHeaders, "if-modified-since", stored);
	if (since === null) return false;
	const changed =
		singleDate(stored.headers, "last-modified", stored) ??
		singleDate(stored.headers, "date", stored) ??
		Math.floor(stored.responseTimeMs / 1000) * 1000;
	return changed <= since;
}

function singleDate(
	headers: HeaderList,
	name: string,
	stored: StoredHead,
): number | null {
	const values = headerValues(headers, name);
	if (values.length !== 1) return null;
	return parseHttpDate(trimSpace(values[0] as string), stored.responseTimeMs);
}

/** Every header that makes a request conditional or partial: taken off before the cache's own validators are set. */
export const conditionalNames: readonly string[] = [
	"if-match",
	"if-none-match",
	"if-modified-since",
	"if-unmodified-since",
	"if-range",
	"range",
];

/**
 * The headers that validate a stored answer at its upstream (RFC 9111 section 4.3.1): If-None-Match with its ETag and
 * If-Modified-Since with its Last-Modified, as they were sent. Empty where it has neither.
 */
export function validatorsFor(storedHeaders: HeaderList): string[] {
	const validators: string[] = [];
	if (storedTag(storedHeaders) !== null) {
		const value = headerValues(storedHeaders, "etag")[0] as string;
		validators.push("if-none-match", trimSpace(value));
	}
	const modified = headerValues(storedHeaders, "last-modified");
	if (modified.length === 1) {
		const value = trimSpace(modified[0] as string);
		if (parseHttpDate(value) !== null) {
			validators.push("if-modified-since", value);
		}
	}
	return validators;
}

/**
 * Whether a 304 speaks of that stored answer (RFC 9111 section 4.3.4): a strong entity tag in it must be the stored
 * one, a weak one or a Last-Modified must match. Without validators it speaks of the one whose validators were sent,
 * which is why no others may go with them.
 */
export function isFreshenedBy(
	storedHeaders: HeaderList,
	from304: HeaderList,
): boolean {
	if (hasHeader(from304, "etag")) {
		const own = storedTag(storedHeaders);
		const told = storedTag(from304);
		if (own === null || told === null) return false;
		return told.isWeak ? matchesWeakly(told, own) : matchesStrongly(told, own);
	}
	const told = headerValue(from304, "last-modified");
	return told === null || told === headerValue(storedHeaders, "last-modified");
}

/**
 * Whether a 200 to HEAD shows that the stored answer to GET still holds, so that its headers update the stored ones
 * (RFC 9111 section 4.3.5): the validators and the Content-Length that it has are the stored ones, and it has a
 * validator. If not, what is stored is not used again.
 */
export function isFreshenedByHead(
	storedHeaders: HeaderList,
	storedLength: number,
	fromHead: HeaderList,
): boolean {
	let isNamed = false;
	for (const name of ["etag", "last-modified"]) {
		const told = headerValue(fromHead, name);
		if (told === null) continue;
		if (told !== headerValue(storedHeaders, name)) return false;
		isNamed = true;
	}
	if (!isNamed) return false;
	const length = headerValue(fromHead, "content-length");
	return length === null || trimSpace(length) === String(storedLength);
}

/** What describes the content that a 304 does not carry. */
const ofContent: readonly string[] = [
	"accept-ranges",
	"content-encoding",
	"content-language",
	"content-length",
	"content-range",
	"content-type",
	"content-digest",
	"content-md5",
	"digest",
	"repr-digest",
];

/**
 * The headers of a 304 made from stored ones (RFC 9110 section 15.4.5): Cache-Control, Content-Location, Date, ETag,
 * Expires, Vary and whatever does not describe the content. Last-Modified only where there is no ETag.
 */
export function headersOf304(storedHeaders: HeaderList): string[] {
	const names = hasHeader(storedHeaders, "etag")
		? [...ofContent, "last-modified"]
		: ofContent;
	return withoutHeaders(storedHeaders, names);
}
