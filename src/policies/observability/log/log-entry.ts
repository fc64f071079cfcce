import {
	type Context,
	decisionsOf,
	HttpError,
	type Outcome,
	type RouteInfo,
} from "../../../index.ts";
import { compileRedaction } from "./redact.ts";

/** What one line says, besides its time and level. What does not apply is absent. */
export interface LogEntry {
	/** The request's id. */
	readonly id: string;
	readonly method: string;
	/** Path and query as the client sent them, without the values of secrets. */
	readonly path: string;
	/** The route's template. */
	readonly route: string;
	/** What the client got; 499 where it left first. */
	readonly status: number;
	/** Who decided on the status: `gateway`, `upstream` or `client`. */
	readonly source: Outcome["source"];
	/** Of the failure or refusal, such as `ERR_RATE_LIMITED`. */
	readonly code: string | undefined;
	/** Why a call to the upstream failed, such as `ECONNREFUSED: connect ECONNREFUSED 10.0.0.7:8002`. */
	readonly cause: string | undefined;
	/** The origin that was asked. */
	readonly upstream: string | undefined;
	readonly upstreamStatus: number | undefined;
	/** Milliseconds, as the next two. */
	readonly durationMs: number;
	readonly upstreamMs: number | undefined;
	/** The gateway's own part. */
	readonly overheadMs: number;
	readonly bytesIn: number;
	readonly bytesOut: number;
	/** The client's address. */
	readonly address: string;
	/** Who calls, by the id of the identity. */
	consumer: string | undefined;
	/** What the scheme decided that did not accept the caller. */
	auth: string | undefined;
	/** What the last limit decided, and the limit that refused or had least left. */
	limit: string | undefined;
	limitName: string | undefined;
	/** What the cache did: `hit`, `miss`, `stale`, ... */
	cache: string | undefined;
	/** Calls to the upstream beyond the first. */
	readonly retries: number | undefined;
	/** Of the trace that the request belongs to. */
	readonly traceId: string | undefined;
	/** True where the client did not get the whole answer. */
	readonly incomplete: true | undefined;
}

/** Compiles what a line of a route says. `hidden` are the query names, in lower case, whose values are left out. */
export function compileEntry(
	info: RouteInfo,
	hidden: Set<string>,
): (ctx: Context, outcome: Outcome) => LogEntry {
	const redact = compileRedaction(info, hidden);
	const route = info.path;
	return (ctx, outcome) => {
		const { upstream, upstreamStatus, upstreamMs, attempts } = outcome;
		const entry: LogEntry = {
			id: ctx.id,
			method: ctx.method,
			path: redact(ctx.url),
			route,
			status: outcome.status,
			source: outcome.source,
			code: outcome.code ?? undefined,
			cause: causeOf(outcome),
			upstream: upstream ?? undefined,
			upstreamStatus: upstreamStatus ?? undefined,
			durationMs: toMicros(outcome.durationMs),
			upstreamMs: upstreamMs === null ? undefined : toMicros(upstreamMs),
			overheadMs: toMicros(outcome.overheadMs),
			bytesIn: outcome.bytesIn,
			bytesOut: outcome.bytesOut,
			address: ctx.address,
			consumer: undefined,
			auth: undefined,
			limit: undefined,
			limitName: undefined,
			cache: undefined,
			retries: attempts > 1 ? attempts - 1 : undefined,
			traceId: traceIdOf(ctx),
			incomplete: outcome.complete ? undefined : true,
		};
		addDecisions(ctx, entry);
		return entry;
	};
}

/** Digits behind the microsecond say nothing. */
function toMicros(ms: number): number {
	return Math.round(ms * 1000) / 1000;
}

/** What was thrown by the network, TLS or the parser of responses: its code and message. */
function causeOf({ code, error }: Outcome): string | undefined {
	if (code === null || !code.startsWith("ERR_UPSTREAM_")) return undefined;
	const thrown = (error as { cause?: unknown } | null)?.cause ?? error;
	if (!(thrown instanceof Error) || thrown instanceof HttpError) {
		return undefined;
	}
	const { code: own = thrown.name } = thrown as NodeJS.ErrnoException;
	return thrown.message === "" ? own : `${own}: ${thrown.message}`;
}

/** `headgate/tracing` leaves it there. */
function traceIdOf(ctx: Context): string | undefined {
	if (!ctx.hasState) return undefined;
	const id = ctx.state.get("traceId");
	return typeof id === "string" ? id : undefined;
}

function addDecisions(ctx: Context, entry: LogEntry): void {
	for (const { kind, outcome, reason, subject } of decisionsOf(ctx)) {
		if (kind === "auth") {
			entry.consumer = subject ?? entry.consumer;
			entry.auth = outcome === "accepted" ? undefined : outcome;
		} else if (kind === "limit") {
			entry.limit = outcome;
			entry.limitName = reason ?? undefined;
		} else if (kind === "cache") {
			entry.cache = outcome;
		}
	}
}
