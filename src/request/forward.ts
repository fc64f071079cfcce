import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { failure } from "../http/errors.ts";
import type { Route } from "../model/route-options.ts";
import type { UpstreamRequest } from "../model/types.ts";
import type { Upstream, UpstreamTimeouts } from "../model/upstream.ts";
import { BackgroundCall } from "../proxy/background-call.ts";
import { CallRecord } from "../proxy/call-record.ts";
import { Forward } from "../proxy/forward.ts";
import { busy } from "../upstream/failures.ts";
import type { UpstreamPool } from "../upstream/pool.ts";
import { collectHooks } from "./hooks.ts";
import { compileRead } from "./read-response.ts";
import type {
	AskUpstream,
	NamedHooks,
	Plan,
	RequestContext,
} from "./request.ts";
import { compileAnswer } from "./response.ts";
import { compileHead } from "./response-head.ts";
import { type ResponseShape, ShapedAnswer } from "./shaped-answer.ts";

/** Compiles step 8 of a proxied route. */
export function compileForward(
	route: Route,
	target: Upstream,
	pool: UpstreamPool,
	hooks: readonly NamedHooks[],
): Pick<Plan, "act" | "actInfo" | "ask" | "answer"> {
	const shape = compileHead(route, target);
	const reading = compileRead(route);
	const responseHooks = collectHooks(hooks, "onUpstreamResponse") ?? [];
	const maxStreamBytes = route.options.maxBodyBytes ?? Number.POSITIVE_INFINITY;
	const timeouts: UpstreamTimeouts = {
		...target.timeout,
		...route.options.timeout,
	};
	pool.allow(timeouts);
	return {
		actInfo: { phase: 8, name: `forward ${target.name}`, mode: "async" },
		answer: compileAnswer(shape, reading, responseHooks),
		ask: compileAsk(pool, timeouts, { shape, reading }),
		act(ctx) {
			if (pool.inFlight >= pool.maxInFlight) {
				ctx.onForwardFailed(busy());
				return;
			}
			const { head } = ctx;
			const streams = head.hasBody && !ctx.hasPayload;
			if (!streams) {
				startForward(ctx, pool, timeouts, ctx.payload);
				return;
			}
			if (head.contentLength > maxStreamBytes) {
				throw failure("ERR_BODY_TOO_LARGE");
			}
			ctx.wantBody();
			const stream = (): void =>
				startForward(ctx, pool, timeouts, ctx.req, maxStreamBytes);
			if (head.isChunked || head.contentLength > smallBodyBytes) {
				stream();
				return;
			}
			takeSmallBody(ctx.req, head.contentLength, (bytes) => {
				if (ctx.isOver || ctx.isAnswered) return;
				if (bytes === null) stream();
				else startForward(ctx, pool, timeouts, bytes);
			});
		},
	};
}

function startForward(
	ctx: RequestContext,
	pool: UpstreamPool,
	timeouts: UpstreamTimeouts,
	body: Readable | Uint8Array | null,
	maxBodyBytes: number = Number.POSITIVE_INFINITY,
): void {
	const { method, path, headers } = ctx.outgoing as UpstreamRequest;
	const { watch } = ctx.runtime;
	const forward = new Forward(
		ctx,
		ctx.res,
		pool,
		timeouts,
		watch,
		maxBodyBytes,
	);
	if (ctx.meter !== null) forward.record = new CallRecord();
	if (ctx.plan.watchAttempt !== null) forward.watcher = ctx;
	if (!ctx.peer.isTrusted) forward.owner = ctx.peer;
	ctx.forward = forward;
	ctx.isAnswered = true;
	const upgrade = ctx.upgrade === null ? null : ctx.head.upgrade;
	forward.start({ method, path, headers, body, upgrade });
}

/** The most that a call without a client may take where the route sets no `totalMs`. */
const mostTotalMs = 60_000;

/** Compiles `ctx.askUpstream`: the response goes through the options of the route as one to a client does. */
function compileAsk(
	pool: UpstreamPool,
	timeouts: UpstreamTimeouts,
	shape: ResponseShape,
): AskUpstream {
	const totalMs = timeouts.totalMs === 0 ? mostTotalMs : timeouts.totalMs;
	const bounded = { ...timeouts, totalMs };
	return (ctx, request, reader) => {
		const { runtime } = ctx;
		if (runtime.isClosing) {
			reader.onError(failure("ERR_UNAVAILABLE"));
			return;
		}
		if (pool.inFlight >= pool.maxInFlight) {
			reader.onError(busy());
			return;
		}
		runtime.open.begin();
		const answer = new ShapedAnswer(ctx, request.method, reader, shape);
		const call = new BackgroundCall(pool, bounded, runtime.watch, answer, () =>
			runtime.open.end(),
		);
		call.start({ ...request, body: null, upgrade: null });
	};
}

/** A body of up to so many bytes that has come with its head goes upstream in one write with it. */
const smallBodyBytes = 16 * 1024;

/**
 * Looks, once the read that brought the head is used up, whether it brought the
 * whole body too, as it nearly always does for small ones: streaming that would
 * cost more than all the rest of the request (bench/README.md). Null where the
 * body is still to come: then it streams.
 */
function takeSmallBody(
	req: IncomingMessage,
	length: number,
	onLooked: (bytes: Buffer | null) => void,
): void {
	process.nextTick(() => {
		onLooked(req.readableLength === length ? readWhole(req) : null);
	});
}

/** What is there, in one piece: a request that waited for its turn may have received several. */
function readWhole(req: IncomingMessage): Buffer {
	const first = req.read() as Buffer;
	let next = req.read() as Buffer | null;
	if (next === null) return first;
	const all = [first];
	for (; next !== null; next = req.read()) all.push(next);
	return Buffer.concat(all);
}
