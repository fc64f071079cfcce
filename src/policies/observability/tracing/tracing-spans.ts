import type {
	Context as Scope,
	Span,
	Tracer,
	TraceState,
} from "@opentelemetry/api";
import type {
	AttemptEnd,
	Context,
	Outcome,
	RouteInfo,
	UpstreamAttempt,
} from "../../../index.ts";
import type { RedactPath } from "../log/redact.ts";
import {
	type Attributes,
	attemptAttributes,
	isServerError,
	outcomeAttributes,
	serverAttributes,
	serverSpanName,
	spanMethod,
} from "./tracing-attributes.ts";
import { type TraceHeaders, toTraceParent } from "./tracing-context.ts";

/** The package @opentelemetry/api. */
export type OpenTelemetry = typeof import("@opentelemetry/api");

/** Adds attributes of the user's own at the end. */
export type MoreAttributes =
	| ((ctx: Context, outcome: Outcome) => Readonly<Record<string, unknown>>)
	| undefined;

/** Headers for a service: whoever takes the request on continues the trace from that span. */
export interface Propagated {
	readonly parent: string;
	readonly state: string | null;
}

/** A request with its span. */
export interface TracedRequest {
	readonly tracer: Tracer;
	readonly span: Span;
	/** OpenTelemetry's context with that span in it. */
	readonly scope: Scope;
	/** What the client said and is believed. */
	readonly inbound: TraceHeaders;
	/** The same list for the SDK; undefined where there is none. */
	readonly state: TraceState | undefined;
}

/** The spans of one route. */
export class RouteSpans {
	readonly #api: OpenTelemetry;
	readonly #info: RouteInfo;
	readonly #redact: RedactPath;
	readonly #more: MoreAttributes;

	constructor(
		api: OpenTelemetry,
		info: RouteInfo,
		redact: RedactPath,
		more: MoreAttributes,
	) {
		this.#api = api;
		this.#info = info;
		this.#redact = redact;
		this.#more = more;
	}

	/**
	 * Begins the span of a request; null where the tracer makes none. A caller that is not believed
	 * is linked to, and the trace is a new one.
	 */
	begin(
		tracer: Tracer,
		ctx: Context,
		inbound: TraceHeaders,
		isTrusted: boolean,
	): TracedRequest | null {
		const { ROOT_CONTEXT, SpanKind, trace } = this.#api;
		const remote = this.#remoteOf(inbound);
		const isChild = remote !== null && isTrusted;
		// Not the active context: a connection keeps the one in which it was opened.
		const around = isChild
			? trace.setSpanContext(ROOT_CONTEXT, remote)
			: ROOT_CONTEXT;
		const options = {
			kind: SpanKind.SERVER,
			attributes: serverAttributes(ctx, this.#info, this.#redact),
			links: remote === null || isTrusted ? [] : [{ context: remote }],
		};
		const name = serverSpanName(ctx.method, this.#info);
		const span = tracer.startSpan(name, options, around);
		const own = span.spanContext();
		const isNew = own.spanId !== inbound.parent?.spanId;
		if (!isNew || !trace.isSpanContextValid(own)) return null;
		const scope = trace.setSpan(around, span);
		const believed =
			remote === null || isTrusted ? inbound : { ...inbound, parent: null };
		const state = isChild ? remote.traceState : undefined;
		return { tracer, span, scope, inbound: believed, state };
	}

	#remoteOf({ parent, state }: TraceHeaders) {
		if (parent === null) return null;
		const { createTraceState } = this.#api;
		return {
			traceId: parent.traceId,
			spanId: parent.spanId,
			traceFlags: parent.flags,
			isRemote: true,
			...(state === null ? {} : { traceState: createTraceState(state) }),
		};
	}

	/** Ends the span of a request. */
	end({ span }: TracedRequest, ctx: Context, outcome: Outcome): void {
		try {
			if (!span.isRecording()) return;
			span.setAttributes(outcomeAttributes(ctx, outcome));
			if (isServerError(outcome)) this.#setError(span);
			const more = this.#more?.(ctx, outcome);
			if (more !== undefined) span.setAttributes(more as Attributes);
		} finally {
			span.end();
		}
	}

	/** Begins the span of a call to a service, and tells the service of it. Gives back what ends it. */
	attempt(
		traced: TracedRequest,
		attempt: UpstreamAttempt,
	): ((end: AttemptEnd) => void) | undefined {
		const upstream = this.#info.upstream ?? "";
		const span = traced.tracer.startSpan(
			spanMethod(attempt.method),
			{
				kind: this.#api.SpanKind.CLIENT,
				attributes: attemptAttributes(attempt, upstream, this.#redact),
			},
			traced.scope,
		);
		if (!this.#api.trace.isSpanContextValid(span.spanContext())) return;
		const { parent, state } = propagated(traced, span);
		setLine(attempt.headers, "traceparent", parent);
		setLine(attempt.headers, "tracestate", state);
		return (end) => this.#endAttempt(span, end);
	}

	#endAttempt(span: Span, { status, code }: AttemptEnd): void {
		if (status !== null) {
			span.setAttribute("http.response.status_code", status);
		}
		const isRefusal = status !== null && status >= 400;
		if (code !== null || isRefusal) {
			span.setAttribute("error.type", code ?? String(status));
			this.#setError(span);
		}
		span.end();
	}

	#setError(span: Span): void {
		span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
	}
}

/** What is told to a service that continues the trace from this span of it. */
export function propagated(traced: TracedRequest, span: Span): Propagated {
	const { traceId, spanId, traceFlags, traceState } = span.spanContext();
	const { inbound, state } = traced;
	// That the id is random is the caller's word, and stays true (level 2, section 3.2.2.5.2).
	const random = (inbound.parent?.flags ?? 0) & 2;
	const flags = (traceFlags & 1) | random;
	// As it came, unless a sampler changed it: the SDK's own copy holds no more than 512 characters.
	const list =
		traceState === state && state !== undefined
			? inbound.state
			: (traceState?.serialize() ?? null);
	return {
		parent: toTraceParent(traceId, spanId, flags),
		state: list === "" ? null : list,
	};
}

/** Makes this the only line of that name; null leaves none. */
function setLine(headers: string[], name: string, value: string | null): void {
	for (let i = headers.length - 2; i >= 0; i -= 2) {
		const found = headers[i] as string;
		if (found.length === name.length && found.toLowerCase() === name) {
			headers.splice(i, 2);
		}
	}
	if (value !== null) headers.push(name, value);
}
