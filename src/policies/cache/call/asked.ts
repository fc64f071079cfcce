import type { UpstreamRequest } from "../../../index.ts";
import type { CacheDirectives } from "../http/cache-control.ts";
import { conditionalNames } from "../http/conditional.ts";
import type { Freshness } from "../http/freshness.ts";
import type { HeaderList } from "../http/header-list.ts";
import { withoutHeaders } from "../http/stored-headers.ts";
import { tagHeaders } from "../http/tags.ts";
import { varyNamesOf } from "../http/vary.ts";
import type { StoredAnswer } from "../store/stored-response.ts";

/** What was asked, for whom, and when. */
export interface Asked {
	/** The first-level key. */
	readonly primaryKey: string;
	/** Path and query: what it is purged by. */
	readonly target: string;
	/** Of the request. */
	readonly directives: CacheDirectives;
	/** What the first-level key is known to vary by. */
	readonly varyNames: readonly string[];
	/** As the key knows it. */
	readonly planned: UpstreamRequest;
	/** As it went out. */
	readonly request: UpstreamRequest;
	readonly requestTimeMs: number;
	readonly mark: number;
}

/** The body of an answer that has none yet. */
export const noBytes: Uint8Array = new Uint8Array(0);
/** With a validator, a stale answer is kept for so long: it may be found unchanged. */
export const keptStaleMs = 86_400_000;
/** What it varies by, and what others under its key do: an answer without Vary says nothing for those with it. */
export function varyOf(
	known: Pick<Asked, "varyNames">,
	received: HeaderList,
): readonly string[] | "*" {
	const names = varyNamesOf(received);
	if (names === "*" || known.varyNames.length === 0) return names;
	return [...new Set([...names, ...known.varyNames])].sort();
}

/** Differ between what is planned and what goes out though no policy has changed anything. */
const ofOneCall: readonly string[] = [...conditionalNames, "x-request-start"];

/**
 * Whether an answer may be refreshed without a request: hooks of policies would not run, and what they set, a
 * credential of the gateway's perhaps, would be missing.
 */
export function mayRefreshOf(
	{ planned, request }: Asked,
	{ staleWhileRevalidateSeconds }: Freshness,
): boolean {
	if (staleWhileRevalidateSeconds === 0) return false;
	const known = withoutHeaders(planned.headers, ofOneCall);
	const sent = withoutHeaders(request.headers, ofOneCall);
	return (
		known.length === sent.length && known.every((one, i) => one === sent[i])
	);
}

/** How long an answer is of use, in milliseconds. */
export function keepMsOf({ freshness, source }: StoredAnswer): number {
	const {
		lifetimeSeconds,
		initialAgeSeconds,
		staleWhileRevalidateSeconds,
		staleIfErrorSeconds,
	} = freshness;
	const staleMs =
		Math.max(staleWhileRevalidateSeconds, staleIfErrorSeconds) * 1000;
	const hasValidator = source.some(
		(name, i) => i % 2 === 0 && /^(?:etag|last-modified)$/i.test(name),
	);
	const freshMs = Math.max(0, lifetimeSeconds - initialAgeSeconds) * 1000;
	return freshMs + Math.max(staleMs, hasValidator ? keptStaleMs : 0);
}

/** An answer's headers without the tags, which are for caches alone. */
export function withoutTags(headers: string[]): string[] {
	for (let i = 0; i < headers.length; i += 2) {
		const { length } = headers[i] as string;
		// cache-tag and surrogate-key.
		if (length !== 9 && length !== 13) continue;
		if (tagHeaders.includes((headers[i] as string).toLowerCase())) {
			return withoutHeaders(headers, tagHeaders);
		}
	}
	return headers;
}
