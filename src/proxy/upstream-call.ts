import { type Dispatcher, errors } from "undici";
import type { DeadlineWatch, Watched } from "../http/deadlines.ts";
import type { UpstreamTimeouts } from "../model/upstream.ts";
import type {
	AttemptWatch,
	AttemptWatcher,
	ConnectionOwner,
	ForwardRequest,
} from "../upstream/attempts.ts";
import { type Call, toCallOptions } from "../upstream/attempts.ts";
import { isUnreachable } from "../upstream/failures.ts";
import type { UpstreamPool } from "../upstream/pool.ts";
import type { Target } from "../upstream/target.ts";
import type { CallRecord } from "./call-record.ts";
import { CallTimer } from "./call-timer.ts";
import { isRetriable } from "./retry.ts";

/** One call to an upstream: where it goes, how it is begun, begun anew, and given up. */
export class UpstreamCall implements Call {
	previousWatched: Watched | null = null;
	nextWatched: Watched | null = null;
	/** Calls made: 2 after the retry on a fresh connection, more where an interceptor retries. */
	attempts = 0;
	watcher: AttemptWatcher | null = null;
	attemptWatch: AttemptWatch | null = null;
	owner: ConnectionOwner | null = null;
	/** Null where nobody asks how the call went. */
	record: CallRecord | null = null;
	/** Of the attempt in progress. */
	protected target: Target;
	protected readonly timer: CallTimer;
	protected request: ForwardRequest | null = null;
	protected controller: Dispatcher.DispatchController | null = null;
	protected readonly pool: UpstreamPool;
	readonly #watch: DeadlineWatch;
	#abortedWith: Error | null = null;
	#isRetried = false;
	#isMoved = false;

	constructor(
		pool: UpstreamPool,
		timeouts: UpstreamTimeouts,
		watch: DeadlineWatch,
	) {
		this.pool = pool;
		this.target = pool.pick();
		this.target.calls++;
		this.#watch = watch;
		pool.inFlight++;
		// The watch's clock stands still while it watches nothing.
		watch.add(this as unknown as Watched);
		this.timer = new CallTimer(watch, timeouts);
	}

	/** Where the call goes, such as `http://users:8002`. */
	get origin(): string {
		return this.target.origin;
	}

	/** Makes the call. */
	start(
		request: ForwardRequest,
		dispatch: Dispatcher["dispatch"] = this.target.dispatch,
	): void {
		this.request = request;
		this.timer.touch();
		const handler = this as Dispatcher.DispatchHandler;
		dispatch(toCallOptions(this.target.origin, request, this), handler);
	}

	onRequestStart(controller: Dispatcher.DispatchController): void {
		this.controller = controller;
		this.target.onConnected();
		this.timer.touch();
		if (this.#abortedWith !== null) controller.abort(this.#abortedWith);
	}

	/**
	 * Whether the call is made once more. Only asked before any byte of a response. A call that was never
	 * sent goes to another target, whatever its method; one that was sent is retried where that is safe.
	 */
	protected startAnew(error: Error): boolean {
		const request = this.request as ForwardRequest;
		const pool = this.pool;
		if (this.controller === null) {
			if (this.#abortedWith !== null || !isUnreachable(error)) return false;
			pool.exclude(this.target, error);
			if (this.#isMoved || !pool.hasSeveral) return false;
			this.#isMoved = true;
			this.#move();
			this.start(request);
			return true;
		}
		if (this.#isRetried) return false;
		if (!isRetriable(request, error, pool.hasSeveral)) return false;
		this.#isRetried = true;
		this.controller = null;
		this.#move();
		this.start(request, this.target.dispatchFresh);
		return true;
	}

	/** Whether the wait for a connection ends in a move to another target: the error comes by itself then. */
	protected giveUpConnecting(): boolean {
		return this.pool.exclude(this.target, new errors.ConnectTimeoutError());
	}

	/** To another target, where there is one. */
	#move(): void {
		this.target.calls--;
		this.target = this.pool.pick(this.target);
		this.target.calls++;
	}

	/** Ends the call at undici, wherever it stands. */
	protected cancel(error: Error): void {
		this.#abortedWith = error;
		if (this.controller === null) this.target.cancel(this, error);
		else this.controller.abort(error);
	}

	/** The call is over for its pool and its watch. */
	protected release(): void {
		this.record?.onEnd();
		this.pool.inFlight--;
		this.target.calls--;
		this.#watch.remove(this as unknown as Watched);
	}
}
