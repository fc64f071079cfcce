import {
	type Context,
	type Decision,
	type MaybePromise,
	noteDecision,
	type UpstreamHead,
} from "../../../index.ts";
import { mayBelong, variantOf } from "../cache-key.ts";
import { parseCacheControl } from "../http/cache-control.ts";
import { freshnessOf } from "../http/freshness.ts";
import { type ResponseFacts, whyNotStored } from "../http/storable.ts";
import {
	mergeHeaders,
	toStoredHeaders,
	withoutHeaders,
} from "../http/stored-headers.ts";
import { hasTags, tagsOf } from "../http/tags.ts";
import { variantKeyOf } from "../http/vary.ts";
import type { CacheOptions } from "../options.ts";
import { memoryStore } from "../store/memory-store.ts";
import type { CacheStore, PurgeTarget } from "../store/store.ts";
import type { CacheEntry, StoredAnswer } from "../store/stored-response.ts";
import {
	type Asked,
	keepMsOf,
	keptStaleMs,
	mayRefreshOf,
	noBytes,
	varyOf,
} from "./asked.ts";
import { FillBudget } from "./fill-budget.ts";
import type { Filling } from "./filling.ts";
import { freshen } from "./freshen.ts";
import { RecentReplies } from "./recent-replies.ts";
import { Uncacheable } from "./uncacheable.ts";

/** How the cache came to its answer: the outcome of its decision. */
export type CacheOutcome =
	| "hit"
	| "miss"
	| "stale"
	| "revalidated"
	| "bypass"
	| "collapsed";

/** An answer that may be stored, still without its body; or why not. */
export type Judged =
	| { readonly refusal: string; readonly head: null }
	| { readonly refusal: null; readonly head: StoredAnswer };

/** A 304 says nothing new of a body that the gateway has made from the service's. */
const ofBody = ["etag"];

/** An answer that took longer is not stored, in milliseconds: stores remember purges for twice as long. */
const longestMs = 300_000;

/** What one `cache()` shares among its routes: the store, the rules, the calls under way. */
export class CacheEngine {
	readonly options: CacheOptions;
	readonly name: string;
	readonly now: () => number;
	readonly store: CacheStore;
	readonly maxEntryBytes: number;
	readonly budget: FillBudget;
	readonly fillings: Map<string, Filling> = new Map();
	readonly uncacheable: Uncacheable;
	readonly recent: RecentReplies = new RecentReplies();
	/** To those who have what is stored. */
	readonly recent304: RecentReplies = new RecentReplies();
	/** Keys that are validated in the background. */
	readonly refreshing: Set<string> = new Set();
	readonly #hit: Decision;

	constructor(options: CacheOptions) {
		this.options = options;
		this.name = options.name ?? "headgate";
		this.now = options.now ?? Date.now;
		this.#hit = Object.freeze({
			kind: "cache",
			name: this.name,
			outcome: "hit",
			reason: null,
			subject: null,
		});
		this.store = options.store ?? memoryStore({ now: this.now });
		this.maxEntryBytes = options.maxEntryBytes ?? 1_048_576;
		this.budget = new FillBudget(options.maxFillBytes ?? 67_108_864);
		this.uncacheable = new Uncacheable(this.now);
	}

	/** What stands under a key; a store that fails has nothing. */
	find(key: string): MaybePromise<CacheEntry | null> {
		try {
			const found = this.store.get(key);
			if (isThenable(found)) return Promise.resolve(found).catch(toNull);
			return found ?? null;
		} catch {
			return null;
		}
	}

	/** Says it to the log and the metrics. */
	note(ctx: Context, outcome: CacheOutcome, reason: string | null): void {
		if (reason === null && outcome === "hit") {
			noteDecision(ctx, this.#hit);
			return;
		}
		const { name } = this;
		noteDecision(ctx, { kind: "cache", name, outcome, reason, subject: null });
	}

	/** Drops all answers that a purge names; their number, 0 where the store fails. */
	async purge(target: PurgeTarget): Promise<number> {
		// Who asks from now on must not wait for an answer from before.
		for (const key of this.fillings.keys()) {
			if (mayBelong(key, target)) this.fillings.delete(key);
		}
		return this.store.purge(target);
	}

	/** Drops what a change has made invalid, for every authority. Nobody waits for it. */
	invalidate(target: string): void {
		const purged = { kind: "url", value: target, origin: null } as const;
		this.purge(purged).catch(toNull);
	}

	/** Whether an answer may be stored, and what is stored of its head. */
	judge(asked: Asked, answer: UpstreamHead): Judged {
		const responseTimeMs = this.now();
		const { status, received } = answer;
		const directives = parseCacheControl(received);
		const { requestTimeMs } = asked;
		const freshness = freshnessOf(
			{ status, headers: received, directives, requestTimeMs, responseTimeMs },
			this.options,
		);
		const facts = { status, headers: received, directives, freshness };
		const tags = tagsOf(received);
		const varyNames = varyOf(asked, received);
		const refusal = this.#whyNot(asked, facts, tags, varyNames);
		if (refusal !== null) return { refusal, head: null };
		const toStored = (list: readonly string[]): readonly string[] =>
			toStoredHeaders(list, directives, responseTimeMs);
		const source = toStored(received);
		const head: StoredAnswer = {
			kind: "answer",
			status,
			headers: answer.headers === received ? source : toStored(answer.headers),
			source,
			body: noBytes,
			freshness,
			varyNames: varyNames as readonly string[],
			mayRefresh: mayRefreshOf(asked, freshness),
			tags: tags as readonly string[],
		};
		return { refusal: null, head };
	}

	/** A stored answer after a 304, or after a 200 to HEAD that speaks of it, and whether it may stay stored. */
	update(
		asked: Asked,
		stale: StoredAnswer,
		{ headers: shown, received }: UpstreamHead,
	): { readonly answer: StoredAnswer; readonly mayStay: boolean } {
		const responseTimeMs = this.now();
		const { requestTimeMs } = asked;
		const { headers, directives, freshness } = freshen(
			{ status: stale.status, headers: stale.source },
			{ headers: received, requestTimeMs, responseTimeMs },
			this.options,
		);
		const isSame = stale.headers === stale.source;
		// A Vary or tags may be new.
		const varyNames = varyOf(stale, headers);
		const tags = hasTags(received) ? tagsOf(received) : stale.tags;
		const answer = {
			...stale,
			varyNames: varyNames === "*" ? stale.varyNames : varyNames,
			tags: tags ?? stale.tags,
			headers: isSame
				? headers
				: mergeHeaders(
						stale.headers,
						withoutHeaders(shown, ofBody),
						responseTimeMs,
					),
			source: headers,
			freshness,
			mayRefresh: stale.mayRefresh && mayRefreshOf(asked, freshness),
		};
		const facts = { status: stale.status, headers, directives, freshness };
		// A HEAD may validate too; what is stored is the answer to a GET.
		const request = { ...asked.request, method: "GET" };
		const planned = { ...asked.planned, method: "GET" };
		const refusal = this.#whyNot(
			{ ...asked, request, planned },
			facts,
			tags,
			varyNames,
		);
		return { answer, mayStay: refusal === null };
	}

	/** Puts a whole answer where requests like it look. */
	keep(asked: Asked, answer: StoredAnswer): void {
		const { primaryKey, target: url, mark } = asked;
		const { varyNames, tags } = answer;
		const keepMs = keepMsOf(answer);
		const tookMs = this.now() - asked.requestTimeMs;
		if (keepMs <= 0 || tookMs > longestMs) return;
		let key = primaryKey;
		if (varyNames.length > 0) {
			key = variantOf(
				primaryKey,
				variantKeyOf(varyNames, asked.planned.headers),
			);
			const marker = { kind: "vary", names: varyNames } as const;
			const place = { url, tags: [], keepMs: keptStaleMs, mark };
			this.#set(primaryKey, marker, { ...place, keepMs: keepMs + keptStaleMs });
		}
		this.uncacheable.forget(primaryKey);
		if (key !== primaryKey) this.uncacheable.forget(key);
		this.#set(key, answer, { url, tags, keepMs, mark });
	}

	/** Drops one entry. */
	drop(key: string): void {
		try {
			Promise.resolve(this.store.delete(key)).catch(toNull);
		} catch {
			// A store that fails has nothing.
		}
	}

	#set(
		key: string,
		entry: CacheEntry,
		placement: Parameters<CacheStore["set"]>[2],
	): void {
		try {
			const result = this.store.set(key, entry, placement);
			if (isThenable(result)) Promise.resolve(result).catch(toNull);
		} catch {
			// What a store does not take is asked for again.
		}
	}

	#whyNot(
		asked: Asked,
		facts: ResponseFacts,
		tags: readonly string[] | null,
		varyNames: readonly string[] | "*",
	): string | null {
		const { planned, request, directives } = asked;
		const { method, headers } = request;
		const refusal = whyNotStored(
			{ method, headers, directives },
			facts,
			this.options,
		);
		if (refusal !== null) return refusal;
		if (varyNames === "*") return "vary";
		if (tags === null) return "tags";
		// A policy has changed what the key is made of: the answer is to another request than the key says.
		const isAsPlanned =
			planned.method === method &&
			planned.path === request.path &&
			variantKeyOf(varyNames, planned.headers) ===
				variantKeyOf(varyNames, headers);
		return isAsPlanned ? null : "changed";
	}
}

function toNull(): null {
	return null;
}

function isThenable<T>(value: MaybePromise<T>): value is Promise<T> {
	return typeof (value as { then?: unknown } | null)?.then === "function";
}
