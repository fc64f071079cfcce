import { failure } from "../http/errors.ts";
import type { UpstreamTimeouts } from "../model/upstream.ts";
import { type AnswerReader, BackgroundCall } from "../proxy/background-call.ts";
import { busy } from "../upstream/failures.ts";
import type { UpstreamPool } from "../upstream/pool.ts";
import type { AskUpstream } from "./request.ts";

/** The most that a call without a client may take where the route sets no `totalMs`. */
const mostTotalMs = 60_000;

/** Compiles `ctx.askUpstream`. */
export function compileAsk(
	pool: UpstreamPool,
	timeouts: UpstreamTimeouts,
	choose: (received: string[]) => string[],
): AskUpstream {
	const totalMs = timeouts.totalMs === 0 ? mostTotalMs : timeouts.totalMs;
	const bounded = { ...timeouts, totalMs };
	return (runtime, request, reader) => {
		if (runtime.isClosing) {
			reader.onError(failure("ERR_UNAVAILABLE"));
			return;
		}
		if (pool.inFlight >= pool.maxInFlight) {
			reader.onError(busy());
			return;
		}
		runtime.open.begin();
		const answer: AnswerReader = {
			onHead: (status, received) =>
				reader.onHead({ status, headers: choose(received), received }),
			onChunk: (chunk) => reader.onChunk(chunk),
			onEnd: () => reader.onEnd(),
			onError: (error) => reader.onError(error),
		};
		const call = new BackgroundCall(pool, bounded, runtime.watch, answer, () =>
			runtime.open.end(),
		);
		call.start({ ...request, body: null, upgrade: null });
	};
}
