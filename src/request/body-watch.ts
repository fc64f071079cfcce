import { Pace } from "../connection/pace.ts";
import type { DeadlineWatch, Watched } from "../http/deadlines.ts";
import { noBytes } from "./body.ts";
import type { RequestContext } from "./request.ts";

/** Looks after the body of a request while it comes: silence is bounded, and so is a trickle, however long the whole may take. */
export class BodyWatch implements Watched {
	previousWatched: Watched | null = null;
	nextWatched: Watched | null = null;
	readonly #ctx: RequestContext;
	readonly #watch: DeadlineWatch;
	readonly #pace: Pace = new Pace();
	/** Bytes that had been read from the socket at the last tick, and when that was. */
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
		const { req, socket, awaitsContinue, plan } = this.#ctx;
		if (req.complete) {
			this.end();
			return;
		}
		const isOurs = req.isPaused() || req.readableLength > 0;
		const isSlowSide = !isOurs && !awaitsContinue;
		const bytes = socket.bytesRead - this.#seenBytes;
		const waitedMs = isSlowSide ? nowMs - this.#seenMs : 0;
		this.#seenBytes = socket.bytesRead;
		this.#seenMs = nowMs;
		// While nothing is read, a reset is told only to who writes: writing nothing asks.
		if (isOurs && socket.writableLength === 0) socket.write(noBytes);
		if (!this.#pace.isTooSlow(bytes, waitedMs, plan.receivePace)) return;
		this.end();
		this.#ctx.onUnreadable("ERR_REQUEST_TIMEOUT");
	}

	/** A request under way may finish. */
	onClosing(): void {}
}
