import { type DeadlineWatch, tickMs } from "../http/deadlines.ts";
import type { ErrorCode } from "../http/errors.ts";
import type { UpstreamTimeouts } from "../model/upstream.ts";

/** What a call waits for. */
export type Awaited = "connection" | "head" | "body" | "nothing";

/** How long a call has taken, and how long nothing has moved. Reads the watch's clock alone. */
export class CallTimer {
	readonly #watch: DeadlineWatch;
	readonly #timeouts: UpstreamTimeouts;
	readonly #startedMs: number;
	#activeMs: number;

	constructor(watch: DeadlineWatch, timeouts: UpstreamTimeouts) {
		this.#watch = watch;
		this.#timeouts = timeouts;
		this.#startedMs = watch.nowMs;
		this.#activeMs = watch.nowMs;
	}

	/** Something has moved. */
	touch(): void {
		this.#activeMs = this.#watch.nowMs;
	}

	/** The time-out that has passed; null while none has. */
	findExpired(nowMs: number, awaited: Awaited): ErrorCode | null {
		const { connectMs, headersMs, bodyMs, totalMs } = this.#timeouts;
		if (isOver(nowMs - this.#startedMs, totalMs)) {
			return "ERR_UPSTREAM_TOTAL_TIMEOUT";
		}
		// Nothing is owed while the other side is waited for: silence begins anew after it.
		if (awaited === "nothing") this.#activeMs = nowMs;
		const silentMs = nowMs - this.#activeMs;
		if (awaited === "connection" && isOver(silentMs, connectMs)) {
			return "ERR_UPSTREAM_CONNECT_TIMEOUT";
		}
		if (awaited === "head" && isOver(silentMs, headersMs)) {
			return "ERR_UPSTREAM_HEADERS_TIMEOUT";
		}
		return awaited === "body" && isOver(silentMs, bodyMs)
			? "ERR_UPSTREAM_BODY_TIMEOUT"
			: null;
	}
}

/** A limit of 0 is none. What has moved since a tick is noted as of that tick, up to one too early. */
function isOver(ms: number, limitMs: number): boolean {
	return limitMs > 0 && ms > limitMs + tickMs;
}
