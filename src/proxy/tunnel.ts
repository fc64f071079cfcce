import type { Duplex } from "node:stream";
import type { DeadlineWatch, Watched } from "../http/deadlines.ts";
import { FrameTracker, goingAwayFrame } from "./websocket-frames.ts";

/** A socket's own count of what it has read; a plain stream has none. */
type Counted = Duplex & { readonly bytesRead?: number };

/** After one side has ended, what still waits to be sent may stand still for this long. */
const stuckMs = 10_000;
/** After one side has ended or gone, and the other has its last bytes, the other may take this long to end as well. */
const goneMs = 2_000;
/** After a close frame of ours, so long may both sides take to close. */
const closingMs = 2_000;

/** What a tunnel is made of. */
export interface TunnelOptions {
	/** Without a byte either way for so many milliseconds it is cut; 0 is off. */
	readonly idleMs: number;
	/** Whether the end of one side alone leaves the other open. */
	readonly halfOpen: boolean;
	/** Whether it carries WebSocket frames: then closing tells both sides with 1001. */
	readonly isWebSocket: boolean;
	readonly watch: DeadlineWatch;
	/** Called once, when both sides are closed. */
	readonly onClosed: () => void;
}

/**
 * Two sockets joined after a switch of protocols: bytes go from one to the other
 * with backpressure, and the end of either is soon the end of both, unless `halfOpen` says otherwise.
 */
export class Tunnel implements Watched {
	previousWatched: Watched | null = null;
	nextWatched: Watched | null = null;
	readonly #client: Counted;
	readonly #upstream: Counted;
	readonly #options: TunnelOptions;
	readonly #fromClient: FrameTracker = new FrameTracker();
	readonly #fromUpstream: FrameTracker = new FrameTracker();
	/** Bytes that the client has sent, and the upstream. */
	clientBytes = 0;
	upstreamBytes = 0;
	#seenBytes = 0;
	#activeMs: number;
	#idleMs: number;
	#deadlineMs = Number.POSITIVE_INFINITY;
	/** The side that the deadline is for; null for both. */
	#late: Duplex | null = null;
	#open = 2;
	#isClosing = false;

	constructor(client: Duplex, upstream: Duplex, options: TunnelOptions) {
		this.#client = client;
		this.#upstream = upstream;
		this.#options = options;
		this.#activeMs = options.watch.nowMs;
		this.#idleMs = options.idleMs || Number.POSITIVE_INFINITY;
		options.watch.add(this);
		this.#join(client, upstream, (chunk) => {
			this.clientBytes += chunk.length;
			if (options.isWebSocket) this.#fromClient.pass(chunk);
		});
		this.#join(upstream, client, (chunk) => {
			this.upstreamBytes += chunk.length;
			if (options.isWebSocket) this.#fromUpstream.pass(chunk);
		});
	}

	#join(from: Duplex, to: Duplex, pass: (chunk: Uint8Array) => void): void {
		from.on("data", pass);
		if (!this.#options.halfOpen) from.on("end", () => this.#onEnd(to));
		// 'close' follows: there both sides go.
		from.on("error", () => undefined);
		from.on("close", () => this.#onClose(to));
		from.pipe(to);
	}

	#onEnd(other: Duplex): void {
		this.#idleMs = Math.min(this.#idleMs, stuckMs);
		this.#late = other;
		this.#limitAfterLast(other);
	}

	#onClose(other: Duplex): void {
		this.#open--;
		this.#late = null;
		if (this.#open === 0) {
			this.#options.watch.remove(this);
			this.#options.onClosed();
			return;
		}
		// What was sent before the end may still lie here: it goes out first. What
		// comes is dropped, not left unread: that would turn the end into a reset.
		other.end();
		other.resume();
		this.#limitAfterLast(other);
	}

	#limitAfterLast(side: Duplex): void {
		if (side.writableLength === 0) this.#limit(goneMs);
		else side.once("finish", () => this.#limit(goneMs));
	}

	#limit(ms: number): void {
		this.#deadlineMs = Math.min(
			this.#deadlineMs,
			this.#options.watch.nowMs + ms,
		);
	}

	onTick(nowMs: number): void {
		const bytes = this.#countBytes();
		if (bytes !== this.#seenBytes) {
			this.#seenBytes = bytes;
			this.#activeMs = nowMs;
		}
		const isIdle = nowMs - this.#activeMs > this.#idleMs;
		const late = this.#late;
		if (isIdle || (nowMs > this.#deadlineMs && late === null)) this.destroy();
		else if (nowMs > this.#deadlineMs && late !== null) {
			// What the late side has sent before still goes out to the side that has ended.
			this.#deadlineMs = Number.POSITIVE_INFINITY;
			late.destroy();
		}
	}

	/** Changes when a byte is read, and when one that waited has been written. */
	#countBytes(): number {
		let bytes = 0;
		for (const side of [this.#client, this.#upstream]) {
			bytes += (side.bytesRead ?? 0) - side.writableLength;
		}
		return bytes;
	}

	/** The gateway closes: a WebSocket is told so where a frame may stand, anything else ends. */
	onClosing(): void {
		if (this.#isClosing) return;
		this.#isClosing = true;
		this.#limit(closingMs);
		this.#client.unpipe(this.#upstream);
		this.#upstream.unpipe(this.#client);
		this.#leave(this.#client, this.#fromUpstream, false);
		this.#leave(this.#upstream, this.#fromClient, true);
	}

	#leave(socket: Duplex, frames: FrameTracker, isMasked: boolean): void {
		// What the other side of the tunnel still says is not passed on: the end has been said.
		socket.resume();
		if (this.#options.isWebSocket && frames.isBetweenFrames) {
			socket.end(goingAwayFrame(isMasked));
		} else socket.end();
	}

	/** Cuts both sides. */
	destroy(): void {
		this.#client.destroy();
		this.#upstream.destroy();
	}
}
