import { Client, type Dispatcher } from "undici";
import type { CallOptions } from "./attempts.ts";
import { CallNote, type Connect } from "./connector.ts";

/** A call that waits for a connection. */
interface Waiting {
	readonly options: Dispatcher.DispatchOptions;
	readonly handler: Dispatcher.DispatchHandler;
}

/** A connection that is kept. undici's client makes it anew when it has been closed. */
interface Connection {
	readonly client: Client;
	readonly note: CallNote;
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
		const connection = this.#take();
		if (connection === null) {
			const { call = handler } = options as CallOptions;
			this.#waiting.set(call, { options, handler });
		} else this.#send(connection, options, handler);
		return connection !== null;
	};

	/** Makes a call on a connection of its own, which is closed behind it. */
	readonly dispatchFresh: Dispatcher["dispatch"] = (options, handler) => {
		const client = this.#createClient(new CallNote());
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
		await Promise.all([...this.#all].map((client) => client.destroy()));
	}

	#take(): Connection | null {
		const connection = this.#free.pop();
		if (connection !== undefined) return connection;
		return this.#all.size < this.#max ? this.#open() : null;
	}

	#open(): Connection {
		const note = new CallNote();
		const client = this.#createClient(note);
		const connection = { client, note, isFree: false };
		client.on("drain", () => this.#onFree(connection));
		return connection;
	}

	#createClient(note: CallNote): Client {
		const client = new Client(this.#origin, {
			...this.#options,
			connect: this.#connect(note),
		});
		this.#all.add(client);
		return client;
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
		for (const [call, next] of this.#waiting) {
			this.#waiting.delete(call);
			this.#send(connection, next.options, next.handler);
			return;
		}
		this.#free.push(connection);
	}
}
