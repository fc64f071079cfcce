import type { CacheDirectives } from "./cache-control.ts";
import { type Freshness, heuristicStatuses } from "./freshness.ts";
import { type HeaderList, hasHeader } from "./header-list.ts";
import { varyNamesOf } from "./vary.ts";

/** Why an answer is not stored, as the detail of Cache-Status says it. */
export type StoreRefusal =
	| "method"
	| "status"
	| "partial"
	| "request-no-store"
	| "must-understand"
	| "no-store"
	| "private"
	| "authorization"
	| "set-cookie"
	| "cookie"
	| "vary"
	| "no-freshness"
	| "no-validator";

/** What of a request decides whether its answer is stored. */
export interface RequestFacts {
	readonly method: string;
	/** As the upstream got them. */
	readonly headers: HeaderList;
	readonly directives: CacheDirectives;
}

/** What of an answer decides whether it is stored. */
export interface ResponseFacts {
	readonly status: number;
	readonly headers: HeaderList;
	readonly directives: CacheDirectives;
	readonly freshness: Freshness;
}

/** What is stored beyond the careful default. */
export interface StoreOptions {
	/** Whether an answer with Set-Cookie is stored, without the cookie. Default false. */
	readonly storeSetCookie?: boolean;
	/**
	 * Whether the default and the heuristic freshness are given to answers of requests with a Cookie too. Default
	 * false: an upstream that states no freshness may have answered by the cookie.
	 */
	readonly ignoreCookie?: boolean;
	/** Whether the requests' no-store is not obeyed. Default false. */
	readonly ignoreClientDirectives?: boolean;
}

/** Statuses whose rules for caching are kept here, which is what must-understand asks (RFC 9111 section 5.2.2.3). */
const understood: ReadonlySet<number> = new Set([
	...heuristicStatuses,
	302,
	303,
	307,
	400,
	401,
	402,
	403,
	406,
	409,
	415,
	421,
	422,
	429,
	451,
	500,
	502,
	503,
	504,
]);

/**
 * They answer what one request said in its own fields, not what its URL names, and the key knows nothing of those: who
 * sends a Range, a condition or a field that is too long would write the answer of everyone.
 */
const ofOneRequest: ReadonlySet<number> = new Set([
	407, 408, 411, 412, 413, 416, 417, 425, 426, 431,
]);

/** Why the answer to that request may not be stored by a shared cache (RFC 9111 section 3); null when it may. */
export function whyNotStored(
	request: RequestFacts,
	response: ResponseFacts,
	options: StoreOptions = {},
): StoreRefusal | null {
	return (
		refusedByKind(request, response) ??
		refusedByDirectives(request, response, options) ??
		refusedByHeaders(request, response, options) ??
		refusedAsUseless(request, response, options)
	);
}

function refusedByKind(
	request: RequestFacts,
	response: ResponseFacts,
): StoreRefusal | null {
	if (request.method !== "GET") return "method";
	const { status } = response;
	if (status === 206 || hasHeader(response.headers, "content-range")) {
		return "partial";
	}
	if (status < 200 || status > 599 || status === 304) return "status";
	return ofOneRequest.has(status) ? "status" : null;
}

function refusedByDirectives(
	request: RequestFacts,
	response: ResponseFacts,
	options: StoreOptions,
): StoreRefusal | null {
	const { directives, status } = response;
	if (request.directives.noStore && options.ignoreClientDirectives !== true) {
		return "request-no-store";
	}
	// Who must understand the status and does may leave no-store aside: it is there for those who don't.
	if (directives.mustUnderstand && !understood.has(status)) {
		return "must-understand";
	}
	if (directives.noStore && !directives.mustUnderstand) return "no-store";
	return directives.isPrivate ? "private" : null;
}

function refusedByHeaders(
	request: RequestFacts,
	response: ResponseFacts,
	options: StoreOptions,
): StoreRefusal | null {
	if (
		!response.directives.allowsAuthorization &&
		hasHeader(request.headers, "authorization")
	) {
		return "authorization";
	}
	if (
		options.storeSetCookie !== true &&
		(hasHeader(response.headers, "set-cookie") ||
			hasHeader(response.headers, "set-cookie2"))
	) {
		return "set-cookie";
	}
	return varyNamesOf(response.headers) === "*" ? "vary" : null;
}

/** What states no freshness, and what could be neither served nor validated later. */
function refusedAsUseless(
	request: RequestFacts,
	response: ResponseFacts,
	options: StoreOptions,
): StoreRefusal | null {
	const { directives, freshness, headers } = response;
	const { source } = freshness;
	if (source === "none" && !mayBeValidated(response)) return "no-freshness";
	if (
		(source === "default" || source === "heuristic") &&
		options.ignoreCookie !== true &&
		!directives.isPublic &&
		hasHeader(request.headers, "cookie")
	) {
		return "cookie";
	}
	const isServed = freshness.lifetimeSeconds > 0 && !freshness.mustValidate;
	const isServedStale =
		freshness.staleWhileRevalidateSeconds > 0 ||
		freshness.staleIfErrorSeconds > 0;
	if (isServed || isServedStale) return null;
	return hasHeader(headers, "etag") || hasHeader(headers, "last-modified")
		? null
		: "no-validator";
}

/** Without a stated freshness an answer is stored only to be validated, where it says that caches may keep it. */
function mayBeValidated({ directives, status }: ResponseFacts): boolean {
	if (directives.isPublic) return true;
	return directives.noCache && heuristicStatuses.has(status);
}
