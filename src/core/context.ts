import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { type ErrorCode, failure, type HttpError } from "../http/errors.ts";
import type { RequestHead } from "../http/headers.ts";
import { cutOff, lingerOnClose } from "../http/linger.ts";
import { clientAddress, type Peer, type PeerRequest } from "../http/peer.ts";
import type { Reply } from "../http/reply.ts";
import type { MultipartForm } from "../params/form-multipart.ts";
import type { AnswerHead } from "../proxy/answer-writer.ts";
import type { Forward } from "../proxy/forward.ts";
import type { ForwardObserver, ForwardOwner } from "../proxy/forward-owner.ts";
import type { BodyWatch } from "./body-watch.ts";
import type { Plan } from "./compile.ts";
import { cleanUp, tellPolicies } from "./outcome.ts";
import type { Cleanup, ResolutionState } from "./resolution.ts";
import type { Runtime } from "./runtime.ts";
import type { Context, RouteInfo, UpstreamRequest } from "./types.ts";
import type { Upgrade } from "./upgrade.ts";
import { Withheld, type WithheldSource } from "./withheld.ts";

const nothing: Readonly<Record<string, never>> = Object.freeze({});

/**
 * One request on its way through its plan. Every field is set in the
 * constructor, in one order, so that all requests share one hidden class
 * (test/core/same-shape.test.ts).
 */
export class RequestContext
	implements Context, ForwardOwner, PeerRequest, ResolutionState
{
	readonly runtime: Runtime;
	readonly plan: Plan;
	readonly req: IncomingMessage;
	readonly res: ServerResponse;
	/** Kept here, because undici takes the socket off a request that it has sent. */
	readonly socket: Socket;
	readonly head: RequestHead;
	readonly peer: Peer;
	readonly method: string;
	readonly url: string;
	/** Where the path ends in `url`. */
	readonly pathEnd: number;
	path: Record<string, unknown>;
	query: Record<string, unknown>;
	headers: Record<string, unknown>;
	cookies: Record<string, unknown>;
	body: unknown;
	form: Readonly<Record<string, unknown>>;
	deps: Record<string, unknown>;
	resolved: unknown[];
	inputs: unknown[];
	cleanups: Cleanup[] | null;
	/** What is about to go upstream; null until step 7. */
	outgoing: UpstreamRequest | null;
	/** The body that goes upstream in place of the client's bytes; null where those go, or nothing. */
	payload: Readable | Uint8Array | null;
	payloadType: string | null;
	/** In bytes; null where it is not known. */
	payloadLength: number | null;
	/** Whether `payload` takes the place of the client's body, even where it is null. */
	hasPayload: boolean;
	/** A declared multipart form that is being read; null where there is none. */
	multipart: MultipartForm | null;
	/** What `setReplyHeader` was given: names and values in turn. */
	replyHeaders: string[] | null;
	/** What `setUpstreamHeader` was given: names and values in turn, null where a name is only taken off. */
	upstreamHeaders: (string | null)[] | null;
	/** What `withhold` was given; null where nothing is held back. */
	withheld: Withheld | null;
	forward: Forward | null;
	bodyObserver: ForwardObserver | null;
	failure: HttpError | null;
	/** Whether the upstream's status is the one the client got. */
	isUpstreamAnswer: boolean;
	isOver: boolean;
	isAnswered: boolean;
	/** Whether the client waits for `100 Continue`. */
	awaitsContinue: boolean;
	/** Whether the connection ends with this answer whatever was read. */
	isLast: boolean;
	/** How the connection is taken over when the upstream switches protocols; null for plain HTTP. */
	upgrade: Upgrade | null;
	readonly startedMs: number;
	/** Looks after a body that is still to come; null where there is none. */
	bodyWatch: BodyWatch | null;
	#id: string | null;
	#address: string | null;
	#state: Map<symbol | string, unknown> | null;
	#abort: AbortController | null;

	constructor(
		runtime: Runtime,
		plan: Plan,
		req: IncomingMessage,
		res: ServerResponse,
		head: RequestHead,
		peer: Peer,
		url: string,
		pathEnd: number,
		path: Record<string, unknown>,
	) {
		this.runtime = runtime;
		this.plan = plan;
		this.req = req;
		this.res = res;
		this.socket = req.socket;
		this.head = head;
		this.peer = peer;
		this.method = req.method as string;
		this.url = url;
		this.pathEnd = pathEnd;
		this.path = path;
		this.query = nothing;
		this.headers = nothing;
		this.cookies = nothing;
		this.body = undefined;
		this.form = nothing;
		this.deps = plan.hasDependencies ? {} : nothing;
		this.resolved = plan.hasDependencies ? [] : (noValues as unknown[]);
		this.inputs = plan.hasDependencies ? [] : (noValues as unknown[]);
		this.cleanups = null;
		this.outgoing = null;
		this.payload = null;
		this.payloadType = null;
		this.payloadLength = null;
		this.hasPayload = false;
		this.multipart = null;
		this.replyHeaders = null;
		this.upstreamHeaders = null;
		this.withheld = null;
		this.forward = null;
		this.bodyObserver = null;
		this.failure = null;
		this.isUpstreamAnswer = false;
		this.isOver = false;
		this.isAnswered = false;
		this.awaitsContinue = false;
		this.isLast = false;
		this.upgrade = null;
		this.startedMs = plan.finishHooks === null ? 0 : performance.now();
		this.bodyWatch = null;
		this.#id = null;
		this.#address = null;
		this.#state = null;
		this.#abort = null;
	}

	get route(): RouteInfo {
		return this.plan.info;
	}

	get id(): string {
		this.#id ??= randomUUID();
		return this.#id;
	}

	set id(value: string) {
		this.#id = value;
	}

	get address(): string {
		this.#address ??= clientAddress(
			this.peer,
			this.head,
			this.runtime.trustedProxies,
		);
		return this.#address;
	}

	get state(): Map<symbol | string, unknown> {
		this.#state ??= new Map();
		return this.#state;
	}

	get signal(): AbortSignal {
		if (this.#abort === null) {
			this.#abort = new AbortController();
			if (this.isOver) this.#abort.abort();
		}
		return this.#abort.signal;
	}

	get isRequestOpen(): boolean {
		return this.head.hasBody && !this.req.complete;
	}

	setReplyHeader(name: string, value: string): void {
		this.replyHeaders ??= [];
		this.replyHeaders.push(name, value);
	}

	setUpstreamHeader(name: string, value: string | null): void {
		const key = name.toLowerCase();
		this.upstreamHeaders ??= [];
		const set = this.upstreamHeaders;
		for (let i = 0; i < set.length; i += 2) {
			if (set[i] === key) set[i + 1] = null;
		}
		set.push(key, value);
	}

	withhold(source: WithheldSource, name: string): void {
		this.withheld ??= new Withheld();
		this.withheld.add(source, name);
	}

	/** Tells a client that waits for it that its body is wanted (RFC 9110 section 10.1.1). */
	wantBody(): void {
		if (!this.awaitsContinue) return;
		this.awaitsContinue = false;
		this.res.writeContinue();
	}

	onAnswerHead(head: AnswerHead): boolean {
		return this.plan.answer(this, head);
	}

	/** Whether this connection can serve another request after this answer is known only now. */
	onHeadOut(): void {
		const isCut = this.isRequestOpen || this.isLast;
		// When the gateway closes, the answers to what is pipelined behind this one still go out.
		const isLast = this.runtime.isClosing && this.peer.requests.at(-1) === this;
		if (!isCut && !isLast) return;
		this.res.shouldKeepAlive = false;
		this.peer.isEnding = true;
		if (isCut) lingerOnClose(this.socket);
	}

	onUpgraded(head: AnswerHead, socket: Duplex): void {
		this.upgrade?.join(this, head, socket);
	}

	onForwardFailed(error: HttpError): void {
		this.runtime.fail(this, error);
	}

	onAnswerBroken(error: HttpError): void {
		this.failure ??= error;
		// A client of HTTP/1.0 takes the end of the connection for the end of the body: only a reset tells it.
		if (this.req.httpVersionMinor === 0) cutOff(this.socket);
		else this.res.destroy();
	}

	/** The rest of the request can not be parsed: it is this one that is broken. */
	onUnreadable(code: ErrorCode): void {
		const error = failure(code);
		this.forward?.abort(error);
		this.runtime.fail(this, error);
	}

	/** Whether the client got its answer to the last byte. */
	get isWhole(): boolean {
		return this.res.writableFinished || this.upgrade?.isJoined === true;
	}

	/** Step 9: the response has closed, whole or not. */
	finish(): void {
		if (this.isOver) return;
		this.isOver = true;
		const { plan } = this;
		this.bodyWatch?.end();
		this.peer.leave(this);
		// Idle from now on; an injected request has a plain stream, which ends with it.
		if (this.runtime.isClosing && this.peer.requests.length === 0) {
			this.socket.destroySoon?.();
		}
		if (!this.isWhole) {
			const gone = failure("ERR_CLIENT_GONE");
			this.failure ??= gone;
			this.forward?.abort(gone);
		}
		this.#abort?.abort();
		if (plan.finishHooks !== null) tellPolicies(this, plan.finishHooks);
		this.finishCleanups();
		this.runtime.open.end();
	}

	finishCleanups(): void {
		const { cleanups } = this;
		if (cleanups === null) return;
		this.cleanups = null;
		cleanUp(this, cleanups);
	}
}

const noValues: readonly unknown[] = Object.freeze([]);

/** What a step gives back: nothing to go on, a reply to end with, or a promise of either. */
export type StepResult = undefined | Reply | Promise<Reply | undefined>;
