import type { Outcome, StepTiming } from "../model/outcome.ts";
import type { CallRecord } from "../proxy/call-record.ts";
import type { RequestContext } from "./request.ts";
import { Meter } from "./timings.ts";

/** How a request ended. Made where a policy asks, when the request is over. */
export class RequestOutcome implements Outcome {
	readonly status: number;
	readonly source: Outcome["source"];
	readonly code: string | null;
	readonly error: unknown;
	readonly upstream: string | null;
	readonly upstreamStatus: number | null;
	readonly complete: boolean;
	readonly attempts: number;
	readonly durationMs: number;
	readonly upstreamMs: number | null;
	readonly upstreamHeadMs: number | null;
	readonly overheadMs: number;
	readonly bytesIn: number;
	readonly bytesOut: number;
	readonly #ctx: RequestContext;

	constructor(ctx: RequestContext) {
		const { forward, failure } = ctx;
		// A generator that was not written as one is not known at the start.
		const meter = ctx.meter ?? new Meter(false);
		const record = forward?.record ?? null;
		const nowMs = performance.now();
		this.#ctx = ctx;
		this.complete = ctx.isWhole;
		const isGone = !this.complete && failure?.code === "ERR_CLIENT_GONE";
		const answered = ctx.isUpstreamAnswer ? "upstream" : "gateway";
		this.status = isGone ? 499 : ctx.res.statusCode;
		this.source = isGone ? "client" : answered;
		this.code = failure?.code ?? null;
		this.error = failure?.cause ?? failure;
		this.upstream = forward?.origin ?? null;
		this.upstreamStatus = record?.status ?? null;
		this.attempts = forward?.attempts ?? 0;
		this.durationMs = nowMs - meter.startedMs;
		this.upstreamMs = record?.waitedMs ?? null;
		this.upstreamHeadMs = record?.headMs ?? null;
		this.overheadMs = overheadOf(meter, record, nowMs);
		const tunnel = ctx.upgrade?.tunnel ?? null;
		this.bytesIn = tunnel?.clientBytes ?? bytesInOf(ctx, meter, record);
		this.bytesOut = tunnel?.upstreamBytes ?? bytesOutOf(ctx, meter, record);
	}

	get steps(): readonly StepTiming[] | null {
		const { meter, forward, plan } = this.#ctx;
		const timings = meter?.toTimings(plan.steps) ?? null;
		if (timings === null || meter === null) return null;
		// The call is told of when it is over, not when it has been begun.
		const ms =
			forward === null ? meter.stepMs?.[plan.steps.length] : this.upstreamMs;
		if (ms !== undefined && ms !== null) timings.push({ ...plan.actInfo, ms });
		return timings;
	}
}

function overheadOf(
	meter: Meter,
	record: CallRecord | null,
	nowMs: number,
): number {
	const { startedMs, clientMs, handedMs } = meter;
	if (record === null) return (handedMs || nowMs) - startedMs - clientMs;
	const before = record.startedMs - startedMs - clientMs;
	return before + record.ownMs(Math.max(handedMs, record.handedMs));
}

function bytesInOf(
	{ head, req, hasPayload }: RequestContext,
	meter: Meter,
	record: CallRecord | null,
): number {
	if (!head.hasBody) return 0;
	const streamed = hasPayload ? 0 : (record?.sentBytes ?? 0);
	const taken = meter.bytesIn + streamed;
	if (head.contentLength < 0) return taken;
	return req.complete && taken > 0
		? head.contentLength
		: Math.min(taken, head.contentLength);
}

function bytesOutOf(
	ctx: RequestContext,
	meter: Meter,
	record: CallRecord | null,
): number {
	return ctx.isUpstreamAnswer && meter.handedMs === 0
		? (record?.receivedBytes ?? 0)
		: meter.bytesOut;
}
