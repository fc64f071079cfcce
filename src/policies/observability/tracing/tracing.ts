import type { Tracer } from "@opentelemetry/api";
import type {
	Context,
	Outcome,
	Policy,
	PolicyHooks,
	RouteInfo,
} from "../../../index.ts";
import {
	type Checks,
	checkOptions,
	func,
	having,
	list,
	loadPeer,
	oneOf,
	text,
	version,
} from "../../kit/kit.ts";
import { compileRedaction } from "../log/redact.ts";
import { readTrace, type TraceHeaders } from "./tracing-context.ts";
import {
	type OpenTelemetry,
	propagated,
	RouteSpans,
	type TracedRequest,
} from "./tracing-spans.ts";

/** What makes tracers: a `TracerProvider` of @opentelemetry/api. */
export interface TracerSource {
	getTracer(name: string, version?: string): object;
}

/** Who makes the spans, whose trace is continued, and what a span says. */
export interface TracingOptions {
	/** Default: the one that is registered with @opentelemetry/api, be it after this call. Where there is none, no spans are made. */
	readonly tracerProvider?: TracerSource;
	/**
	 * Whose trace is continued: every client's, that of a peer in `trustedProxies`, or nobody's. Else the
	 * request begins a new one that is linked to theirs. A client that is believed may also ask for
	 * its requests to be sampled. Default `"all"`.
	 */
	readonly trust?: "all" | "trusted" | "none";
	/** Names of query values that are left out, besides those that look like secrets (`token`, `key`, `password`, ...). No case. */
	readonly redactQuery?: readonly string[];
	/** Adds attributes of one's own to the span of a request when it is over. What it throws is logged by the gateway. */
	readonly attributes?: (
		ctx: Context,
		outcome: Outcome,
	) => Readonly<Record<string, string | number | boolean>>;
}

/**
 * Makes a span for each request and one for each call to a service, through whatever SDK is
 * registered with @opentelemetry/api, and carries the trace on in `traceparent` and `tracestate`
 * (W3C Trace Context, level 2). `ctx.state` has the trace's id as `traceId`. Without an SDK the
 * headers of a valid trace go on as they came.
 *
 * @throws Error when @opentelemetry/api is not installed; TypeError for options that do not make sense.
 */
export function tracing(options: TracingOptions = {}): Policy {
	checkOptions("tracing", options, checks);
	const api = loadPeer<OpenTelemetry>("@opentelemetry/api", "headgate/tracing");
	const findTracer = compileTracer(api, options.tracerProvider);
	const { trust = "all", redactQuery = [], attributes } = options;
	const hidden = new Set(redactQuery.map((name) => name.toLowerCase()));
	return {
		name: "tracing",
		forRoute(info) {
			const redact = compileRedaction(info, hidden);
			const spans = new RouteSpans(api, info, redact, attributes);
			return traceRoute(api, info, spans, { trust, findTracer });
		},
	};
}

interface Shared {
	readonly trust: NonNullable<TracingOptions["trust"]>;
	readonly findTracer: () => Tracer | null;
}

function traceRoute(
	api: OpenTelemetry,
	info: RouteInfo,
	spans: RouteSpans,
	{ trust, findTracer }: Shared,
): PolicyHooks {
	const key = Symbol("headgate.tracing");
	const find = (ctx: Context): TracedRequest | undefined =>
		ctx.hasState
			? (ctx.state.get(key) as TracedRequest | undefined)
			: undefined;
	return {
		onStart(ctx) {
			const inbound = readTrace(ctx.req.rawHeaders);
			const isTrusted =
				trust === "all" || (trust === "trusted" && ctx.isPeerTrusted);
			const tracer = findTracer();
			const traced =
				tracer === null ? null : spans.begin(tracer, ctx, inbound, isTrusted);
			if (traced === null) {
				passOn(ctx, inbound, isTrusted);
				return;
			}
			ctx.state.set(key, traced);
			ctx.state.set("traceId", traced.span.spanContext().traceId);
			if (info.proxied) announce(ctx, traced, inbound);
		},
		runWithin(ctx, run) {
			const traced = find(ctx);
			if (traced === undefined) run();
			else api.context.with(traced.scope, run);
		},
		onUpstreamAttempt(ctx, attempt) {
			const traced = find(ctx);
			return traced === undefined ? undefined : spans.attempt(traced, attempt);
		},
		onFinish(ctx, outcome) {
			const traced = find(ctx);
			if (traced !== undefined) spans.end(traced, ctx, outcome);
		},
	};
}

/** No span is made here: a trace that is believed goes on byte for byte, any other headers of that kind do not. */
function passOn(ctx: Context, inbound: TraceHeaders, isTrusted: boolean): void {
	if (!inbound.isPresent) return;
	if (inbound.parent !== null && isTrusted) {
		ctx.state.set("traceId", inbound.parent.traceId);
		return;
	}
	ctx.setUpstreamHeader("traceparent", null);
	ctx.setUpstreamHeader("tracestate", null);
}

/** What goes to the service where no call has a span of its own: what a policy asks on the gateway's account. */
function announce(
	ctx: Context,
	traced: TracedRequest,
	{ isPresent }: TraceHeaders,
): void {
	const { parent, state } = propagated(traced, traced.span);
	ctx.setUpstreamHeader("traceparent", parent);
	if (isPresent || state !== null) ctx.setUpstreamHeader("tracestate", state);
}

/** An SDK may be registered when the gateway is there already: it is looked for until it is found. */
function compileTracer(
	api: OpenTelemetry,
	given: TracerSource | undefined,
): () => Tracer | null {
	let tracer = (given?.getTracer("headgate", version) ?? null) as Tracer | null;
	return () => {
		if (tracer !== null) return tracer;
		const provider = api.trace.getTracerProvider();
		tracer =
			provider instanceof api.ProxyTracerProvider
				? (provider.getDelegateTracer("headgate", version) ?? null)
				: provider.getTracer("headgate", version);
		return tracer;
	};
}

const checks: Checks<TracingOptions> = {
	tracerProvider: having("getTracer"),
	trust: oneOf("all", "trusted", "none"),
	redactQuery: list(text),
	attributes: func,
};
