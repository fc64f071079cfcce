import { Client, type Dispatcher, errors } from "undici";
import {
	type CallOptions,
	type ConnectionOwner,
	toHeaderList,
} from "./attempts.ts";
import { CallNote, type Connect } from "./connector.ts";
import {
	Http1Call,
	Http1Connection,
	type Http1Options,
	type Http1Owner,
} from "./http1-connection.ts";
import { isBindingField, toRequestHead } from "./request-head.ts";

/** A call that waits for a connection. */
interface Waiting {
	readonly options: Dispatcher.DispatchOptions;
	readonly handler: Dispatcher.DispatchHandler;
	/** Null where undici has to make the call. */
	readonly call: Http1Call | null;
	/** The one connection that will do; null where any will. */
	readonly bound: UndiciConnection | null;
}

/** A connection that undici keeps. Its client connects again when the connection has closed. */
interface UndiciConnection {
	readonly client: Client;
	readonly note: CallNote;
	/** Whether it serves one client alone. */
	readonly isBound: boolean;
	isFree: boolean;
}

/** How connections to one origin are made. */
export interface ConnectionsOptions {
	readonly origin: string;
	readonly client: Client.Options;
	readonly connect: Connect;
	/** For calls that {@link Http1Connection} can make; null where undici makes all. */
	readonly http1: Http1Options | null;
	/** The most connections at the same time. */
	readonly max: number;
}

/** Idle connections are looked through this often, in milliseconds. */
const sweepMs = 250;

/**
 * The connections to one origin, of two kinds that share one bound and one queue. The
 * one that was used last is used next: the choice costs the same among ten as among
 * thousands, and connections that are not needed become idle and close (bench/README.md).
 */
export class Connections implements Http1Owner {
	/** Free ones; the last is the next. */
	readonly #freeHttp1: Http1Connection[] = [];
	readonly #freeUndici: UndiciConnection[] = [];
	readonly #all: Set<Http1Connection | Client> = new Set();
	readonly #waiting: Map<object, Waiting> = new Map();
	/** Connections that serve one client alone. They are beside the bound. */
	readonly #bound: Map<object, UndiciConnection> = new Map();
	readonly #options: ConnectionsOptions;
	readonly #host: string;
	#sweep: NodeJS.Timeout | null = null;

	constructor(options: ConnectionsOptions) {
		this.#options = options;
		this.#host = new URL(options.origin).host;
	}

	/** Makes a call on a free connection, on a new one, or when one becomes free. */
	readonly dispatch: Dispatcher["dispatch"] = (options, handler) => {
		const owner = (options as CallOptions).call?.owner ?? null;
		let bound = owner === null ? null : (this.#bound.get(owner) ?? null);
		if (bound === null) {
			const call = this.#toCall(options, handler);
			if (call !== null) {
				const connection = this.#takeHttp1();
				if (connection === null) this.#wait(options, handler, call, null);
				else connection.send(call);
				return connection !== null;
			}
			if (isBinding(options.headers)) {
				if (owner === null) return this.dispatchFresh(options, handler);
				bound = this.#bind(owner);
			}
		}
		const connection = bound === null ? this.#takeUndici() : ifFree(bound);
		if (connection === null) this.#wait(options, handler, null, bound);
		else this.#sendByUndici(connection, options, handler);
		return connection !== null;
	};

	/** Makes a call on a connection of its own, which is closed behind it. */
	readonly dispatchFresh: Dispatcher["dispatch"] = (options, handler) => {
		const call = this.#toCall(options, handler);
		if (call !== null) {
			this.#openHttp1({
				onFree: (connection) => connection.destroy(closing()),
				onClosed: (connection) => this.#all.delete(connection),
			}).send(call);
			return true;
		}
		const client = this.#createClient(new CallNote());
		this.#all.add(client);
		const isFree = client.dispatch(options, handler);
		// close() lets the one call finish first.
		void client.close().finally(() => this.#all.delete(client));
		return isFree;
	};

	/** Whether calls wait for a connection. */
	get hasQueue(): boolean {
		return this.#waiting.size > 0;
	}

	/** Takes a call that still waits out of the queue; any other goes on. */
	cancel(call: object, error: Error): void {
		const waiting = this.#waiting.get(call);
		if (waiting === undefined) return;
		this.#waiting.delete(call);
		waiting.handler.onResponseError?.(null as never, error);
	}

	/** Fails every call that waits for a connection, or for one to be made. Calls on connections go on. */
	failUnconnected(error: Error): void {
		for (const call of this.#waiting.keys()) this.cancel(call, error);
		for (const one of this.#all) {
			if (one instanceof Http1Connection) {
				if (one.isConnecting) one.destroy(error);
			} else if (!one.stats.connected && one.stats.size > 0) {
				this.#all.delete(one);
				void one.destroy(error);
			}
		}
	}

	/** Ends every connection at once. Calls in progress and waiting calls fail. */
	async destroy(): Promise<void> {
		const error = new errors.ClientDestroyedError("the gateway has closed");
		for (const call of this.#waiting.keys()) this.cancel(call, error);
		if (this.#sweep !== null) clearInterval(this.#sweep);
		this.#sweep = null;
		const bound = [...this.#bound.values()].map(({ client }) => client);
		await Promise.all(
			[...this.#all, ...bound].map((one) => one.destroy(error)),
		);
	}

	onFree(connection: Http1Connection): void {
		const next = this.#takeWaiting(null);
		if (next === undefined) {
			connection.idleSinceMs = performance.now();
			this.#freeHttp1.push(connection);
			this.#sweep ??= setInterval(() => this.#closeIdle(), sweepMs).unref();
		} else if (next.call !== null) connection.send(next.call);
		else {
			connection.destroy(closing());
			this.#sendByUndici(this.#openUndici(), next.options, next.handler);
		}
	}

	onClosed(connection: Http1Connection): void {
		this.#all.delete(connection);
		const at = this.#freeHttp1.indexOf(connection);
		if (at >= 0) this.#freeHttp1.splice(at, 1);
		const next = at >= 0 ? undefined : this.#takeWaiting(null);
		if (next === undefined) return;
		if (next.call !== null) this.#openHttp1().send(next.call);
		else this.#sendByUndici(this.#openUndici(), next.options, next.handler);
	}

	/** Null where undici has to make the call. */
	#toCall(
		options: Dispatcher.DispatchOptions,
		handler: Dispatcher.DispatchHandler,
	): Http1Call | null {
		if (this.#options.http1 === null) return null;
		const head = toRequestHead(options, this.#host);
		if (head === null) return null;
		const { call } = options as CallOptions;
		return new Http1Call(
			head,
			(options.body ?? null) as Uint8Array | null,
			options.method === "HEAD",
			handler,
			call !== handler,
		);
	}

	/** A call of an interceptor's own is known by its handler. */
	#wait(
		options: Dispatcher.DispatchOptions,
		handler: Dispatcher.DispatchHandler,
		call: Http1Call | null,
		bound: UndiciConnection | null,
	): void {
		const key = (options as CallOptions).call ?? handler;
		this.#waiting.set(key, { options, handler, call, bound });
	}

	/** The next call that waits for this bound connection, or for any. */
	#takeWaiting(bound: UndiciConnection | null): Waiting | undefined {
		for (const [key, next] of this.#waiting) {
			if (next.bound !== bound) continue;
			this.#waiting.delete(key);
			return next;
		}
		return undefined;
	}

	/** A connection beside the others for one client: it carries no other's requests, and ends with the client. */
	#bind(owner: ConnectionOwner): UndiciConnection {
		const connection = this.#createUndici(true);
		this.#bound.set(owner, connection);
		owner.whenClosed(() => {
			this.#bound.delete(owner);
			void connection.client.destroy();
		});
		return connection;
	}

	#takeHttp1(): Http1Connection | null {
		const free = this.#freeHttp1.pop();
		if (free !== undefined) return free;
		return this.#hasRoom() ? this.#openHttp1() : null;
	}

	#takeUndici(): UndiciConnection | null {
		const free = this.#freeUndici.pop();
		if (free !== undefined) return free;
		return this.#hasRoom() ? this.#openUndici() : null;
	}

	/** Whether another connection may be opened. A free one of the other kind makes room. */
	#hasRoom(): boolean {
		if (this.#all.size < this.#options.max) return true;
		const undici = this.#freeUndici.pop();
		if (undici !== undefined) {
			this.#all.delete(undici.client);
			void undici.client.destroy();
			return true;
		}
		const http1 = this.#freeHttp1.pop();
		if (http1 === undefined) return false;
		http1.destroy(closing());
		return true;
	}

	#openHttp1(owner: Http1Owner = this): Http1Connection {
		const http1 = this.#options.http1 as Http1Options;
		const connection = new Http1Connection(owner, http1);
		this.#all.add(connection);
		return connection;
	}

	/** Closes what has been idle for too long. */
	#closeIdle(): void {
		const nowMs = performance.now();
		for (const one of [...this.#freeHttp1]) {
			if (nowMs - one.idleSinceMs > one.keepAliveMs) one.destroy(closing());
		}
		if (this.#freeHttp1.length > 0 || this.#sweep === null) return;
		clearInterval(this.#sweep);
		this.#sweep = null;
	}

	#openUndici(): UndiciConnection {
		const connection = this.#createUndici(false);
		this.#all.add(connection.client);
		return connection;
	}

	#createUndici(isBound: boolean): UndiciConnection {
		const note = new CallNote();
		const client = this.#createClient(note);
		const connection = { client, note, isBound, isFree: isBound };
		client.on("drain", () => this.#onFreeUndici(connection));
		return connection;
	}

	#createClient(note: CallNote): Client {
		const { origin, client: options, connect } = this.#options;
		return new Client(origin, { ...options, connect: connect(note) });
	}

	#sendByUndici(
		connection: UndiciConnection,
		options: Dispatcher.DispatchOptions,
		handler: Dispatcher.DispatchHandler,
	): void {
		const { client } = connection;
		connection.isFree = false;
		connection.note.onCall();
		client.dispatch(options, handler);
		// A call that undici rejected before it began is followed by no drain.
		if (client.stats.size === 0) this.#onFreeUndici(connection);
	}

	#onFreeUndici(connection: UndiciConnection): void {
		const { client } = connection;
		if (connection.isFree || client.destroyed) return;
		connection.isFree = true;
		const next = this.#takeWaiting(connection.isBound ? connection : null);
		if (next === undefined) {
			if (!connection.isBound) this.#freeUndici.push(connection);
		} else if (next.call === null) {
			this.#sendByUndici(connection, next.options, next.handler);
		} else {
			this.#all.delete(client);
			void client.destroy();
			this.#openHttp1().send(next.call);
		}
	}
}

function ifFree(connection: UndiciConnection): UndiciConnection | null {
	return connection.isFree ? connection : null;
}

function isBinding(headers: Dispatcher.DispatchOptions["headers"]): boolean {
	const list = Array.isArray(headers) ? headers : toHeaderList(headers);
	for (let i = 0; i < list.length; i += 2) {
		const [name, value] = [list[i] as string, list[i + 1] as string];
		if (isBindingField(name, value)) return true;
	}
	return false;
}

function closing(): Error {
	return new errors.InformationalError("the connection is not needed");
}
