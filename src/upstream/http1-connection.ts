import { connect, type Socket } from "node:net";
import { type Dispatcher, errors } from "undici";
import { markNewConnection } from "./connector.ts";
import { lookupAddress } from "./loopback.ts";
import { isHiddenReset } from "./reset.ts";
import { ResponseParser, type ResponseSink } from "./response-parser.ts";

/** Where connections go, and how long they are kept. */
export interface Http1Options {
	readonly hostname: string;
	readonly port: number;
	/** How long a connection may take to be made, in milliseconds. 0 is no limit. */
	readonly connectMs: () => number;
	/** How long an idle connection is kept, in milliseconds. */
	readonly keepAliveMs: number;
}

/** Owns connections. */
export interface Http1Owner {
	/** The connection can carry another call. */
	onFree(connection: Http1Connection): void;
	/** The connection has closed. */
	onClosed(connection: Http1Connection): void;
}

/** undici calls these as well. Its types leave them out. */
interface Handler extends Dispatcher.DispatchHandler {
	onBodySent?(chunk: unknown): void;
	onRequestSent?(): void;
	onResponseStarted?(): void;
}

/** One request on its way: undici's controller of it, which is without effect once the call is over. */
export class Http1Call implements Dispatcher.DispatchController {
	/** Status line and fields. */
	readonly head: string;
	readonly body: Uint8Array | null;
	readonly isHeadRequest: boolean;
	readonly handler: Handler;
	/** Whether an interceptor stands between: it may read headers by name. */
	readonly isIntercepted: boolean;
	/** Null before the call has a connection, and after its end. */
	connection: Http1Connection | null = null;
	aborted = false;
	paused = false;
	reason: Error | null = null;
	rawHeaders: string[] | null = null;
	rawTrailers: string[] | null = null;

	constructor(
		head: string,
		body: Uint8Array | null,
		isHeadRequest: boolean,
		handler: Dispatcher.DispatchHandler,
		isIntercepted: boolean,
	) {
		this.head = head;
		this.body = body;
		this.isHeadRequest = isHeadRequest;
		this.handler = handler;
		this.isIntercepted = isIntercepted;
	}

	pause(): void {
		if (this.paused || this.connection === null) return;
		this.paused = true;
		this.connection.pause();
	}

	resume(): void {
		if (!this.paused) return;
		this.paused = false;
		this.connection?.resume();
	}

	abort(reason: Error): void {
		if (this.connection === null) return;
		this.aborted = true;
		this.reason = reason;
		this.connection.destroy(reason);
	}
}

/** All sockets read into these bytes. What must outlive a read is copied (bench/README.md, lean connection). */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
/** A body of up to so many bytes goes out in one string with its head. */
const joinedBytes = 16 * 1024;
/** undici's values: nothing is sent in the last two seconds that a service keeps a connection, nor after ten minutes. */
const keepAliveMarginMs = 2_000;
const mostKeepAliveMs = 600_000;

/**
 * One HTTP/1.1 connection to a service, without TLS. It calls the same methods of a
 * handler as undici, so that interceptors and the forward do not know the difference.
 * It carries one call at a time, whose whole request is in memory.
 */
export class Http1Connection implements ResponseSink {
	/** When it became idle, on the clock of `performance`. */
	idleSinceMs = 0;
	/** How long it may be idle, in milliseconds. */
	keepAliveMs: number;
	readonly #owner: Http1Owner;
	readonly #socket: Socket;
	readonly #parser: ResponseParser;
	#call: Http1Call | null = null;
	#callCount = 0;
	#isClosed = false;
	/** Whether a response is expected of which nothing has come. */
	#awaitsFirstByte = false;
	#connectTimer: NodeJS.Timeout | null = null;

	constructor(owner: Http1Owner, options: Http1Options) {
		const { hostname, port, keepAliveMs } = options;
		const connectMs = options.connectMs();
		this.#owner = owner;
		this.keepAliveMs = keepAliveMs;
		this.#parser = new ResponseParser(this);
		this.#socket = connect({
			host: hostname,
			port,
			lookup: lookupAddress,
			// Where a name has several addresses, the next is tried when one refuses or is slow (RFC 8305).
			autoSelectFamily: true,
			noDelay: true,
			keepAlive: true,
			keepAliveInitialDelay: 60_000,
			onread: { buffer: shared, callback: (count) => this.#onRead(count) },
		});
		if (connectMs > 0) {
			this.#connectTimer = setTimeout(
				() => this.destroy(new errors.ConnectTimeoutError()),
				connectMs,
			);
		}
		this.#socket
			.on("connect", () => this.#onConnect())
			.on("error", (error) => this.destroy(error))
			.on("end", () => this.#onEnd())
			.on("close", () => this.destroy(this.#toClosedError()));
	}

	get isConnecting(): boolean {
		return this.#socket.connecting;
	}

	/** Makes a call, as soon as there is a connection. */
	send(call: Http1Call): void {
		this.#call = call;
		call.connection = this;
		if (this.#socket.connecting) return;
		this.#socket.ref();
		this.#start(call);
	}

	/** Nothing of the response is handed on until `resume`. */
	pause(): void {
		this.#parser.isPaused = true;
		this.#socket.pause();
	}

	resume(): void {
		if (this.#isClosed) return;
		this.#socket.resume();
		try {
			this.#parser.resume();
		} catch (error) {
			this.destroy(error as Error);
		}
	}

	/** Closes the connection. A call under way fails with that error. */
	destroy(error: Error): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		const call = this.#call;
		this.#call = null;
		this.#parser.stop();
		if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
		this.#socket.destroy();
		this.#owner.onClosed(this);
		if (call === null) return;
		call.connection = null;
		if (this.#callCount < 2) markNewConnection(error);
		call.handler.onResponseError?.(call, error);
	}

	onHead(status: number, headers: string[], reason: string): void {
		const call = this.#call as Http1Call;
		call.rawHeaders = headers;
		if (status < 200 && status !== 103) return;
		const record = call.isIntercepted ? toRecord(headers) : noFields;
		call.handler.onResponseStart?.(call, status, record, reason);
	}

	onBody(bytes: Buffer, start: number, end: number): void {
		const call = this.#call as Http1Call;
		const chunk = Buffer.from(bytes.subarray(start, end));
		call.handler.onResponseData?.(call, chunk);
	}

	onEnd(trailers: string[] | null): void {
		const call = this.#call as Http1Call;
		this.#call = null;
		call.connection = null;
		call.rawTrailers = trailers;
		if (this.#keep()) this.#owner.onFree(this);
		else this.destroy(new errors.InformationalError("the response closes"));
		const record = call.isIntercepted ? toRecord(trailers ?? []) : noFields;
		try {
			call.handler.onResponseEnd?.(call, record);
		} catch (error) {
			// As in undici, whose own interceptors say so that they want the error handler.
			call.handler.onResponseError?.(call, error as Error);
		}
	}

	/** Whether the connection is kept for another call. */
	#keep(): boolean {
		const { keepAlive, keepAliveMs } = this.#parser;
		if (!keepAlive || this.#isClosed) return false;
		if (keepAliveMs >= 0) {
			const ms = Math.min(keepAliveMs - keepAliveMarginMs, mostKeepAliveMs);
			if (ms <= 0) return false;
			this.keepAliveMs = ms;
		}
		// An idle connection keeps no process alive.
		this.#socket.unref();
		return true;
	}

	#onConnect(): void {
		if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
		this.#connectTimer = null;
		if (this.#call !== null) this.#start(this.#call);
	}

	#start(call: Http1Call): void {
		this.#callCount++;
		this.#awaitsFirstByte = true;
		try {
			call.handler.onRequestStart?.(call, {});
			if (this.#call !== call) return;
			this.#parser.expect(call.isHeadRequest);
			this.#write(call.head, call.body);
			if (call.body !== null) call.handler.onBodySent?.(call.body);
			call.handler.onRequestSent?.();
		} catch (error) {
			this.destroy(error as Error);
		}
	}

	#write(head: string, body: Uint8Array | null): void {
		const socket = this.#socket;
		if (body === null) socket.write(head, "latin1");
		else if (body.length <= joinedBytes) {
			socket.write(head + toLatin1(body), "latin1");
		} else {
			socket.cork();
			socket.write(head, "latin1");
			socket.write(body);
			socket.uncork();
		}
	}

	/** Returns true, which reads on: only `pause` stops the reading. */
	#onRead(count: number): boolean {
		const call = this.#call;
		if (call === null) {
			this.destroy(new errors.SocketError("bytes without a request"));
			return true;
		}
		try {
			if (this.#awaitsFirstByte) {
				this.#awaitsFirstByte = false;
				call.handler.onResponseStarted?.();
			}
			this.#parser.read(shared, count);
		} catch (error) {
			this.destroy(error as Error);
		}
		return true;
	}

	#onEnd(): void {
		if (this.#call === null || !this.#parser.endsWithConnection) {
			this.destroy(this.#toClosedError());
		} else if (isHiddenReset(this.#socket)) {
			this.destroy(new errors.SocketError("reset within the body"));
		} else this.#parser.end();
	}

	#toClosedError(): Error {
		const { bytesRead, bytesWritten } = this.#socket;
		// The types leave the second parameter out.
		return new (
			errors.SocketError as new (
				message: string,
				socket: object,
			) => Error
		)("other side closed", { bytesRead, bytesWritten });
	}
}

const noFields = Object.freeze({});

type Fields = Record<string, string | string[]>;

/** Fields by their names in lower case, as undici gives them to handlers. */
function toRecord(list: readonly string[]): Fields {
	const record: Fields = Object.create(null);
	for (let i = 0; i < list.length; i += 2) {
		const name = (list[i] as string).toLowerCase();
		const value = list[i + 1] as string;
		const other = record[name];
		record[name] = other === undefined ? value : [other, value].flat();
	}
	return record;
}

function toLatin1({ buffer, byteOffset, length }: Uint8Array): string {
	return Buffer.from(buffer, byteOffset, length).toString("latin1");
}
