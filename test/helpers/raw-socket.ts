import { once } from "node:events";
import type { Socket } from "node:net";
import { isHiddenReset } from "../../src/upstream/reset.ts";
import { ByteReader, WireError, within } from "./byte-reader.ts";

/** What the peer has done to a connection so far. `ended` is a FIN, `reset` an RST. */
export type SocketState = "open" | "ended" | "closed" | "reset";

/** How long any wait of the raw kit takes at most, in milliseconds, unless told otherwise. */
export const waitMs = 2_500;

/** A connection seen as bytes: what came, in which state it is, and how to hurt it. */
export class RawSocket {
	readonly socket: Socket;
	readonly reader: ByteReader = new ByteReader();
	/** How many reads the bytes came in. */
	arrivals = 0;
	/** How many bytes came. */
	bytesReceived = 0;
	state: SocketState = "open";
	readonly #chunks: Buffer[] = [];
	readonly #recordedBytes: number;
	readonly #listeners = new Set<() => void>();

	/** Records the first `recordedBytes` of what comes; all of it goes to the reader. */
	constructor(socket: Socket, recordedBytes: number = 8 * 1024 * 1024) {
		this.socket = socket;
		this.#recordedBytes = recordedBytes;
		socket.setNoDelay(true);
		socket.on("data", (chunk: Buffer) => this.#onData(chunk));
		socket.on("end", () => {
			this.#onState(isHiddenReset(socket) ? "reset" : "ended");
		});
		socket.on("error", (error: NodeJS.ErrnoException) => {
			if (error.code === "ECONNRESET" || error.code === "EPIPE")
				this.#onState("reset");
		});
		socket.on("close", () => this.#onState("closed"));
	}

	/** Exactly what arrived, from the first byte on. */
	get received(): Buffer {
		return Buffer.concat(this.#chunks);
	}

	/** {@link received} as latin1: one character a byte. */
	get text(): string {
		return this.received.toString("latin1");
	}

	get isOpen(): boolean {
		return this.state === "open";
	}

	/** Sends bytes (a string is latin1) in one write. False when the connection is gone. */
	send(bytes: string | Uint8Array): Promise<boolean> {
		const data =
			typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
		const { promise, resolve } = Promise.withResolvers<boolean>();
		if (!this.socket.writable) return Promise.resolve(false);
		this.socket.write(data, (error) => resolve(!error));
		return promise;
	}

	/** Sends pieces as separate packets, each after the one before has left. */
	async sendPieces(pieces: Iterable<string | Uint8Array>): Promise<boolean> {
		for (const piece of pieces) {
			if (!(await this.send(piece))) return false;
			await new Promise(setImmediate);
		}
		return true;
	}

	/** Sends a FIN; what the peer still sends is read. */
	halfClose(): void {
		this.socket.end();
	}

	/** Sends an RST. */
	reset(): void {
		this.socket.resetAndDestroy();
	}

	/** Stops reading: the peer's bytes fill its own buffers. */
	pause(): void {
		this.socket.pause();
	}

	resume(): void {
		this.socket.resume();
	}

	/** Reads at most `bytes` in each `everyMs` from now on; gives back what ends that. */
	readSlowly(bytes: number, everyMs: number): () => void {
		this.socket.pause();
		const timer = setInterval(() => {
			const ready = Math.min(bytes, this.socket.readableLength);
			// read(n) emits 'data'; read(0) makes a paused socket look for more.
			this.socket.read(ready);
		}, everyMs);
		const stop = () => clearInterval(timer);
		this.socket.once("close", stop);
		return stop;
	}

	/** Waits until `test` holds; it is asked again whenever bytes come or the state changes. */
	async until(
		test: () => boolean,
		what: string,
		timeoutMs: number = waitMs,
	): Promise<void> {
		const { promise, resolve } = Promise.withResolvers<void>();
		const look = () => test() && resolve();
		this.#listeners.add(look);
		look();
		try {
			await within(promise, timeoutMs, what);
		} finally {
			this.#listeners.delete(look);
		}
	}

	/** Waits for so many bytes in all. Raises when the connection ends before. */
	async waitForBytes(count: number, timeoutMs?: number): Promise<Buffer> {
		await this.#arrival(
			() => this.bytesReceived >= count,
			`${count} bytes`,
			timeoutMs,
		);
		return this.received;
	}

	/** Waits until the bytes so far hold `text`. Raises when the connection ends before. */
	async waitForText(text: string, timeoutMs?: number): Promise<void> {
		await this.#arrival(
			() => this.text.includes(text),
			JSON.stringify(text),
			timeoutMs,
		);
	}

	/** Waits until the peer has ended, closed or reset the connection, and tells which. */
	async closed(timeoutMs?: number): Promise<SocketState> {
		await this.until(() => !this.isOpen, "the connection to end", timeoutMs);
		return this.state;
	}

	/** Waits a while for the end of the connection; `open` when it does not come. */
	async endsWithin(timeoutMs: number): Promise<SocketState> {
		await this.closed(timeoutMs).catch(() => {});
		return this.state;
	}

	/** Ends the connection and waits until its handle is gone. */
	async close(): Promise<void> {
		if (this.socket.closed) return;
		const gone = once(this.socket, "close");
		this.socket.destroy();
		await gone;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	async #arrival(
		test: () => boolean,
		what: string,
		timeoutMs?: number,
	): Promise<void> {
		await this.until(() => test() || !this.isOpen, what, timeoutMs);
		if (!test())
			throw new WireError("truncated", `${this.state} before ${what}`);
	}

	#onData(chunk: Buffer): void {
		if (this.bytesReceived < this.#recordedBytes) this.#chunks.push(chunk);
		this.arrivals += 1;
		this.bytesReceived += chunk.length;
		this.reader.push(chunk);
		this.#notify();
	}

	#onState(state: SocketState): void {
		// A reset is followed by 'close', a FIN perhaps by a reset: the first tells most.
		if (this.state === "open") this.state = state;
		this.reader.finish();
		this.#notify();
	}

	/** Asks now, and again once the readers have taken what came. */
	#notify(): void {
		for (const look of this.#listeners) look();
		setImmediate(() => {
			for (const look of this.#listeners) look();
		});
	}
}
