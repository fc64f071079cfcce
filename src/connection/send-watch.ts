import type { Socket } from "node:net";
import type { DeadlineWatch, Watched } from "../http/deadlines.ts";
import { Pace, type PaceLimits } from "./pace.ts";

/** A request whose response goes out on a connection. */
export interface Sender {
	/** What its client is held to; null where the connection has been upgraded. */
	readonly sendLimits: PaceLimits | null;
	/** The client takes its response too slowly. */
	onTooSlow(): void;
}

/** What node's own time-out of a socket goes by: a large write shows its progress nowhere else. */
interface Handle {
	readonly writeQueueSize?: number;
	/** Under a handle of TLS. */
	readonly _parent?: Handle | null;
}

const nothing = Buffer.alloc(0);

/**
 * Looks after the responses of one connection: a client that does not read holds
 * its service. It is watched from a request on until a tick finds the connection
 * idle, so that a busy connection pays nothing for each request.
 */
export class SendWatch implements Watched {
	previousWatched: Watched | null = null;
	nextWatched: Watched | null = null;
	readonly #socket: Socket;
	readonly #peer: { readonly requests: readonly Sender[] };
	#watch: DeadlineWatch | null = null;
	#request: Sender | undefined = undefined;
	#pace: Pace | null = null;
	/** Whether bytes waited at the last tick, when that was, and where they stood. */
	#waited = false;
	#seenMs = 0;
	#seenWritten = 0;
	#seenQueued = 0;

	constructor(socket: Socket, peer: { readonly requests: readonly Sender[] }) {
		this.#socket = socket;
		this.#peer = peer;
	}

	get isWatched(): boolean {
		return this.#watch !== null;
	}

	begin(watch: DeadlineWatch): void {
		this.#watch = watch;
		watch.add(this);
	}

	onTick(nowMs: number): void {
		const request = this.#peer.requests[0];
		if (request !== this.#request) {
			this.#request = request;
			this.#pace = null;
			this.#waited = false;
		}
		if (request === undefined) {
			this.end();
			return;
		}
		const socket = this.#socket;
		// A stream that stands in for a socket, as `inject` has one, counts nothing.
		if (socket.bytesWritten === undefined) return;
		if (socket.writableLength === 0) {
			this.#waited = false;
			// While nothing is read, a reset is told only to who writes.
			if (socket.isPaused()) socket.write(nothing);
			return;
		}
		const limits = request.sendLimits;
		if (limits !== null && this.#isTooSlow(nowMs, limits)) request.onTooSlow();
	}

	#isTooSlow(nowMs: number, limits: PaceLimits): boolean {
		const written = this.#socket.bytesWritten - this.#socket.writableLength;
		const queued = queuedBytes(this.#socket);
		const bytes =
			written - this.#seenWritten + Math.max(0, this.#seenQueued - queued);
		const waitedMs = this.#waited ? nowMs - this.#seenMs : 0;
		this.#waited = true;
		this.#seenMs = nowMs;
		this.#seenWritten = written;
		this.#seenQueued = queued;
		this.#pace ??= new Pace();
		return this.#pace.isTooSlow(bytes, waitedMs, limits);
	}

	/** The connection is idle, or has closed: the watch keeps nothing of it. */
	end(): void {
		this.#watch?.remove(this);
		this.#watch = null;
		this.#request = undefined;
	}

	/** A request under way may finish. */
	onClosing(): void {}
}

/** What the system has not taken of the write that is under way. */
function queuedBytes(socket: Socket): number {
	const { _handle: handle } = socket as Socket & { _handle?: Handle | null };
	return (handle?._parent ?? handle)?.writeQueueSize ?? 0;
}
