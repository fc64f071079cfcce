import type { Socket } from "node:net";
import { knownPeer } from "../connection/peer.ts";

const mostSweepMs = 1_000;

/**
 * Closes connections that have had their answers and have sent nothing more for
 * `keepAliveMs`; 0 closes none. They go up to two sweeps later, of a second or
 * `keepAliveMs`, whichever is less. node's own time-out sets a timer behind each
 * answer and clears it before the next: one sweep over all connections costs a
 * request nothing (bench/README.md).
 */
export class IdleConnections {
	readonly #sockets: ReadonlySet<Socket>;
	/** Sweeps are counted, not time: after a standstill of the process a request may wait to be read. */
	readonly #mostSweeps: number;
	readonly #timer: NodeJS.Timeout | null;

	constructor(sockets: ReadonlySet<Socket>, keepAliveMs: number) {
		const sweepMs = Math.min(keepAliveMs, mostSweepMs);
		this.#sockets = sockets;
		this.#mostSweeps = Math.ceil(keepAliveMs / sweepMs);
		this.#timer =
			keepAliveMs > 0 ? setInterval(() => this.#sweep(), sweepMs) : null;
		this.#timer?.unref();
	}

	/** Looks for idle connections no more. */
	stop(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
	}

	#sweep(): void {
		for (const socket of this.#sockets) {
			// One that has yet to send its first request has a limit of its own (limits.headersMs).
			const peer = knownPeer(socket);
			if (peer === null) continue;
			if (peer.countIdle(socket.bytesRead) > this.#mostSweeps) socket.destroy();
		}
	}
}
