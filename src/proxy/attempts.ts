import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import { type ErrorCode, failure } from "../http/errors.ts";
import type { CallOptions } from "./connections.ts";
import { isResetNow } from "./connector.ts";
import { toFailure } from "./failures.ts";

/** One call to an upstream that is about to be made. */
export interface UpstreamAttempt {
	/** 1 for the first. */
	readonly number: number;
	/** Such as `http://users:8002`. */
	readonly origin: string;
	readonly method: string;
	/** Path and query as they go out. */
	readonly path: string;
	/** Names and values in turn, this call's own: may be added to. */
	readonly headers: string[];
}

/** How one call to an upstream ended. */
export interface AttemptEnd {
	/** The status of its answer; null when none came. */
	readonly status: number | null;
	/** Why it failed or broke off; null when the answer came to its end. */
	readonly code: ErrorCode | null;
	/** What was thrown, where something was. For the log only. */
	readonly error: unknown;
}

/** Told that a call begins; gives back what is told how it ended. Throws nothing. */
export type WatchAttempt = (
	attempt: UpstreamAttempt,
) => (end: AttemptEnd) => void;

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
		if (call.watchAttempt === null) return dispatch(options, handler);
		const headers = toList(options.headers);
		const { method, path } = options;
		const end = call.watchAttempt({
			number: call.attempts,
			origin,
			method,
			path,
			headers,
		});
		const watched = new WatchedHandler(handler, end);
		return dispatch({ ...options, headers }, watched);
	};
}

/** A copy, as a flat list, of whatever form an interceptor has left the headers in. */
function toList(headers: Dispatcher.DispatchOptions["headers"]): string[] {
	if (headers === undefined || headers === null) return [];
	if (Array.isArray(headers)) return [...headers];
	const pairs = Symbol.iterator in headers ? headers : Object.entries(headers);
	const list: string[] = [];
	for (const [name, value] of pairs) {
		for (const line of [value ?? []].flat()) list.push(name, String(line));
	}
	return list;
}

/** Passes everything on, and tells once how the call ended. */
class WatchedHandler implements Dispatcher.DispatchHandler {
	readonly #inner: Dispatcher.DispatchHandler;
	readonly #tell: (end: AttemptEnd) => void;
	#status: number | null = null;
	#hasStarted = false;
	#isOver = false;

	constructor(
		inner: Dispatcher.DispatchHandler,
		tell: (end: AttemptEnd) => void,
	) {
		this.#inner = inner;
		this.#tell = tell;
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
		this.#end(status, null, null);
		this.#inner.onRequestUpgrade?.(controller, status, headers, socket);
	}

	onResponseStart(
		controller: Dispatcher.DispatchController,
		status: number,
		headers: never,
		message?: string,
	): void {
		if (status >= 200) this.#status = status;
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
		if (isResetNow()) this.#fail(failure("ERR_UPSTREAM_RESET"));
		else this.#end(this.#status, null, null);
		this.#inner.onResponseEnd?.(controller, trailers);
	}

	onResponseError(
		controller: Dispatcher.DispatchController,
		error: Error,
	): void {
		this.#fail(error);
		this.#inner.onResponseError?.(controller, error);
	}

	#fail(error: Error): void {
		const { code } = toFailure(error, this.#hasStarted);
		this.#end(this.#status, code as ErrorCode, error);
	}

	#end(status: number | null, code: ErrorCode | null, error: unknown): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#tell({ status, code, error });
	}
}

/** undici calls these, and its types leave them out. */
interface BodyHandler {
	onBodySent?(chunk: unknown): void;
	onRequestSent?(): void;
	onResponseStarted?(): void;
}
