import type { Dependencies, Policy, RouteInfo } from "../../index.ts";
import { type PurgeRequest, toPurgeTarget } from "./cache-key.ts";
import { CacheEngine } from "./call/engine.ts";
import { InvalidationOnly } from "./invalidation-only.ts";
import { type CacheOptions, checkCacheOptions } from "./options.ts";
import { compilePartition } from "./partition.ts";
import { RouteCache } from "./route-cache.ts";

export type { PurgeRequest } from "./cache-key.ts";
export type { Freshness } from "./http/freshness.ts";
export type { HeaderList } from "./http/header-list.ts";
export type { CacheOptions } from "./options.ts";
export {
	type MemoryStore,
	type MemoryStoreOptions,
	memoryStore,
} from "./store/memory-store.ts";
export type { CacheStore, Placement, PurgeTarget } from "./store/store.ts";
export type {
	CacheEntry,
	StoredAnswer,
	VaryMarker,
} from "./store/stored-response.ts";

/** A cache on the routes it stands on, and what drops answers from it. */
export interface Cache extends Policy {
	/**
	 * Drops every stored answer to a URL, to all that begin with one, or with a tag; for all callers and in all
	 * variants, and on every gateway that shares the store. Gives how many there were.
	 *
	 * @throws TypeError when not exactly one of url, prefix and tag is given; what the store throws, where it fails.
	 */
	purge(what: PurgeRequest): Promise<number>;
}

/**
 * A shared HTTP cache (RFC 9111): answers of the upstream are stored as their headers allow and given again without
 * asking. Concurrent misses become one call. A route with dependencies shares no answer across callers unless it is
 * `shared`. Routes that declare a body or form, or send one, are not cached.
 *
 * @throws TypeError for an option that is unknown or of another kind.
 */
export function cache(options: CacheOptions = {}): Cache {
	checkCacheOptions(options);
	const engine = new CacheEngine(options);
	const key = Symbol("headgate.cache");
	return {
		name: "cache",
		docs: {
			responses: {
				304: { description: "What the client has is still good." },
			},
		},
		forRoute(info) {
			if (!info.proxied) return null;
			if (!isCacheable(info)) return new InvalidationOnly(engine);
			const partitionOf = compilePartition(info, options);
			return new RouteCache(engine, key, partitionOf);
		},
		async purge(what) {
			return engine.purge(toPurgeTarget(what));
		},
		async close() {
			await engine.store.close?.();
		},
	};
}

/** Whether what is asked of the upstream is known before the body is read, and is a GET. */
function isCacheable({ methods, dependencies, usesBody }: RouteInfo): boolean {
	const isRead = methods.some((one) => ["GET", "HEAD", "*"].includes(one));
	return isRead && !usesBody && !needForm(dependencies);
}

/** Whether a dependency, or one that it needs, is made from the form. */
function needForm(dependencies: Dependencies): boolean {
	return Object.values(dependencies).some(({ needs }) =>
		Object.entries(needs).some(([name, need]) =>
			need.kind === "input"
				? need.source === "form"
				: needForm({ [name]: need }),
		),
	);
}
