import {
	type Context,
	type Decision,
	decisionsOf,
	type Outcome,
	type PolicyHooks,
	type RouteInfo,
} from "../../../index.ts";
import { Decisions, isAnswered } from "./decisions.ts";
import { bucketOf } from "./histogram.ts";
import { type Origin, Origins } from "./origins.ts";
import { Refusals } from "./refusals.ts";
import { Sampler } from "./sampler.ts";
import { Slowest } from "./slowest.ts";
import { toShortName } from "./top.ts";
import { classOf, TrafficCounter } from "./traffic.ts";

/** A stream of events takes as long as its reader likes. Whether one was asked for is looked up for long requests alone. */
const mayBeStreamMs = 1_000;

/** What is counted of a route: made when it is first called. */
export interface CountedRoute {
	readonly info: RouteInfo;
	traffic: TrafficCounter | null;
}

/** Counts everything that the page shows. Bounded whatever comes: routes, origins, names and seconds have a fixed room. */
export class Recorder {
	readonly now: () => number;
	readonly startedMs: number;
	readonly total: TrafficCounter = new TrafficCounter();
	readonly routes: CountedRoute[] = [];
	/** The calls of the routes for which there was no room. */
	readonly rest: TrafficCounter = new TrafficCounter();
	readonly origins: Origins;
	readonly refusals: Refusals = new Refusals();
	readonly decisions: Decisions = new Decisions();
	readonly slowest: Slowest = new Slowest();
	readonly sampler: Sampler;
	restCount = 0;
	readonly #maxRoutes: number;
	readonly #timesSteps: boolean;

	constructor(
		maxRoutes: number,
		timesSteps: boolean,
		now: () => number = () => performance.now(),
	) {
		this.now = now;
		this.#maxRoutes = maxRoutes;
		this.#timesSteps = timesSteps;
		this.startedMs = now();
		this.origins = new Origins(now);
		this.sampler = new Sampler(this.startedMs);
	}

	/** The hooks that count a route. */
	watch(info: RouteInfo): PolicyHooks {
		this.origins.declare(info);
		const counted = this.#room(info);
		const traffic = () => this.#trafficOf(counted);
		let origin: Origin | null = null;
		return {
			timesSteps: this.#timesSteps,
			onStart: () => {
				this.total.inFlight++;
				traffic().inFlight++;
			},
			onUpstreamAttempt: (_ctx, attempt) => {
				if (origin?.name !== attempt.origin) {
					origin = this.origins.find(attempt.origin);
				}
				origin.traffic.inFlight++;
				return origin.onEnd;
			},
			onFinish: (ctx, outcome) => this.#finish(ctx, outcome, traffic()),
		};
	}

	#room(info: RouteInfo): CountedRoute | null {
		if (this.routes.length >= this.#maxRoutes) {
			this.restCount++;
			return null;
		}
		const counted: CountedRoute = { info, traffic: null };
		this.routes.push(counted);
		return counted;
	}

	#trafficOf(counted: CountedRoute | null): TrafficCounter {
		if (counted === null) return this.rest;
		counted.traffic ??= new TrafficCounter();
		return counted.traffic;
	}

	/** Step 9: a request is over. */
	#finish(ctx: Context, outcome: Outcome, route: TrafficCounter): void {
		const nowMs = this.now();
		const { status, source } = outcome;
		this.total.inFlight--;
		route.inFlight--;
		const statusClass = classOf(status);
		const isFailed = statusClass === 4;
		route.add(nowMs, statusClass, isFailed);
		this.total.add(nowMs, statusClass, isFailed);
		const { statuses } = this.sampler;
		statuses[statusClass] = (statuses[statusClass] as number) + 1;
		if (hasDuration(ctx, outcome)) this.#time(nowMs, ctx, outcome, route);
		if (source === "gateway" && statusClass === 3) {
			this.#refuse(nowMs, ctx, outcome);
		}
		for (const decision of decisionsOf(ctx)) this.#decide(nowMs, decision);
	}

	#decide(nowMs: number, decision: Decision): void {
		this.decisions.add(nowMs, decision);
		if (decision.kind !== "cache") return;
		this.sampler.cacheAsked++;
		if (isAnswered(decision.outcome)) this.sampler.cacheAnswered++;
	}

	#time(
		nowMs: number,
		ctx: Context,
		outcome: Outcome,
		route: TrafficCounter,
	): void {
		const { durationMs, overheadMs, upstreamMs, upstream } = outcome;
		const { durations, overheads } = this.sampler;
		const bucket = bucketOf(durationMs);
		const waitedMs = upstreamMs ?? 0;
		route.time(nowMs, bucket, durationMs, overheadMs, waitedMs);
		this.total.time(nowMs, bucket, durationMs, overheadMs, waitedMs);
		durations[bucket] = (durations[bucket] as number) + 1;
		const own = bucketOf(overheadMs);
		overheads[own] = (overheads[own] as number) + 1;
		if (upstream !== null && upstreamMs !== null) {
			const { traffic } = this.origins.find(upstream);
			traffic.time(nowMs, bucketOf(upstreamMs), upstreamMs, 0, upstreamMs);
		}
		if (this.slowest.takes(nowMs, durationMs)) {
			this.slowest.add(toKept(nowMs, ctx, outcome));
		}
	}

	#refuse(nowMs: number, ctx: Context, outcome: Outcome): void {
		this.sampler.refused++;
		let subject: string | null = null;
		for (const one of decisionsOf(ctx)) {
			if (one.kind === "auth" || subject === null) subject = one.subject;
		}
		this.refusals.add(
			nowMs,
			subject === null ? "address" : "caller",
			subject ?? ctx.address,
			outcome.code ?? String(outcome.status),
			ctx.route.path,
		);
	}
}

/** Whether how long it took says how fast it was. */
function hasDuration({ req }: Context, outcome: Outcome): boolean {
	if (outcome.status === 101) return false;
	if (outcome.durationMs < mayBeStreamMs) return true;
	return !(req.headers.accept ?? "").includes("text/event-stream");
}

function toKept(
	nowMs: number,
	ctx: Context,
	outcome: Outcome,
): Parameters<Slowest["add"]>[0] {
	return {
		atMs: nowMs,
		id: toShortName(ctx.id),
		method: ctx.method,
		route: ctx.route.path,
		status: outcome.status,
		source: outcome.source,
		code: outcome.code,
		upstream: outcome.upstream,
		attempts: outcome.attempts,
		durationMs: outcome.durationMs,
		overheadMs: outcome.overheadMs,
		upstreamMs: outcome.upstreamMs,
		steps: (outcome.steps ?? []).map(({ phase, name, ms }) => ({
			phase,
			name,
			ms,
		})),
	};
}
