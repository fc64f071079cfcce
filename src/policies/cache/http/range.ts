import { type StoredHead, storedTag } from "./conditional.ts";
import { matchesStrongly, parseEntityTag } from "./entity-tag.ts";
import {
	type HeaderList,
	hasHeader,
	headerValues,
	listMembers,
	parseDigits,
	trimSpace,
} from "./header-list.ts";
import { parseHttpDate } from "./http-date.ts";

/** More ranges than this in one request are ignored: the whole is sent. */
export const maxRanges = 8;

/** A stretch of a stored body. */
export interface ByteRange {
	readonly start: number;
	/** The place after the last byte. */
	readonly end: number;
}

/** How a Range is answered from a stored whole: with one part or several (206), or with none (416). */
export type RangeAnswer =
	| { readonly status: 206; readonly ranges: readonly ByteRange[] }
	| { readonly status: 416 };

/**
 * How a request's Range is answered from a stored 200 of `length` bytes (RFC 9110 section 14.2); null where it is
 * ignored and the whole is sent: no GET, no stored 200, another unit, a malformed one, an If-Range that does not
 * match, more than 8 ranges, ranges that overlap or are out of order.
 */
export function rangeOf(
	method: string,
	requestHeaders: HeaderList,
	stored: StoredHead,
	length: number,
): RangeAnswer | null {
	if (method !== "GET" || stored.status !== 200) return null;
	const values = headerValues(requestHeaders, "range");
	if (values.length !== 1) return null;
	const specs = parseRange(values[0] as string);
	if (specs === null || !isSameVersion(requestHeaders, stored)) return null;
	const ranges: ByteRange[] = [];
	for (const spec of specs) {
		const range = toRange(spec, length);
		if (range !== null) ranges.push(range);
	}
	if (ranges.length === 0) {
		// A suffix of nothing is satisfied by it, and no Content-Range can say so: the empty whole is sent.
		const isSuffixOfNothing =
			length === 0 &&
			specs.some((spec) => spec.first === null && spec.last !== 0);
		return isSuffixOfNothing ? null : { status: 416 };
	}
	return isAscending(ranges) ? { status: 206, ranges } : null;
}

/** `first-last`, `first-` or `-last`, where last is then the length of the suffix. */
interface RangeSpec {
	readonly first: number | null;
	readonly last: number | null;
}

function parseRange(value: string): RangeSpec[] | null {
	const text = trimSpace(value);
	if (text.slice(0, 6).toLowerCase() !== "bytes=") return null;
	const members = listMembers(text.slice(6));
	if (members.length === 0 || members.length > maxRanges) return null;
	const specs: RangeSpec[] = [];
	for (const member of members) {
		const spec = parseSpec(member);
		if (spec === null) return null;
		specs.push(spec);
	}
	return specs;
}

function parseSpec(text: string): RangeSpec | null {
	const dash = text.indexOf("-");
	if (dash < 0) return null;
	const before = text.slice(0, dash);
	const after = text.slice(dash + 1);
	const first = parseDigits(before);
	const last = parseDigits(after);
	if (first === null && before !== "") return null;
	if (last === null && after !== "") return null;
	if (first === null && last === null) return null;
	if (first !== null && last !== null && last < first) return null;
	return { first, last };
}

/** Null where it names no byte of the body. */
function toRange(spec: RangeSpec, length: number): ByteRange | null {
	const { first, last } = spec;
	if (first === null) {
		const start = Math.max(0, length - (last ?? 0));
		return start < length ? { start, end: length } : null;
	}
	if (first >= length) return null;
	const end = last === null ? length : Math.min(last + 1, length);
	return { start: first, end };
}

/** Overlapping and unordered ranges are how a small request asks for a huge answer (RFC 9110 section 14.2). */
function isAscending(ranges: readonly ByteRange[]): boolean {
	return ranges.every(
		(range, i) => i === 0 || range.start >= (ranges[i - 1] as ByteRange).end,
	);
}

// Closer together than this, Last-Modified and Date may hide two versions of one second (RFC 9110 section 8.8.2.2).
const strongAfterMs = 60_000;

/**
 * If-Range (RFC 9110 section 13.1.5): an entity tag compared strongly, or the very Last-Modified where that is a
 * strong validator. True without one; false where it can't be read.
 */
function isSameVersion(
	requestHeaders: HeaderList,
	stored: StoredHead,
): boolean {
	if (!hasHeader(requestHeaders, "if-range")) return true;
	const values = headerValues(requestHeaders, "if-range");
	const value = trimSpace(values[0] as string);
	if (values.length !== 1) return false;
	const tag = parseEntityTag(value);
	if (tag !== null) {
		const own = storedTag(stored.headers);
		return own !== null && matchesStrongly(tag, own);
	}
	const since = parseHttpDate(value, stored.responseTimeMs);
	const modified = onlyDate(stored, "last-modified");
	const date = onlyDate(stored, "date");
	if (since === null || modified === null || date === null) return false;
	return since === modified && date - modified >= strongAfterMs;
}

function onlyDate(stored: StoredHead, name: string): number | null {
	const values = headerValues(stored.headers, name);
	if (values.length !== 1) return null;
	return parseHttpDate(trimSpace(values[0] as string), stored.responseTimeMs);
}

/** The Content-Range of a part (RFC 9110 section 14.4), such as `bytes 0-99/1000`. */
export function contentRangeOf(range: ByteRange, length: number): string {
	return `bytes ${range.start}-${range.end - 1}/${length}`;
}

/** The Content-Range of a 416, which names the length alone (RFC 9110 section 15.5.17). */
export function unsatisfiedRange(length: number): string {
	return `bytes */${length}`;
}
