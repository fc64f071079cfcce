import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import type { DeadlineWatch, Watched } from "../http/deadlines.ts";
import { failure, type HttpError } from "../http/errors.ts";
import type { UpstreamTimeouts } from "../model/upstream.ts";
import { isResetNow } from "../upstream/connector.ts";
import { toFailure } from "../upstream/failures.ts";
import type { UpstreamPool } from "../upstream/pool.ts";
import type { Awaited } from "./call-timer.ts";
import { passBytes } from "./collect-young.ts";
import { sendEarlyHints } from "./early-hints.ts";
import { type ForwardOwner, isClientSilent } from "./forward-owner.ts";
import { Gathering } from "./gathering.ts";
import { type HeldHead, holdHead } from "./held-heads.ts";
import { AnswerWriter, toSwitch } from "./response-writer.ts";
import { SentBytes } from "./sent-bytes.ts";
import { UpstreamCall } from "./upstream-call.ts";

/** Where the call stands. */
type Phase =
	| "waiting"
	| "held"
	| "streaming"
	| "gathering"
	| "observed"
	| "done";

/**
 * One call to an upstream and its answer on the way back (docs/lifecycle.md, step 8):
 *
 * 1. dispatch: a connection is taken or made, the request goes out, its body streams behind it;
 * 2. the head of the answer comes, and is held until the read that brought it is used up;
 * 3. a small body that came with it leaves in the same write; else the head goes at once;
 * 4. the rest streams, each side pausing the other;
 * 5. it ends: whole, or with the client's socket destroyed.
 */
export class Forward
	extends UpstreamCall
	implements Dispatcher.DispatchHandler, HeldHead, Watched
{
	readonly #owner: ForwardOwner;
	readonly #res: ServerResponse;
	readonly #sent: SentBytes;
	#phase: Phase = "waiting";
	#writer: AnswerWriter | null = null;
	#gathering: Gathering | null = null;
	#hasAnswerByte = false;

	constructor(
		owner: ForwardOwner,
		res: ServerResponse,
		pool: UpstreamPool,
		timeouts: UpstreamTimeouts,
		watch: DeadlineWatch,
		maxBodyBytes: number,
	) {
		super(pool, timeouts, watch);
		this.#owner = owner;
		this.#res = res;
		this.#sent = new SentBytes(maxBodyBytes);
	}

	/** Ends the call: the client has left, or the answer is not wanted. Nothing more is told to the owner. */
	abort(error: Error): void {
		if (this.#phase === "done") return;
		this.#finish();
		this.cancel(error);
		this.#owner.bodyObserver?.onAbort(error);
	}

	/** The client has left: the call ends with it, unless an observer wants the rest of the body. */
	leave(error: Error): void {
		const isStreaming = this.#phase === "streaming" || this.#phase === "held";
		if (!isStreaming || !this.#wantsRest) {
			this.abort(error);
			return;
		}
		this.#phase = "observed";
		this.#writer?.unpause(this.controller);
	}

	/** Another answer takes the place of the one whose head has come. Called from `onAnswerHead`. */
	replace(error: Error): void {
		// Nothing follows that head: its connection serves on.
		if (this.#writer?.hasNoBody !== true) this.abort(error);
		else {
			this.#finish();
			this.#owner.bodyObserver?.onAbort(error);
		}
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

	/** undici ends the call with what is thrown here. */
	onBodySent(chunk: unknown): void {
		this.timer.touch();
		const { length } = chunk as Uint8Array;
		this.record?.onSent(length);
		this.#sent.add(length);
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
		this.attemptWatch?.onUpgrade(status);
		this.record?.onHead(status);
		const head = toSwitch(status, controller, this.request);
		if (this.#phase !== "done" && head !== null) {
			this.#finish();
			this.#owner.onUpgraded(head, socket);
			return;
		}
		socket.destroy();
		if (this.#phase !== "done") this.#fail(failure("ERR_UPSTREAM_INVALID"));
	}

	onResponseStart(
		controller: Dispatcher.DispatchController,
		status: number,
	): void {
		this.timer.touch();
		this.attemptWatch?.onHead(status);
		if (this.#phase === "done") return;
		const raw = controller.rawHeaders as Buffer[];
		if (status === 103 && this.pool.upstream.options.earlyHints === true) {
			sendEarlyHints(this.#res, raw);
		}
		if (status < 200) return;
		this.record?.onHead(status);
		const writer = new AnswerWriter(this.#res, status, raw, this.record);
		if (writer.isAmbiguous) {
			this.#stop(failure("ERR_UPSTREAM_INVALID"));
			return;
		}
		this.#writer = writer;
		this.#phase = "held";
		const isPassed = this.#owner.onAnswerHead(writer.answer);
		this.record?.onHeadTaken();
		if (!isPassed) return;
		if (writer.hasNoBody) this.#end((last) => last.endAtHead());
		else holdHead(this);
	}

	onResponseData(
		controller: Dispatcher.DispatchController,
		chunk: Buffer,
	): void {
		this.timer.touch();
		passBytes(chunk.length);
		if (this.#phase === "done") return;
		this.record?.onReceived(chunk.length);
		if (this.#gathering !== null) {
			if (!this.#gathering.add(chunk)) {
				this.#stop(failure("ERR_UPSTREAM_INVALID"));
			}
			return;
		}
		this.#owner.bodyObserver?.onChunk(chunk);
		if (this.#phase === "observed") {
			if (!this.#wantsRest) this.abort(failure("ERR_CLIENT_GONE"));
			return;
		}
		const writer = this.#writer as AnswerWriter;
		if (this.#phase === "held" && writer.first === null) {
			writer.first = chunk;
			return;
		}
		this.flushHead();
		writer.write(chunk, this.#wantsRest ? null : controller);
	}

	onResponseEnd(controller: Dispatcher.DispatchController): void {
		this.attemptWatch?.onEnd();
		if (this.#phase === "done") return;
		if (isResetNow()) {
			this.#stop(failure("ERR_UPSTREAM_RESET"));
			return;
		}
		if (this.#gathering !== null) {
			this.#finish();
			this.#gathering.end();
		} else if (this.#phase === "observed") {
			this.#finish();
			this.#owner.bodyObserver?.onEnd();
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
		this.attemptWatch?.onError(error, this.controller !== null);
		if (this.#phase === "done") return;
		if (!this.#hasAnswerByte && this.startAnew(error)) return;
		this.#fail(toFailure(error, this.controller !== null));
	}

	onTick(nowMs: number): void {
		const code = this.timer.findExpired(nowMs, this.#awaited());
		if (code === null) return;
		const isConnecting = code === "ERR_UPSTREAM_CONNECT_TIMEOUT";
		if (isConnecting && this.giveUpConnecting()) return;
		this.#stop(failure(code));
	}

	/** What the upstream owes. A client that is slow to send or to read has limits of its own. */
	#awaited(): Awaited {
		if (this.#phase === "waiting") {
			// A full pool keeps a call waiting for others, not for its connection.
			if (this.controller === null && !this.target.hasQueue) {
				return "connection";
			}
			return isClientSilent(this.#owner, this.request) ? "nothing" : "head";
		}
		// Events may be as far apart as the service likes.
		const isFree = this.#phase === "streaming" && this.#writer?.isEventStream;
		return isFree || this.#writer?.isPaused ? "nothing" : "body";
	}

	/** Sends the head now, and what came with it. */
	flushHead(): void {
		const writer = this.#writer;
		if (this.#phase !== "held" || writer === null) return;
		this.#phase = "streaming";
		this.#send(writer, (now) =>
			now.sendHead(this.#wantsRest ? null : this.controller),
		);
	}

	get #wantsRest(): boolean {
		return this.#owner.bodyObserver?.wantsRest?.() === true;
	}

	#end(send: (writer: AnswerWriter) => void): void {
		this.#finish();
		if (this.#send(this.#writer as AnswerWriter, send)) {
			this.record?.onHanded();
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

	/** Ends the call for a reason of ours, and tells the owner. */
	#stop(error: HttpError): void {
		this.#fail(error);
		this.cancel(error);
	}

	#fail(error: HttpError): void {
		if (this.#phase !== "done") this.#finish();
		this.#owner.bodyObserver?.onAbort(error);
		if (this.#res.headersSent) this.#owner.onAnswerBroken(error);
		else this.#owner.onForwardFailed(error);
	}

	#finish(): void {
		this.#phase = "done";
		this.release();
	}
}
