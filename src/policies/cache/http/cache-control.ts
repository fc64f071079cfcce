import {
	closingQuote,
	type HeaderList,
	hasHeader,
	headerValues,
	isToken,
	listMembers,
	parseDigits,
	tokenLength,
} from "./header-list.ts";

/** The largest number of seconds a directive can say; larger ones are taken as this one (RFC 9111 section 1.2.2). */
export const maxDeltaSeconds = 2_147_483_648;

/** What a Cache-Control says, request's or response's. Seconds are null where the directive is absent. */
export interface CacheDirectives {
	readonly noStore: boolean;
	/** `no-cache` without field names, or with ones that could not be read. */
	readonly noCache: boolean;
	/** The fields of `no-cache="..."`, in lower case. */
	readonly noCacheFields: readonly string[];
	/** `private` without field names, or with ones that could not be read. */
	readonly isPrivate: boolean;
	/** The fields of `private="..."`, in lower case. */
	readonly privateFields: readonly string[];
	readonly isPublic: boolean;
	readonly mustRevalidate: boolean;
	readonly proxyRevalidate: boolean;
	readonly mustUnderstand: boolean;
	readonly noTransform: boolean;
	/** RFC 8246. */
	readonly immutable: boolean;
	readonly onlyIfCached: boolean;
	/** Seconds; 0 where the number could not be read. */
	readonly maxAge: number | null;
	/** Seconds; 0 where the number could not be read. */
	readonly sMaxAge: number | null;
	/** Seconds past freshness; Infinity for any; 0 where the number could not be read. */
	readonly maxStale: number | null;
	/** Seconds; the cap where the number could not be read. */
	readonly minFresh: number | null;
	/** Seconds (RFC 5861 section 3); 0 where the number could not be read. */
	readonly staleWhileRevalidate: number | null;
	/** Seconds (RFC 5861 section 4); 0 where the number could not be read. */
	readonly staleIfError: number | null;
	/** Whether it lets a shared cache reuse the answer to a request with Authorization: `public`, `must-revalidate`, or an `s-maxage` that could be read (RFC 9111 section 3.5). */
	readonly allowsAuthorization: boolean;
}

type Draft = {
	-readonly [K in keyof CacheDirectives]: CacheDirectives[K];
};

/** What no Cache-Control says. */
export const noDirectives: CacheDirectives = Object.freeze(newDraft());

/**
 * What the Cache-Control lines say (RFC 9111 section 5.2), for a request or a response. What is malformed, repeated or
 * conflicts is taken as the stricter reading; what is unknown is ignored. `Pragma: no-cache` counts only where there
 * is no Cache-Control (section 5.4). Never throws.
 */
export function parseCacheControl(headers: HeaderList): CacheDirectives {
	const lines = headerValues(headers, "cache-control");
	if (lines.length === 0) return fromPragma(headers);
	const draft = newDraft();
	const seen: Seen = { badSMaxAge: false };
	for (const line of lines) {
		for (const member of listMembers(line)) addDirective(draft, seen, member);
	}
	draft.allowsAuthorization =
		draft.isPublic ||
		draft.mustRevalidate ||
		(draft.sMaxAge !== null && !seen.badSMaxAge);
	return draft;
}

function fromPragma(headers: HeaderList): CacheDirectives {
	if (!hasHeader(headers, "pragma")) return noDirectives;
	for (const line of headerValues(headers, "pragma")) {
		for (const member of listMembers(line)) {
			if (directiveName(member) === "no-cache") {
				return { ...noDirectives, noCache: true };
			}
		}
	}
	return noDirectives;
}

function newDraft(): Draft {
	return {
		noStore: false,
		noCache: false,
		noCacheFields: [],
		isPrivate: false,
		privateFields: [],
		isPublic: false,
		mustRevalidate: false,
		proxyRevalidate: false,
		mustUnderstand: false,
		noTransform: false,
		immutable: false,
		onlyIfCached: false,
		maxAge: null,
		sMaxAge: null,
		maxStale: null,
		minFresh: null,
		staleWhileRevalidate: null,
		staleIfError: null,
		allowsAuthorization: false,
	};
}

interface Seen {
	badSMaxAge: boolean;
}

function directiveName(member: string): string {
	return member.slice(0, tokenLength(member)).toLowerCase();
}

/**
 * What follows the name: undefined when nothing does, null when it is not `=` with a token or a quoted string, to
 * the last character. White space around `=` is an error too.
 */
function argumentOf(
	member: string,
	nameLength: number,
): string | null | undefined {
	if (nameLength === member.length) return undefined;
	if (member.charCodeAt(nameLength) !== 0x3d) return null;
	const text = member.slice(nameLength + 1);
	if (text.charCodeAt(0) !== 0x22) return isToken(text) ? text : null;
	const end = closingQuote(text, 0);
	if (end !== text.length - 1) return null;
	return unescapeQuoted(text.slice(1, end));
}

function unescapeQuoted(text: string): string {
	if (!text.includes("\\")) return text;
	let plain = "";
	for (let i = 0; i < text.length; i += 1) {
		if (text.charCodeAt(i) === 0x5c) i += 1;
		plain += text.charAt(i);
	}
	return plain;
}

/** A directive that forbids counts whatever hangs on it; one that allows counts only when it is written as it should be. */
function addDirective(draft: Draft, seen: Seen, member: string): void {
	const length = tokenLength(member);
	const name = member.slice(0, length).toLowerCase();
	const argument = argumentOf(member, length);
	const isBare = argument === undefined;
	switch (name) {
		case "no-store":
			draft.noStore = true;
			return;
		case "must-revalidate":
			draft.mustRevalidate = true;
			return;
		case "proxy-revalidate":
			draft.proxyRevalidate = true;
			return;
		case "no-transform":
			draft.noTransform = true;
			return;
		case "only-if-cached":
			draft.onlyIfCached = true;
			return;
		case "public":
			if (isBare) draft.isPublic = true;
			return;
		case "immutable":
			if (isBare) draft.immutable = true;
			return;
		case "must-understand":
			if (isBare) draft.mustUnderstand = true;
			return;
		case "no-cache": {
			const fields = fieldNames(argument);
			if (fields === null) draft.noCache = true;
			else draft.noCacheFields = [...draft.noCacheFields, ...fields];
			return;
		}
		case "private": {
			const fields = fieldNames(argument);
			if (fields === null) draft.isPrivate = true;
			else draft.privateFields = [...draft.privateFields, ...fields];
			return;
		}
		default:
			addSeconds(draft, seen, name, argument);
	}
}

function addSeconds(
	draft: Draft,
	seen: Seen,
	name: string,
	argument: string | null | undefined,
): void {
	const seconds = secondsOf(argument);
	switch (name) {
		case "max-age":
			draft.maxAge = smaller(draft.maxAge, seconds ?? 0);
			return;
		case "s-maxage":
			if (seconds === null) seen.badSMaxAge = true;
			draft.sMaxAge = smaller(draft.sMaxAge, seconds ?? 0);
			return;
		case "min-fresh":
			draft.minFresh = Math.max(
				draft.minFresh ?? 0,
				seconds ?? maxDeltaSeconds,
			);
			return;
		case "max-stale":
			draft.maxStale = smaller(
				draft.maxStale,
				argument === undefined ? Number.POSITIVE_INFINITY : (seconds ?? 0),
			);
			return;
		case "stale-while-revalidate":
			draft.staleWhileRevalidate = smaller(
				draft.staleWhileRevalidate,
				seconds ?? 0,
			);
			return;
		case "stale-if-error":
			draft.staleIfError = smaller(draft.staleIfError, seconds ?? 0);
			return;
	}
}

function smaller(known: number | null, next: number): number {
	return known === null ? next : Math.min(known, next);
}

function secondsOf(argument: string | null | undefined): number | null {
	if (argument === undefined || argument === null) return null;
	const seconds = parseDigits(argument);
	return seconds === null ? null : Math.min(seconds, maxDeltaSeconds);
}

/**
 * Fields that say how an answer is to be cached. One that is kept out of the store takes what it says with it: the next
 * validation would find an answer that nobody has forbidden.
 */
const governing: ReadonlySet<string> = new Set([
	"cache-control",
	"date",
	"expires",
	"pragma",
	"vary",
]);

/**
 * The field names of a qualified directive; null where there are none, one is no name or one says how to cache: then
 * it holds for the whole, as a cache may take it (RFC 9111 sections 5.2.2.4 and 5.2.2.7).
 */
function fieldNames(argument: string | null | undefined): string[] | null {
	if (argument === undefined || argument === null) return null;
	const names = listMembers(argument);
	if (names.length === 0 || !names.every(isToken)) return null;
	const fields = names.map((name) => name.toLowerCase());
	return fields.some((name) => governing.has(name)) ? null : fields;
}
