import type { Freshness } from "../http/freshness.ts";
import type { HeaderList } from "../http/header-list.ts";

/** A whole answer as it is stored. It is never changed: a validation makes a new one. */
export interface StoredAnswer {
	readonly kind: "answer";
	readonly status: number;
	/** What clients get: the headers as the route option `response` leaves them. */
	readonly headers: HeaderList;
	/** What the upstream is asked with and judged by: all stored headers. The same list where all reach the client. */
	readonly source: HeaderList;
	readonly body: Uint8Array;
	readonly freshness: Freshness;
	/** The request headers it varies by, in lower case; none for most. */
	readonly varyNames: readonly string[];
	/** Whether the gateway may ask for it by itself: no policy has changed what went out for it. */
	readonly mayRefresh: boolean;
	/** What it can be purged by. */
	readonly tags: readonly string[];
}

/** Says by which request headers the answers under a key vary: each stands under a key of its own. */
export interface VaryMarker {
	readonly kind: "vary";
	/** In lower case. */
	readonly names: readonly string[];
}

/** What stands under a key. */
export type CacheEntry = StoredAnswer | VaryMarker;
