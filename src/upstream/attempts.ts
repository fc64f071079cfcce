import type { Duplex, Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { type ErrorCode, failure } from "../http/errors.ts";
import type { AttemptEnd, UpstreamAttempt } from "../model/outcome.ts";
import { isResetNow } from "./connector.ts";
import { toFailure } from "./failures.ts";

/** What one call sends. */
export interface ForwardRequest {
	readonly method: string;
	/** Path and query, percent-encoded. */
	readonly path: string;
	/** Names and values in turn. */
	readonly headers: string[];
	readonly body: Readable | Uint8Array | null;
	/** The protocol that the connection is to become; null for plain HTTP. */
	readonly upgrade: string | null;
}

/** Whose connections to a service may carry what is bound to a connection: a client, until it leaves. */
export interface ConnectionOwner {
	/** Calls it when the client has left. */
	whenClosed(act: () => void): void;
}

/** What a dispatch is made for. */
export interface Call {
	/** The client; null where there is none, or where a proxy in front may send requests of several as one. */
	readonly owner: ConnectionOwner | null;
	/** How many calls have gone to an origin for it, those of interceptors included. */
	attempts: number;
	/** Sees each of them; null where nobody looks. */
	readonly watcher: AttemptWatcher | null;
	/** Told of the one under way where the call is its own handler; null where nobody looks. */
	attemptWatch: AttemptWatch | null;
}

/** What undici takes for a call, and what names the call. */
export interface CallOptions extends Dispatcher.DispatchOptions {
	/** By which it can be taken out of the queue again. */
	readonly call?: Call;
	/** The same for all calls to a target: undici makes a new connection where it changes. */
	readonly servername?: string;
}

/** What undici takes for that request to that origin. */
export function toCallOptions(
	origin: string,
	request: ForwardRequest,
	call: Call,
): CallOptions {
	return {
		origin,
		servername: origin,
		method: request.method as Dispatcher.HttpMethod,
		path: request.path,
		headers: request.headers,
		body: request.body,
		upgrade: request.upgrade,
		call,
	};
}

/** Sees the calls that are made for it: the request itself, since a closure for each costs 3 us (bench:compare, metrics). */
export interface AttemptWatcher {
	/** A call begins; gives back what is told how it ended. Throws nothing. */
	onAttempt(attempt: UpstreamAttempt): (end: AttemptEnd) => void;
}

/**
 * Counts the calls that go to an origin, and shows each to whoever watches. Stands
 * within all interceptors, so that what they call again is seen too.
 */
export function countAttempts(
	dispatch: Dispatcher["dispatch"],
	origin: string,
): Dispatcher["dispatch"] {
	return (options, handler) => {
		const { call } = options as CallOptions;
		// An interceptor may make calls of its own.
		if (call === undefined) return dispatch(options, handler);
		call.attempts++;
		if (call.watcher === null) return dispatch(options, handler);
		const attempt = new Attempt(call.attempts, origin, options);
		const watch = new AttemptWatch(call.watcher.onAttempt(attempt));
		if (handler === call) {
			// No interceptor stands between: the call tells its own end, which saves a handler around it.
			call.attemptWatch = watch;
			return dispatch(attempt.options, handler);
		}
		return dispatch(attempt.options, new WatchedHandler(handler, watch));
	};
}

/** Who only looks at a call does not have its headers copied: with the options around them that is 2 us. */
class Attempt implements UpstreamAttempt {
	readonly number: number;
	readonly origin: string;
	readonly method: string;
	readonly path: string;
	/** As they are sent: a copy once somebody has asked for the headers. */
	options: Dispatcher.DispatchOptions;
	#headers: string[] | null = null;

	constructor(
		number: number,
		origin: string,
		options: Dispatcher.DispatchOptions,
	) {
		this.number = number;
		this.origin = origin;
		this.method = options.method;
		this.path = options.path;
		this.options = options;
	}

	get headers(): string[] {
		if (this.#headers === null) {
			this.#headers = toHeaderList(this.options.headers);
			this.options = { ...this.options, headers: this.#headers };
		}
		return this.#headers;
	}
}

/** A copy, as a flat list, of whatever form an interceptor has left the headers in. */
export function toHeaderList(
	headers: Dispatcher.DispatchOptions["headers"],
): string[] {
	if (headers === undefined || headers === null) return [];
	if (Array.isArray(headers)) return [...headers];
	const pairs = Symbol.iterator in headers ? headers : Object.entries(headers);
	const list: string[] = [];
	for (const [name, value] of pairs) {
		for (const line of [value ?? []].flat()) list.push(name, String(line));
	}
	return list;
}

/** Tells once how a call ended. */
export class AttemptWatch {
	readonly #tell: (end: AttemptEnd) => void;
	#status: number | null = null;
	#isOver = false;

	constructor(tell: (end: AttemptEnd) => void) {
		this.#tell = tell;
	}

	onHead(status: number): void {
		if (status >= 200) this.#status = status;
	}

	onUpgrade(status: number): void {
		this.#end(status, null, null);
	}

	onEnd(): void {
		if (isResetNow()) this.onError(failure("ERR_UPSTREAM_RESET"), true);
		else this.#end(this.#status, null, null);
	}

	/** `hasStarted`: whether the call had a connection. */
	onError(error: Error, hasStarted: boolean): void {
		const { code } = toFailure(error, hasStarted);
		this.#end(this.#status, code as ErrorCode, error);
	}

	#end(status: number | null, code: ErrorCode | null, error: unknown): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#tell({ status, code, error });
	}
}

/** Passes everything on, and tells the watch of it. */
class WatchedHandler implements Dispatcher.DispatchHandler {
	readonly #inner: Dispatcher.DispatchHandler;
	readonly #watch: AttemptWatch;
	#hasStarted = false;

	constructor(inner: Dispatcher.DispatchHandler, watch: AttemptWatch) {
		this.#inner = inner;
		this.#watch = watch;
	}

	onRequestStart(
		controller: Dispatcher.DispatchController,
		context: unknown,
	): void {
		this.#hasStarted = true;
		this.#inner.onRequestStart?.(controller, context);
	}

	onBodySent(chunk: unknown): void {
		(this.#inner as BodyHandler).onBodySent?.(chunk);
	}

	onRequestSent(): void {
		(this.#inner as BodyHandler).onRequestSent?.();
	}

	onResponseStarted(): void {
		(this.#inner as BodyHandler).onResponseStarted?.();
	}

	onRequestUpgrade(
		controller: Dispatcher.DispatchController,
		status: number,
		headers: never,
		socket: Duplex,
	): void {
		this.#watch.onUpgrade(status);
		this.#inner.onRequestUpgrade?.(controller, status, headers, socket);
	}

	onResponseStart(
		controller: Dispatcher.DispatchController,
		status: number,
		headers: never,
		message?: string,
	): void {
		this.#watch.onHead(status);
		this.#inner.onResponseStart?.(controller, status, headers, message);
	}

	onResponseData(
		controller: Dispatcher.DispatchController,
		chunk: Buffer,
	): void {
		this.#inner.onResponseData?.(controller, chunk);
	}

	onResponseEnd(
		controller: Dispatcher.DispatchController,
		trailers: never,
	): void {
		this.#watch.onEnd();
		this.#inner.onResponseEnd?.(controller, trailers);
	}

	onResponseError(
		controller: Dispatcher.DispatchController,
		error: Error,
	): void {
		this.#watch.onError(error, this.#hasStarted);
		this.#inner.onResponseError?.(controller, error);
	}
}

/** undici calls these, and its types leave them out. */
interface BodyHandler {
	onBodySent?(chunk: unknown): void;
	onRequestSent?(): void;
	onResponseStarted?(): void;
}
