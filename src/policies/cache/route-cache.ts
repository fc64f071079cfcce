import type {
	Context,
	HttpError,
	MaybePromise,
	PolicyHooks,
	UpstreamRequest,
	UpstreamResponse,
} from "../../index.ts";
import { keyOf, targetOf, variantOf } from "./cache-key.ts";
import type { CacheEngine } from "./call/engine.ts";
import { Filling, type Turn } from "./call/filling.ts";
import { bypassOf, callKeyOf, Lookup, planOf } from "./call/lookup.ts";
import { startRefresh } from "./call/refresh.ts";
import { type Answered, hit, refuse, share } from "./call/replies.ts";
import { AnswerTaker } from "./call/response-taker.ts";
import type { ForwardReason } from "./http/cache-status.ts";
import { conditionalNames, validatorsFor } from "./http/conditional.ts";
import { decideMiss, decideReuse } from "./http/request-directives.ts";
import { RequestFacts } from "./http/request-facts.ts";
import { withoutHeaders } from "./http/stored-headers.ts";
import { variantKeyOf } from "./http/vary.ts";
import type { PartitionOf } from "./partition.ts";
import type { CacheEntry, StoredAnswer } from "./store/stored-response.ts";

/** A wait that leads to another wait ends after so many. */
const maxRounds = 3;

/**
 * The cache on one route, along the life of a request:
 *
 * 1. `onAdmit` finds what is stored and answers with it, or waits for another's call, or lets the request go on;
 * 2. `onUpstreamRequest` makes it ask what the store needs to know;
 * 3. `onUpstreamResponse` takes the answer: for the store, for those who wait, or as word that the stored one holds;
 * 4. `onUpstreamError` and a 5xx are answered with what is left, where that is allowed;
 * 5. when the request is over, what it did not bring to an end is handed on.
 */
export class RouteCache implements PolicyHooks {
	readonly guards = false;
	readonly #engine: CacheEngine;
	readonly #partitionOf: PartitionOf;
	readonly #taker: AnswerTaker;
	readonly #key: symbol;
	readonly #waitMs: number;

	constructor(engine: CacheEngine, key: symbol, partitionOf: PartitionOf) {
		this.#engine = engine;
		this.#key = key;
		this.#partitionOf = partitionOf;
		this.#taker = new AnswerTaker(engine);
		this.#waitMs = engine.options.collapseWaitMs ?? 5_000;
	}

	onAdmit(ctx: Context): MaybePromise<Answered> {
		if (ctx.method !== "GET" && ctx.method !== "HEAD") return undefined;
		const facts = new RequestFacts(ctx.req.rawHeaders);
		const partition = this.#partitionOf(ctx);
		const target = targetOf(ctx);
		const key = keyOf(target, ctx.origin, partition ?? "");
		const lookup = new Lookup(facts, target, key);
		const bypass = partition === null ? "no-identity" : bypassOf(facts);
		if (bypass !== null) return this.#bypass(ctx, lookup, bypass);
		const found = this.#engine.find(key);
		return found instanceof Promise
			? found.then((entry) => this.#decide(ctx, lookup, entry))
			: this.#decide(ctx, lookup, found);
	}

	onUpstreamRequest(ctx: Context, request: UpstreamRequest): undefined {
		const lookup = this.#lookupOf(ctx);
		if (lookup === null) return;
		lookup.request = request;
		lookup.requestTimeMs = this.#engine.now();
		lookup.mark = this.#engine.store.mark();
		const { stale, filling, facts } = lookup;
		if (stale !== null) {
			const headers = withoutHeaders(request.headers, conditionalNames);
			request.headers = headers.concat(validatorsFor(stale.source));
		} else if (filling !== null && facts.isConditional) {
			// Others wait for the whole.
			request.headers = withoutHeaders(request.headers, conditionalNames);
		}
	}

	onUpstreamResponse(ctx: Context, response: UpstreamResponse): Answered {
		const lookup = this.#lookupOf(ctx);
		return this.#taker.take(ctx, lookup, response);
	}

	onUpstreamError(ctx: Context, _error: HttpError): Answered {
		const lookup = this.#lookupOf(ctx);
		if (lookup === null) return undefined;
		const answer = this.#taker.serveOnError(ctx, lookup, null);
		if (answer === undefined) lookup.filling?.fail();
		lookup.filling = null;
		return answer;
	}

	/** The request is over: what it did not bring to an end is handed on. */
	#leave(lookup: Lookup): void {
		lookup.isOver = true;
		lookup.collector?.onClientDone();
		// A body that is being collected goes on, and ends the call itself.
		if (lookup.collector === null) lookup.filling?.fail();
	}

	#lookupOf(ctx: Context): Lookup | null {
		return (ctx.state.get(this.#key) as Lookup | undefined) ?? null;
	}

	#bypass(ctx: Context, lookup: Lookup, reason: string): undefined {
		lookup.forward = "bypass";
		lookup.bypass = reason;
		ctx.state.set(this.#key, lookup);
		this.#engine.note(ctx, "bypass", reason);
	}

	#decide(
		ctx: Context,
		lookup: Lookup,
		entry: CacheEntry | null,
	): MaybePromise<Answered> {
		if (entry === null) {
			const isVariant = lookup.key !== lookup.primaryKey;
			return this.#miss(ctx, lookup, isVariant ? "vary-miss" : "uri-miss");
		}
		if (entry.kind === "answer") return this.#reuse(ctx, lookup, entry);
		return this.#findVariant(ctx, lookup, entry.names);
	}

	#findVariant(
		ctx: Context,
		lookup: Lookup,
		names: readonly string[],
	): MaybePromise<Answered> {
		const { headers } = planOf(ctx, lookup);
		lookup.varyNames = names;
		lookup.key = variantOf(lookup.primaryKey, variantKeyOf(names, headers));
		const found = this.#engine.find(lookup.key);
		const go = (entry: CacheEntry | null): MaybePromise<Answered> =>
			entry?.kind === "answer"
				? this.#reuse(ctx, lookup, entry)
				: this.#miss(ctx, lookup, "vary-miss");
		return found instanceof Promise ? found.then(go) : go(found);
	}

	#reuse(
		ctx: Context,
		lookup: Lookup,
		answer: StoredAnswer,
	): MaybePromise<Answered> {
		const engine = this.#engine;
		const { directives } = lookup.facts;
		const { reuse, forward } = decideReuse(
			directives,
			answer.freshness,
			engine.now(),
			engine.options,
		);
		switch (reuse) {
			case "use":
				return hit(engine, ctx, lookup, answer, "hit");
			case "use-stale":
				return hit(engine, ctx, lookup, answer, "stale");
			case "refresh-behind":
				if (!answer.mayRefresh) {
					return this.#validate(ctx, lookup, answer);
				}
				startRefresh(engine, ctx, lookup, answer);
				return hit(engine, ctx, lookup, answer, "stale");
			case "gateway-timeout":
				return refuse(this.#engine, ctx);
			case "bypass":
				return this.#bypass(ctx, lookup, "request-no-store");
			default:
		}
		lookup.stale = answer;
		return this.#goOn(ctx, lookup, forward ?? "stale");
	}

	/** In front, what can not be refreshed behind. */
	#validate(
		ctx: Context,
		lookup: Lookup,
		answer: StoredAnswer,
	): MaybePromise<Answered> {
		const engine = this.#engine;
		switch (decideMiss(lookup.facts.directives, engine.options)) {
			case "gateway-timeout":
				return hit(engine, ctx, lookup, answer, "stale");
			case "bypass":
				return this.#bypass(ctx, lookup, "request-no-store");
			default:
				lookup.stale = answer;
				return this.#goOn(ctx, lookup, "stale");
		}
	}

	#miss(
		ctx: Context,
		lookup: Lookup,
		reason: ForwardReason,
	): MaybePromise<Answered> {
		const { directives } = lookup.facts;
		switch (decideMiss(directives, this.#engine.options)) {
			case "gateway-timeout":
				return refuse(this.#engine, ctx);
			case "bypass":
				return this.#bypass(ctx, lookup, "request-no-store");
			default:
				return this.#goOn(ctx, lookup, reason);
		}
	}

	/** To the upstream, or to the wait for another's call. */
	#goOn(
		ctx: Context,
		lookup: Lookup,
		reason: ForwardReason,
	): MaybePromise<Answered> {
		const { fillings } = this.#engine;
		lookup.forward = reason;
		// Not onFinish, which hits would pay for too.
		ctx.whenOver(() => this.#leave(lookup));
		// While the store was asked the client may have left: then nobody leads.
		if (lookup.isOver) return undefined;
		planOf(ctx, lookup);
		ctx.state.set(this.#key, lookup);
		if (!this.#mayShare(ctx, lookup)) return undefined;
		const key = callKeyOf(lookup);
		const filling = fillings.get(key);
		if (filling !== undefined) {
			lookup.rounds++;
			return filling
				.join(lookup, this.#waitMs)
				.then((turn) => this.#takeTurn(ctx, lookup, turn, filling));
		}
		lookup.filling = new Filling(fillings, key);
		return undefined;
	}

	#mayShare(ctx: Context, lookup: Lookup): boolean {
		const { facts, key, rounds } = lookup;
		const { options, uncacheable } = this.#engine;
		if (options.collapse === false || ctx.method !== "GET") return false;
		// Who states what it wants of a cache may want a younger answer than others wait for.
		const isPlain = options.ignoreClientDirectives || !facts.hasDirectives;
		if (!isPlain || facts.hasRange || rounds >= maxRounds) return false;
		return !uncacheable.has(key) && !uncacheable.has(callKeyOf(lookup));
	}

	#takeTurn(
		ctx: Context,
		lookup: Lookup,
		turn: Turn,
		filling: Filling,
	): MaybePromise<Answered> {
		if (turn.kind === "lead" || turn.kind === "alone") return undefined;
		const answer = turn.kind === "live" ? turn.live.head : turn.answer;
		const { headers } = planOf(ctx, lookup);
		const { varyNames } = answer;
		if (
			varyNames.length > 0 &&
			variantKeyOf(varyNames, headers) !== filling.variantKey
		) {
			return this.#findVariant(ctx, lookup, varyNames);
		}
		return share(this.#engine, ctx, lookup, turn, answer);
	}
}
