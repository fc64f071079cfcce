import type { Context, UpstreamRequest } from "../../../index.ts";
import type { ForwardReason } from "../http/cache-status.ts";
import type { RequestFacts } from "../http/request-facts.ts";
import type { StoredAnswer } from "../store/stored-response.ts";
import type { BodyCollector } from "./body-collector.ts";
import type { Filling } from "./filling.ts";

/** What the cache knows of one request that it may have to send on. */
export class Lookup {
	readonly facts: RequestFacts;
	/** Path and query: what its answer is purged by. */
	readonly target: string;
	/** The first-level key. */
	readonly primaryKey: string;
	/** Where it looked last: the first-level key, or that of its variant. */
	key: string;
	/** The headers that answers under the first-level key are known to vary by. */
	varyNames: readonly string[] = [];
	/** Why it goes on; null while it need not. */
	forward: ForwardReason | null = null;
	/** Why it goes on past the cache; null where it does not. */
	bypass: string | null = null;
	/** What is validated. */
	stale: StoredAnswer | null = null;
	/** The call that it leads for others. */
	filling: Filling | null = null;
	/** What would go out as known at step 5, which the key is made of. */
	planned: UpstreamRequest | null = null;
	/** What really goes out; it may be changed until it does. */
	request: UpstreamRequest | null = null;
	requestTimeMs = 0;
	/** The store's mark from before the upstream was asked. */
	mark = 0;
	collector: BodyCollector | null = null;
	/** Whether its client has been answered or has left. */
	isOver = false;
	/** How often it has waited for others. */
	rounds = 0;

	constructor(facts: RequestFacts, target: string, primaryKey: string) {
		this.facts = facts;
		this.target = target;
		this.primaryKey = primaryKey;
		this.key = primaryKey;
	}
}

/**
 * Under which requests wait for one another: an answer may be refused for a credential of the one that asked, which is
 * no word on those without.
 */
export function callKeyOf({ key, facts }: Lookup): string {
	if (!facts.hasAuthorization) return facts.hasCookie ? `${key}\n#c` : key;
	return facts.hasCookie ? `${key}\n#ac` : `${key}\n#a`;
}

/** What would go out, as the key knows it. */
export function planOf(ctx: Context, lookup: Lookup): UpstreamRequest {
	lookup.planned ??= ctx.previewUpstream() as UpstreamRequest;
	return lookup.planned;
}

/** Why a request goes past the cache whatever is stored; null where it does not. */
export function bypassOf(facts: RequestFacts): string | null {
	if (facts.hasBody) return "body";
	if (facts.isUpgrade) return "upgrade";
	if (facts.isOverridden) return "override";
	return facts.needsOrigin ? "condition" : null;
}
