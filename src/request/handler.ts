import type { IncomingMessage, ServerResponse } from "node:http";
import { type Peer, peerOf, type WaitingRequest } from "../connection/peer.ts";
import type { ServedSocket } from "../connection/plain-upgrade.ts";
import { type ErrorCode, failure, toHttpError } from "../http/errors.ts";
import { RequestHead } from "../http/headers.ts";
import { Reply } from "../http/reply.ts";
import {
	checkPath,
	escapeUndecodable,
	isHost,
	pathLength,
	toOriginForm,
} from "../http/target.ts";
import { isThenable } from "../model/maybe-promise.ts";
import { allMethods } from "../model/route.ts";
import { BodyWatch } from "./body-watch.ts";
import { LiveContext } from "./context.ts";
import { tellStart } from "./hooks.ts";
import { sendReply } from "./reply.ts";
import type {
	Match,
	PendingUpgrade,
	Plan,
	RequestContext,
	RouteFinder,
	Routes,
	Runtime,
} from "./request.ts";

/** Answers requests: what `http.createServer` takes. */
export type RequestHandler = (
	req: IncomingMessage,
	res: ServerResponse,
) => void;

/** More fields than node reads are dropped by it in silence: a request at that limit is refused whole. */
export const maxFields = 1_000;
const noParams: Readonly<Record<string, unknown>> = Object.freeze({});

/**
 * The life of a request, numbered as in docs/lifecycle.md; a step that a route
 * does not have is not in its plan.
 *
 * 1. match: `createContext`
 * 2. to 7. onRequest, parameters, dependencies, onAdmit, body or form, outgoing: `runFrom`
 * 8. forward, or the route's own handler: the plan's `act`, at the end of `runFrom`
 * 9. onFinish: `onResponseClose`
 */
export function createHandler(
	runtime: Runtime,
	routes: Routes,
): RequestHandler {
	const { trustedProxies, limits } = runtime;
	const { pipelined } = limits;
	const begin: Begin = (req, res, code) => {
		const matched = createContext(runtime, routes, req, res);
		const { ctx } = matched;
		ctx.awaitsContinue = ctx.head.expectsContinue && isContinueOurs(req);
		if (code !== null) matched.refusal = failure(code);
		run(matched, null);
	};
	return (req, res) => {
		const peer = peerOf(req.socket, trustedProxies);
		if (peer.mayBegin(pipelined)) begin(req, res, null);
		else peer.wait(req.socket, new Pipelined(req, res, begin), pipelined);
	};
}

/** Whether the 100 is still ours to send: a server without a listener for `checkContinue` has sent it already. */
function isContinueOurs({
	socket,
	httpVersionMinor,
}: IncomingMessage): boolean {
	const { server } = socket as ServedSocket;
	return (
		httpVersionMinor > 0 && (server?.listenerCount("checkContinue") ?? 0) > 0
	);
}

/** Begins a request; one with a code is rejected. */
type Begin = (
	req: IncomingMessage,
	res: ServerResponse,
	code: ErrorCode | null,
) => void;

/** A request that waits for earlier ones of its connection. */
class Pipelined implements WaitingRequest {
	readonly #req: IncomingMessage;
	readonly #res: ServerResponse;
	readonly #begin: Begin;
	#code: ErrorCode | null = null;

	constructor(req: IncomingMessage, res: ServerResponse, begin: Begin) {
		this.#req = req;
		this.#res = res;
		this.#begin = begin;
	}

	get isRequestOpen(): boolean {
		return !this.#req.complete;
	}

	/** It is rejected when its turn comes. */
	onUnreadable(code: ErrorCode): void {
		this.#code = code;
	}

	begin(): void {
		this.#begin(this.#req, this.#res, this.#code);
	}
}

/** A request with its plan, and why it is refused if it is. */
export interface Matched {
	readonly ctx: RequestContext;
	refusal: unknown;
}

/** Step 1: reads the head and finds the route; what no route takes goes to the fallback. */
export function createContext(
	runtime: Runtime,
	{ router, fallback }: Routes,
	req: IncomingMessage,
	res: ServerResponse,
): Matched {
	const { trustedProxies } = runtime;
	const clientHeader = trustedProxies === null ? null : trustedProxies.ipHeader;
	const head = new RequestHead(req.rawHeaders, clientHeader);
	const peer = peerOf(req.socket, trustedProxies);
	let url = req.url as string;
	let pathEnd = 0;
	let match: Match<Plan> | null = null;
	let refusal: unknown = null;
	try {
		checkHead(req, head, peer);
		if (runtime.hosts?.get(head.host) === false)
			throw failure("ERR_MISDIRECTED");
		// `OPTIONS *` asks about the server itself (RFC 9110 section 9.3.7).
		if (url !== "*" || req.method !== "OPTIONS") {
			url = toOriginForm(url, head.host);
			pathEnd = pathLength(url);
			const method = req.method as string;
			match = checkPath(url, pathEnd)
				? router.find(method, url, head.host)
				: findUndecodable(router, method, url, head.host);
			if (match !== null && match.value.spellings !== null) {
				const path = url.slice(0, pathEnd);
				const { spellings } = match.value;
				if (spellings.isDoubtful(path)) {
					spellings.check(match.value, method, path, head.host);
				}
			}
			if (method === "OPTIONS")
				match = findPreflight(router, req, url, head.host, match);
		}
	} catch (error) {
		refusal = error;
	}
	const ctx = new LiveContext(
		runtime,
		match === null ? fallback : match.value,
		req,
		res,
		head,
		peer,
		url,
		pathEnd,
		match === null ? noParams : match.params,
	);
	return { ctx, refusal };
}

/** A path that is no UTF-8 goes on byte for byte, to a route that takes no value out of it. */
function findUndecodable(
	router: RouteFinder,
	method: string,
	url: string,
	host: string | null,
): Match<Plan> | null {
	const match = router.find(method, escapeUndecodable(url), host);
	const names = Object.keys(match?.params ?? noParams);
	if (names.some((name) => name !== "*")) throw failure("ERR_BAD_PATH");
	return match;
}

/** A CORS preflight is answered by the route that it asks about, where that can and no route declares OPTIONS by name. */
function findPreflight(
	router: RouteFinder,
	{ headers }: IncomingMessage,
	url: string,
	host: string | null,
	declared: Match<Plan> | null,
): Match<Plan> | null {
	const method = headers["access-control-request-method"];
	if (method === undefined || headers.origin === undefined) return declared;
	const isImplied = declared?.value.info.methods.includes(allMethods) ?? true;
	const asked = isImplied ? router.find(method, url, host) : null;
	const plan = asked?.value.preflight ?? null;
	if (asked === null || plan === null) return declared;
	if (asked.value === declared?.value) return declared;
	return { value: plan, params: asked.params };
}

/** Runs a request through its plan. */
export function run(
	{ ctx, refusal }: Matched,
	upgrade: PendingUpgrade | null,
): void {
	if (ctx.peer.isEnding) return;
	ctx.upgrade = upgrade;
	begin(ctx);
	const { startHooks } = ctx.plan;
	if (startHooks !== null) tellStart(ctx, startHooks);
	// Where the 100 is never sent, node ends the connection behind the response.
	const isLast = ctx.head.upgrade !== null || lacksBody(ctx);
	if (upgrade === null && isLast) endBehind(ctx);
	if (refusal === null) runSteps(ctx);
	else {
		// Where the head is in doubt, so is where the next request begins.
		ctx.isLast = true;
		refuse(ctx, refusal);
	}
}

function lacksBody({ awaitsContinue, head }: RequestContext): boolean {
	return awaitsContinue && !head.hasBody;
}

/** node loses bytes behind a request that asks for an upgrade and does not get it: nothing more is read. */
function endBehind(ctx: RequestContext): void {
	ctx.isLast = true;
	ctx.peer.isEnding = true;
}

const key: unique symbol = Symbol("headgate.context");
type OwnedResponse = ServerResponse & { [key]?: RequestContext };

function begin(ctx: RequestContext): void {
	(ctx.res as OwnedResponse)[key] = ctx;
	ctx.res.on("close", onResponseClose);
	ctx.peer.enter(ctx, ctx.runtime.watch);
	ctx.runtime.open.begin();
	if (ctx.head.hasBody) {
		ctx.bodyWatch = new BodyWatch(ctx);
		// A body that breaks off says so in a later tick than its reader may have gone: unheard, that ends the process.
		ctx.req.on("error", ignore);
	}
}

function ignore(): void {
	// Whoever reads the body has listeners of its own.
}

/** Step 9. One listener for all responses: a closure for each costs more than finding the request again. */
function onResponseClose(this: OwnedResponse): void {
	this[key]?.finish();
}

/** What node lets pass and two parsers could read in two ways (RFC 9112 sections 3.2 and 6.1). */
function checkHead(req: IncomingMessage, head: RequestHead, peer: Peer): void {
	if (req.rawHeaders.length >= maxFields * 2)
		throw failure("ERR_HEAD_TOO_LARGE");
	if (req.httpVersionMajor !== 1) throw failure("ERR_BAD_REQUEST");
	const isOld = req.httpVersionMinor === 0;
	if (head.hostCount > 1 || (head.hostCount === 0 && !isOld)) {
		throw failure("ERR_BAD_REQUEST");
	}
	if (head.host !== null && head.host !== peer.validHost) {
		if (!isHost(head.host)) throw failure("ERR_BAD_REQUEST");
		peer.validHost = head.host;
	}
	if (head.isChunked && (isOld || head.contentLength >= 0)) {
		throw failure("ERR_BAD_REQUEST");
	}
	// A length that a number can not hold would go on as another one.
	if (head.contentLength > Number.MAX_SAFE_INTEGER) {
		throw failure("ERR_BAD_REQUEST");
	}
	if (head.hasUnknownCoding) throw failure("ERR_BAD_REQUEST");
	if (head.expectsOther) throw failure("ERR_EXPECTATION");
}

function runSteps(ctx: RequestContext): void {
	const { within } = ctx.plan;
	if (within === null) runFrom(ctx, 0);
	else within(ctx, () => runFrom(ctx, 0));
}

/** Steps 2 to 7 from the one given, then step 8. Only what is thenable is waited for. */
function runFrom(ctx: RequestContext, first: number): void {
	const { steps } = ctx.plan;
	try {
		for (let i = first; i < steps.length; i++) {
			// biome-ignore lint/style/noNonNullAssertion: i is within the steps
			const result = steps[i]!.run(ctx);
			if (result === undefined) continue;
			if (result instanceof Reply) {
				sendReply(ctx, result);
				return;
			}
			if (isThenable(result)) {
				wait(ctx, result as Promise<Reply | undefined>, i + 1);
				return;
			}
		}
		// Step 8: forward, or the route's own handler.
		const acting = ctx.plan.act(ctx);
		if (acting !== undefined) acting.catch((error) => refuse(ctx, error));
	} catch (error) {
		refuse(ctx, error);
	}
}

function wait(
	ctx: RequestContext,
	result: Promise<Reply | undefined>,
	next: number,
): void {
	result.then(
		(value) => {
			// The client may have left, or been answered with a time-out, in the meantime: a reply is dropped then.
			if (value instanceof Reply) sendReply(ctx, value);
			else if (!ctx.isOver && !ctx.isAnswered) runFrom(ctx, next);
		},
		(error) => refuse(ctx, error),
	);
}

function refuse(ctx: RequestContext, error: unknown): void {
	ctx.runtime.fail(ctx, toHttpError(error));
}
