import type { ServerResponse } from "node:http";
import type { Duplex, Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { failure, type HttpError } from "../http/errors.ts";
import { ResponseHead } from "../http/headers.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { type Awaited, CallTimer } from "./call-timer.ts";
import { toCallOptions } from "./connections.ts";
import { isResetNow } from "./connector.ts";
import type { DeadlineWatch, Watched } from "./deadlines.ts";
import { sendEarlyHints } from "./early-hints.ts";
import { toFailure } from "./failures.ts";
import type { ForwardOwner, ForwardRequest } from "./forward-owner.ts";
import { Gathering } from "./gathering.ts";
import { type HeldHead, holdHead } from "./held-heads.ts";
import { passBytes } from "./recycle.ts";
import { isRetriable } from "./retry.ts";
import type { Target, UpstreamPool, UpstreamTimeouts } from "./upstream.ts";

/** Where the call stands. */
type Phase = "waiting" | "held" | "streaming" | "gathering" | "done";

/**
 * One call to an upstream and its answer on the way back (docs/lifecycle.md, step 8):
 *
 * 1. dispatch: a connection is taken or made, the request goes out, its body streams behind it;
 * 2. the head of the answer comes, and is held until the read that brought it is used up;
 * 3. a small body that came with it leaves in the same write; else the head goes at once;
 * 4. the rest streams, each side pausing the other;
 * 5. it ends: whole, or with the client's socket destroyed.
 */
export class Forward implements Dispatcher.DispatchHandler, HeldHead, Watched {
	previousWatched: Watched | null = null;
	nextWatched: Watched | null = null;
	/** Calls made: 2 after the retry on a fresh connection. */
	attempts = 0;
	readonly #owner: ForwardOwner;
	readonly #res: ServerResponse;
	readonly #watch: DeadlineWatch;
	readonly #pool: UpstreamPool;
	readonly #target: Target;
	readonly #maxBodyBytes: number;
	#request: ForwardRequest | null = null;
	#controller: Dispatcher.DispatchController | null = null;
	#phase: Phase = "waiting";
	#writer: AnswerWriter | null = null;
	#gathering: Gathering | null = null;
	#hasAnswerByte = false;
	#sentBytes = 0;
	readonly #timer: CallTimer;
	#abortedWith: Error | null = null;

	constructor(
		owner: ForwardOwner,
		res: ServerResponse,
		pool: UpstreamPool,
		timeouts: UpstreamTimeouts,
		watch: DeadlineWatch,
		maxBodyBytes: number,
	) {
		this.#owner = owner;
		this.#res = res;
		this.#pool = pool;
		this.#target = pool.pick();
		this.#watch = watch;
		this.#maxBodyBytes = maxBodyBytes;
		pool.inFlight++;
		// The watch's clock stands still while it watches nothing.
		watch.add(this);
		this.#timer = new CallTimer(watch, timeouts);
	}

	/** Where the call goes, such as `http://users:8002`. */
	get origin(): string {
		return this.#target.origin;
	}

	/** Makes the call. */
	start(
		request: ForwardRequest,
		dispatch: Dispatcher["dispatch"] = this.#target.dispatch,
	): void {
		this.#request = request;
		this.attempts++;
		this.#timer.touch();
		dispatch(toCallOptions(this.#target.origin, request, this), this);
	}

	/** Ends the call: the client has left, or the answer is not wanted. Nothing more is told to the owner. */
	abort(error: Error): void {
		if (this.#phase === "done") return;
		this.#finish();
		this.#cancel(error);
		this.#owner.bodyObserver?.onAbort(error);
	}

	/** Reads the whole body instead of sending it on. Called from `onAnswerHead`. */
	gather(maxBytes: number, onWhole: (bytes: Buffer) => void): void {
		this.#phase = "gathering";
		this.#gathering = new Gathering(maxBytes, onWhole);
	}

	/** The gateway closes: a stream of events ends cleanly, its client connects anew elsewhere. */
	onClosing(): void {
		if (this.#phase !== "streaming" || !this.#writer?.isEventStream) return;
		this.abort(failure("ERR_UNAVAILABLE"));
		this.#res.end();
	}

	onRequestStart(controller: Dispatcher.DispatchController): void {
		this.#controller = controller;
		this.#timer.touch();
		if (this.#abortedWith !== null) controller.abort(this.#abortedWith);
	}

	/** undici ends the call with what is thrown here. */
	onBodySent(chunk: unknown): void {
		this.#timer.touch();
		const { length } = chunk as Uint8Array;
		passBytes(length);
		this.#sentBytes += length;
		if (this.#sentBytes > this.#maxBodyBytes) {
			throw failure("ERR_BODY_TOO_LARGE");
		}
	}

	onResponseStarted(): void {
		this.#hasAnswerByte = true;
	}

	onRequestUpgrade(
		controller: Dispatcher.DispatchController,
		status: number,
		_headers: unknown,
		socket: Duplex,
	): void {
		const head = new ResponseHead(controller.rawHeaders as Buffer[]);
		const asked = this.#request?.upgrade?.toLowerCase();
		if (this.#phase === "done" || head.upgrade?.toLowerCase() !== asked) {
			// Nobody may switch to what was not asked for (RFC 9110 section 7.8).
			socket.destroy();
			if (this.#phase !== "done") this.#fail(failure("ERR_UPSTREAM_INVALID"));
			return;
		}
		this.#finish();
		this.#owner.onUpgraded({ status, headers: head.headers }, socket);
	}

	onResponseStart(
		controller: Dispatcher.DispatchController,
		status: number,
	): void {
		this.#timer.touch();
		if (this.#phase === "done") return;
		const raw = controller.rawHeaders as Buffer[];
		if (status === 103) sendEarlyHints(this.#res, raw);
		if (status < 200) return;
		const writer = new AnswerWriter(this.#res, status, raw);
		if (writer.isAmbiguous) {
			this.#stop(failure("ERR_UPSTREAM_INVALID"));
			return;
		}
		this.#writer = writer;
		this.#phase = "held";
		if (!this.#owner.onAnswerHead(writer.answer)) return;
		if (writer.hasNoBody) this.#end((last) => last.endAtHead());
		else holdHead(this);
	}

	onResponseData(
		controller: Dispatcher.DispatchController,
		chunk: Buffer,
	): void {
		this.#timer.touch();
		passBytes(chunk.length);
		if (this.#phase === "done") return;
		if (this.#gathering !== null) {
			if (!this.#gathering.add(chunk)) {
				this.#stop(failure("ERR_UPSTREAM_INVALID"));
			}
			return;
		}
		this.#owner.bodyObserver?.onChunk(chunk);
		const writer = this.#writer as AnswerWriter;
		if (this.#phase === "held" && writer.first === null) {
			writer.first = chunk;
			return;
		}
		this.flushHead();
		writer.write(chunk, controller);
	}

	onResponseEnd(controller: Dispatcher.DispatchController): void {
		if (this.#phase === "done") return;
		if (isResetNow()) {
			this.#stop(failure("ERR_UPSTREAM_RESET"));
			return;
		}
		if (this.#gathering !== null) {
			this.#finish();
			this.#gathering.end();
		} else if (this.#phase === "held" && !controller.rawTrailers?.length) {
			this.#end((writer) => writer.endWhole());
		} else {
			this.#end((writer) => writer.endStream(controller));
		}
	}

	onResponseError(
		_controller: Dispatcher.DispatchController | null,
		error: Error,
	): void {
		if (this.#phase === "done") return;
		const request = this.#request as ForwardRequest;
		const mayRetry =
			this.attempts === 1 && this.#controller !== null && !this.#hasAnswerByte;
		if (mayRetry && isRetriable(request, error)) {
			this.#controller = null;
			this.start(request, this.#target.dispatchFresh);
			return;
		}
		this.#fail(toFailure(error, this.#controller !== null));
	}

	onTick(nowMs: number): void {
		const code = this.#timer.findExpired(nowMs, this.#awaited());
		if (code !== null) this.#stop(failure(code));
	}

	/** What the upstream owes. A client that is slow to send or to read has limits of its own. */
	#awaited(): Awaited {
		if (this.#phase === "waiting") {
			// A full pool keeps a call waiting for others, not for its connection.
			if (this.#controller === null && !this.#target.hasQueue) {
				return "connection";
			}
			return this.#isClientSilent() ? "nothing" : "head";
		}
		return this.#writer?.isPaused ? "nothing" : "body";
	}

	/** Sends the head now, and what came with it. */
	flushHead(): void {
		const writer = this.#writer;
		if (this.#phase !== "held" || writer === null) return;
		this.#phase = "streaming";
		this.#send(writer, (now) => now.sendHead(this.#controller));
	}

	#end(send: (writer: AnswerWriter) => void): void {
		this.#finish();
		if (this.#send(this.#writer as AnswerWriter, send)) {
			this.#owner.bodyObserver?.onEnd();
		}
	}

	/** writeHead throws on bytes that node would not send; the head is still ours to replace then. */
	#send(writer: AnswerWriter, send: (writer: AnswerWriter) => void): boolean {
		if (!this.#res.headersSent) this.#owner.onHeadOut();
		try {
			send(writer);
			return true;
		} catch (cause) {
			this.#stop(failure("ERR_UPSTREAM_INVALID", { cause }));
			return false;
		}
	}

	/** While the client owes bytes of its body, silence is the client's and has its own limit. */
	#isClientSilent(): boolean {
		const body = this.#request?.body as Readable | null;
		return this.#owner.isRequestOpen && body?.isPaused?.() === false;
	}

	/** Ends the call for a reason of ours, and tells the owner. */
	#stop(error: HttpError): void {
		this.#fail(error);
		this.#cancel(error);
	}

	#cancel(error: Error): void {
		this.#abortedWith = error;
		if (this.#controller === null) this.#target.cancel(this, error);
		else this.#controller.abort(error);
	}

	#fail(error: HttpError): void {
		if (this.#phase !== "done") this.#finish();
		this.#owner.bodyObserver?.onAbort(error);
		if (this.#res.headersSent) this.#owner.onAnswerBroken(error);
		else this.#owner.onForwardFailed(error);
	}

	#finish(): void {
		this.#phase = "done";
		this.#pool.inFlight--;
		this.#watch.remove(this);
	}
}
