import { Client, type Dispatcher } from "undici";
import {
	type CallOptions,
	type ConnectionOwner,
	toHeaderList,
} from "./attempts.ts";
import { CallNote, type Connect } from "./connector.ts";

/** A call that waits for a connection. */
interface Waiting {
	readonly options: Dispatcher.DispatchOptions;
	readonly handler: Dispatcher.DispatchHandler;
	/** The one connection that will do; null where any will. */
	readonly bound: Connection | null;
}

/** A connection that is kept. undici's client makes it anew when it has been closed. */
interface Connection {
	readonly client: Client;
	readonly note: CallNote;
	/** Whether it serves one client alone. */
	readonly isBound: boolean;
	isFree: boolean;
}

/**
 * The connections to one origin. The one that was used last is used next: the
 * choice costs the same among ten as among thousands, and what is not needed
 * any more goes idle and closes (bench/README.md).
 */
export class Connections {
	/** Free ones; the last is the next. */
	readonly #free: Connection[] = [];
	readonly #all: Set<Client> = new Set();
	readonly #waiting: Map<object, Waiting> = new Map();
	/** Connections that serve one client alone. */
	readonly #bound: Map<object, Connection> = new Map();
	readonly #origin: string;
	readonly #options: Client.Options;
	readonly #connect: Connect;
	readonly #max: number;

	constructor(
		origin: string,
		options: Client.Options,
		connect: Connect,
		max: number,
	) {
		this.#origin = origin;
		this.#options = options;
		this.#connect = connect;
		this.#max = max;
	}

	/** Makes a call on a free connection, on a new one, or when one becomes free. */
	readonly dispatch: Dispatcher["dispatch"] = (options, handler) => {
		const { call } = options as CallOptions;
		const owner = call?.owner ?? null;
		let bound = owner === null ? null : (this.#bound.get(owner) ?? null);
		if (bound === null && isBinding(options.headers)) {
			if (owner === null) return this.dispatchFresh(options, handler);
			bound = this.#bind(owner);
		}
		const connection = bound === null ? this.#take() : takeIfFree(bound);
		if (connection === null) {
			this.#waiting.set(call ?? handler, { options, handler, bound });
		} else this.#send(connection, options, handler);
		return connection !== null;
	};

	/** Makes a call on a connection of its own, which is closed behind it. */
	readonly dispatchFresh: Dispatcher["dispatch"] = (options, handler) => {
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

	/** Ends every connection at once; calls under way and waiting fail. */
	async destroy(): Promise<void> {
		const error = new Error("the gateway has closed");
		for (const call of this.#waiting.keys()) this.cancel(call, error);
		const bound = [...this.#bound.values()].map(({ client }) => client);
		await Promise.all(
			[...this.#all, ...bound].map((client) => client.destroy()),
		);
	}

	/** A connection beside the others for one client: it carries no other's requests, and ends with the client. */
	#bind(owner: ConnectionOwner): Connection {
		const connection = this.#open(true);
		this.#bound.set(owner, connection);
		owner.whenClosed(() => {
			this.#bound.delete(owner);
			void connection.client.destroy();
		});
		return connection;
	}

	#take(): Connection | null {
		const connection = this.#free.pop();
		if (connection !== undefined) return connection;
		if (this.#all.size >= this.#max) return null;
		const opened = this.#open(false);
		this.#all.add(opened.client);
		return opened;
	}

	#open(isBound: boolean): Connection {
		const note = new CallNote();
		const client = this.#createClient(note);
		const connection = { client, note, isBound, isFree: isBound };
		client.on("drain", () => this.#onFree(connection));
		return connection;
	}

	#createClient(note: CallNote): Client {
		return new Client(this.#origin, {
			...this.#options,
			connect: this.#connect(note),
		});
	}

	#send(
		connection: Connection,
		options: Dispatcher.DispatchOptions,
		handler: Dispatcher.DispatchHandler,
	): void {
		const { client } = connection;
		connection.isFree = false;
		connection.note.onCall();
		client.dispatch(options, handler);
		// A call that undici refused before it began is followed by no drain.
		if (client.stats.size === 0) this.#onFree(connection);
	}

	#onFree(connection: Connection): void {
		if (connection.isFree || connection.client.destroyed) return;
		connection.isFree = true;
		const bound = connection.isBound ? connection : null;
		for (const [call, next] of this.#waiting) {
			if (next.bound !== bound) continue;
			this.#waiting.delete(call);
			this.#send(connection, next.options, next.handler);
			return;
		}
		if (bound === null) this.#free.push(connection);
	}
}

function takeIfFree(connection: Connection): Connection | null {
	return connection.isFree ? connection : null;
}

// NTLM logs a connection in, and Negotiate may: whoever uses it next would be that user (RFC 4559 section 6).
const binding = /^\s*(?:ntlm|negotiate)(?:\s|$)/i;

function isBinding(headers: Dispatcher.DispatchOptions["headers"]): boolean {
	const list = Array.isArray(headers) ? headers : toHeaderList(headers);
	for (let i = 0; i < list.length; i += 2) {
		const name = list[i] as string;
		if (name.length !== 13 || name.toLowerCase() !== "authorization") continue;
		if (binding.test(list[i + 1] as string)) return true;
	}
	return false;
}
