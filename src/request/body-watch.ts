import type { DeadlineWatch, Watched } from "../http/deadlines.ts";
import { noBytes } from "./body.ts";
import type { RequestContext } from "./request.ts";

/** Looks after the body of a request while it comes: silence of the client's is bounded, however long the whole may take. */
export class BodyWatch implements Watched {
	previousWatched: Watched | null = null;
	nextWatched: Watched | null = null;
	readonly #ctx: RequestContext;
	readonly #watch: DeadlineWatch;
	/** Bytes that had been read from the socket at the last tick, and when they last grew. */
	#seenBytes = 0;
	#seenMs: number;

	constructor(ctx: RequestContext) {
		this.#ctx = ctx;
		this.#watch = ctx.runtime.watch;
		// Adding may start the watch, whose clock stands still while it is idle.
		this.#watch.add(this);
		this.#seenMs = this.#watch.nowMs;
	}

	end(): void {
		this.#watch.remove(this);
	}

	onTick(nowMs: number): void {
		const { req, socket, awaitsContinue, runtime } = this.#ctx;
		if (req.complete) {
			this.end();
			return;
		}
		const isOurs = req.isPaused() || req.readableLength > 0;
		if (socket.bytesRead !== this.#seenBytes || isOurs || awaitsContinue) {
			this.#seenBytes = socket.bytesRead;
			this.#seenMs = nowMs;
			// While nothing is read, a reset is told only to who writes: writing nothing asks.
			if (isOurs && socket.writableLength === 0) socket.write(noBytes);
		} else if (nowMs - this.#seenMs > runtime.limits.bodyIdleMs) {
			this.end();
			this.#ctx.onUnreadable("ERR_REQUEST_TIMEOUT");
		}
	}

	/** A request under way may finish. */
	onClosing(): void {}
}
