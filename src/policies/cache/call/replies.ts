import { type Context, type Reply, reply } from "../../../index.ts";
import { forwardStatus, hitStatus } from "../http/cache-status.ts";
import { currentAge } from "../http/freshness.ts";
import { decideReuse, mayServeOnError } from "../http/request-directives.ts";
import type { StoredAnswer } from "../store/stored-response.ts";
import type { CacheEngine } from "./engine.ts";
import type { Turn } from "./filling.ts";
import type { Lookup } from "./lookup.ts";
import { isNotModified, serveLive, serveStored } from "./serve.ts";

/** What a hook of the cache answers; undefined lets the request go on. */
export type Answered = Reply | undefined;

/** Answers with what is stored. */
export function hit(
	engine: CacheEngine,
	ctx: Context,
	{ facts }: Lookup,
	answer: StoredAnswer,
	outcome: "hit" | "stale",
): Reply {
	const { freshness } = answer;
	const nowMs = engine.now();
	const age = currentAge(freshness, nowMs);
	const ttl = freshness.lifetimeSeconds - age;
	engine.note(ctx, outcome, null);
	const isUnchanged = facts.isConditional && isNotModified(facts, answer);
	// Conditions are judged before the range (RFC 9110 section 13.2.2).
	const isPlain = isUnchanged || !facts.hasRange;
	const recent = isUnchanged ? engine.recent304 : engine.recent;
	const known = isPlain ? recent.find(answer, age, ttl) : null;
	if (known !== null) return known;
	const status = hitStatus(engine.name, ttl);
	const served = serveStored(ctx.method, facts, answer, nowMs, status);
	if (isPlain) recent.keep(answer, age, ttl, served);
	return served;
}

/** Answers a request that may not go on, and finds nothing (RFC 9111 section 5.2.1.7). */
export function refuse(engine: CacheEngine, ctx: Context): Reply {
	engine.note(ctx, "miss", "only-if-cached");
	const status = `${engine.name}; detail=only-if-cached`;
	return reply(504, null, ["cache-status", status]);
}

/** Answers with what another request has brought, where this one may have it. */
export function share(
	engine: CacheEngine,
	ctx: Context,
	{ facts, forward }: Lookup,
	turn: Turn,
	answer: StoredAnswer,
): Answered {
	const { name, options } = engine;
	const { directives } = facts;
	const { freshness } = answer;
	const nowMs = engine.now();
	const mayUse =
		turn.kind === "stale"
			? mayServeOnError(directives, freshness, nowMs, options)
			: decideReuse(directives, freshness, nowMs, options).reuse === "use";
	if (!mayUse) return undefined;
	const status = forwardStatus(name, {
		forward: forward ?? "uri-miss",
		collapsed: true,
	});
	const shared =
		turn.kind === "live"
			? serveLive(ctx.method, facts, turn.live, nowMs, status)
			: serveStored(ctx.method, facts, answer, nowMs, status);
	if (shared === null) return undefined;
	engine.note(ctx, "collapsed", null);
	return shared;
}
