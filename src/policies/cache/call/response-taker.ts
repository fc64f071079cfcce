import {
	type Context,
	HttpError,
	type Reply,
	type UpstreamRequest,
	type UpstreamResponse,
} from "../../../index.ts";
import { targetOf } from "../cache-key.ts";
import { forwardStatus } from "../http/cache-status.ts";
import { isFreshenedBy, isFreshenedByHead } from "../http/conditional.ts";
import { headerValue, parseDigits } from "../http/header-list.ts";
import { invalidatedBy, isUnsafe } from "../http/invalidation.ts";
import { isServerError, mayServeOnError } from "../http/request-directives.ts";
import { variantKeyOf } from "../http/vary.ts";
import type { StoredAnswer } from "../store/stored-response.ts";
import { type Asked, withoutTags } from "./asked.ts";
import { BodyCollector } from "./body-collector.ts";
import type { CacheEngine } from "./engine.ts";
import type { Filling } from "./filling.ts";
import { callKeyOf, type Lookup } from "./lookup.ts";
import { serveStored } from "./serve.ts";

/** Refusals that say nothing of the next request for the same. */
const ofOneRequest: ReadonlySet<string> = new Set(["busy", "method", "status"]);

/** What the cache does with the answers of a route's upstream. */
export class AnswerTaker {
	readonly #engine: CacheEngine;

	constructor(engine: CacheEngine) {
		this.#engine = engine;
	}

	/** Takes the head of an answer; a reply takes its place. `lookup` is null for methods that are not looked up. */
	take(
		ctx: Context,
		lookup: Lookup | null,
		response: UpstreamResponse,
	): Reply | undefined {
		if (lookup === null) {
			this.#invalidate(ctx, response);
			response.headers = withoutTags(response.headers);
			return undefined;
		}
		const { stale } = lookup;
		if (stale !== null && response.status === 304) {
			return this.#takeNotModified(ctx, lookup, stale, response);
		}
		if (stale !== null && isServerError(response.status)) {
			const left = this.serveOnError(ctx, lookup, response.status);
			if (left !== undefined) return left;
		}
		this.#takeWhole(ctx, lookup, response);
		return undefined;
	}

	/** Answers with what is stored where the upstream has failed, with that status or with none, and that is allowed. */
	serveOnError(
		ctx: Context,
		lookup: Lookup,
		status: number | null,
	): Reply | undefined {
		const { stale, facts } = lookup;
		const engine = this.#engine;
		const nowMs = engine.now();
		if (stale === null) return undefined;
		const { freshness } = stale;
		const { options, name } = engine;
		if (!mayServeOnError(facts.directives, freshness, nowMs, options)) {
			return undefined;
		}
		lookup.filling?.completeStale(stale);
		lookup.filling = null;
		engine.note(ctx, "stale", "error");
		const member = forwardStatus(name, {
			forward: lookup.forward ?? "stale",
			forwardStatus: status,
			detail: "stale-if-error",
		});
		return serveStored(ctx.method, facts, stale, nowMs, member);
	}

	/** RFC 9111 section 4.4. */
	#invalidate(ctx: Context, { status, headers }: UpstreamResponse): void {
		if (!isUnsafe(ctx.method)) return;
		const target = targetOf(ctx);
		const uri = `${ctx.origin}${target}`;
		const uris = invalidatedBy(ctx.method, uri, status, headers);
		if (uris.length === 0) return;
		// As it came, which is how it is stored: a URI that was parsed is written in another way.
		const targets = new Set([target]);
		for (const one of uris) {
			const parsed = URL.parse(one);
			if (parsed !== null) targets.add(parsed.pathname + parsed.search);
		}
		for (const one of targets) this.#engine.invalidate(one);
	}

	/** RFC 9111 section 4.3.4. */
	#takeNotModified(
		ctx: Context,
		lookup: Lookup,
		stale: StoredAnswer,
		response: UpstreamResponse,
	): Reply {
		const engine = this.#engine;
		if (!isFreshenedBy(stale.source, response.received)) {
			// It speaks of a version that nobody has: the next request asks for the whole.
			engine.drop(lookup.key);
			throw new HttpError(502, undefined, {
				code: "ERR_UPSTREAM_INVALID",
				cause: new Error("a 304 for another version than was asked about"),
			});
		}
		const asked = toAsked(lookup);
		const { answer, mayStay } = engine.update(asked, stale, response);
		if (mayStay) engine.keep(asked, answer);
		else engine.drop(lookup.key);
		this.#hand(lookup, mayStay ? answer : null);
		engine.note(ctx, "revalidated", null);
		const status = forwardStatus(engine.name, {
			forward: lookup.forward ?? "stale",
			forwardStatus: 304,
			stored: mayStay,
		});
		const { method } = ctx;
		return serveStored(method, lookup.facts, answer, engine.now(), status);
	}

	/** To those who wait, where there is one that they may have. */
	#hand({ filling, planned }: Lookup, answer: StoredAnswer | null): void {
		if (filling === null) return;
		if (answer === null) filling.release();
		else {
			filling.variantKey = variantOfAnswer(answer, planned);
			filling.complete(answer);
		}
	}

	#takeWhole(ctx: Context, lookup: Lookup, response: UpstreamResponse): void {
		const engine = this.#engine;
		const refusal = lookup.bypass ?? this.#collect(lookup, response);
		if (refusal !== null) this.#letGo(lookup, response, refusal);
		if (lookup.bypass === null) engine.note(ctx, "miss", refusal);
		response.headers = withoutTags(response.headers);
		response.headers.push(
			"cache-status",
			forwardStatus(engine.name, {
				forward: lookup.forward ?? "uri-miss",
				stored: refusal === null,
				detail: refusal,
			}),
		);
	}

	/** An answer that is not stored: nobody waits for it, and what it replaces is gone. */
	#letGo(lookup: Lookup, response: UpstreamResponse, refusal: string): void {
		const { status } = response;
		const { bypass, stale, filling, primaryKey, key, facts } = lookup;
		if (filling !== null) {
			filling.release();
			lookup.filling = null;
		}
		if (bypass !== null) return;
		const { uncacheable } = this.#engine;
		if (refusal === "authorization" || refusal === "cookie") {
			uncacheable.note(callKeyOf(lookup));
		} else if (!ofOneRequest.has(refusal) && status < 500 && !facts.hasRange) {
			uncacheable.note(primaryKey);
			uncacheable.note(key);
		}
		if (stale === null || status >= 500 || status === 206) return;
		const isFreshened =
			refusal === "method" && this.#takeHead(lookup, stale, response);
		if (!isFreshened) this.#engine.drop(key);
	}

	/** RFC 9111 section 4.3.5. Whether the stored answer stays. */
	#takeHead(
		lookup: Lookup,
		stale: StoredAnswer,
		response: UpstreamResponse,
	): boolean {
		const { status, received } = response;
		const { source, body } = stale;
		if (status !== 200 || !isFreshenedByHead(source, body.length, received)) {
			return false;
		}
		const asked = toAsked(lookup);
		const { answer, mayStay } = this.#engine.update(asked, stale, response);
		if (mayStay) this.#engine.keep(asked, answer);
		return mayStay;
	}

	/** Collects the body for the store; why not, where it may not be stored. */
	#collect(lookup: Lookup, response: UpstreamResponse): string | null {
		const engine = this.#engine;
		const asked = toAsked(lookup);
		const { refusal, head: received } = engine.judge(asked, response);
		if (refusal !== null) return refusal;
		const length = lengthOf(response);
		if (length > engine.maxEntryBytes) return "too-large";
		const filling = lookup.filling;
		let head = received;
		const collector: BodyCollector = new BodyCollector(
			{
				onHead: (rewrite, isOwn) => {
					if (rewrite !== null) {
						const headers = rewrite(head.headers);
						head = { ...head, headers, mayRefresh: head.mayRefresh && !isOwn };
					}
					const isKnown = length >= 0 && rewrite === null;
					filling?.begin(
						isKnown ? { head, contentLength: length, collector } : null,
					);
				},
				onWhole: (body) => this.#onWhole(asked, { ...head, body }, filling),
				onLost: (isTooLarge) => this.#onLost(lookup, filling, isTooLarge),
			},
			engine.budget,
			engine.maxEntryBytes,
		);
		// Twice: what is collected, and what a slow client has not read yet.
		if (!collector.reserve(2 * Math.max(length, 0))) return "busy";
		lookup.collector = collector;
		response.observe(collector);
		if (filling !== null) {
			filling.variantKey = variantOfAnswer(head, lookup.planned);
		}
		return null;
	}

	#onWhole(asked: Asked, answer: StoredAnswer, filling: Filling | null): void {
		this.#engine.keep(asked, answer);
		filling?.complete(answer);
	}

	#onLost(lookup: Lookup, filling: Filling | null, isTooLarge: boolean): void {
		lookup.filling = null;
		if (isTooLarge) {
			this.#engine.uncacheable.note(lookup.key);
			filling?.release();
		} else filling?.fail();
	}
}

function variantOfAnswer(
	{ varyNames }: StoredAnswer,
	planned: UpstreamRequest | null,
): string {
	return variantKeyOf(varyNames, planned?.headers ?? []);
}

/** -1 where it is not known. */
function lengthOf({ received }: UpstreamResponse): number {
	return parseDigits(headerValue(received, "content-length") ?? "") ?? -1;
}

/** What was asked, now that it has gone out. */
export function toAsked(lookup: Lookup): Asked {
	const { primaryKey, target, facts, varyNames, requestTimeMs, mark } = lookup;
	return {
		primaryKey,
		target,
		directives: facts.directives,
		varyNames,
		planned: lookup.planned as UpstreamRequest,
		request: lookup.request as UpstreamRequest,
		requestTimeMs,
		mark,
	};
}
