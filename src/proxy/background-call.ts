import type { Dispatcher } from "undici";
import type { DeadlineWatch, Watched } from "../http/deadlines.ts";
import { failure, type HttpError } from "../http/errors.ts";
import { ResponseHead } from "../http/headers.ts";
import type { UpstreamTimeouts } from "../model/upstream.ts";
import { isResetNow } from "../upstream/connector.ts";
import { toFailure } from "../upstream/failures.ts";
import type { UpstreamPool } from "../upstream/pool.ts";
import { type AnswerHead, toAnswerHead } from "./response-writer.ts";
import { UpstreamCall } from "./upstream-call.ts";

/** Gets the answer; false ends the call there, and nothing more is told. */
export interface AnswerReader {
	onHead(head: AnswerHead): boolean;
	onChunk(chunk: Uint8Array): boolean;
	onEnd(): void;
	onError(error: HttpError): void;
}

/** One call to an upstream that no client waits for. Its time-outs, all of them set, bound it. */
export class BackgroundCall
	extends UpstreamCall
	implements Dispatcher.DispatchHandler, Watched
{
	readonly #reader: AnswerReader;
	readonly #onOver: () => void;
	#hasHead = false;
	#isDone = false;

	constructor(
		pool: UpstreamPool,
		timeouts: UpstreamTimeouts,
		watch: DeadlineWatch,
		reader: AnswerReader,
		onOver: () => void,
	) {
		super(pool, timeouts, watch);
		this.#reader = reader;
		this.#onOver = onOver;
	}

	onResponseStart(
		controller: Dispatcher.DispatchController,
		status: number,
	): void {
		this.timer.touch();
		if (this.#isDone || status < 200) return;
		this.#hasHead = true;
		const head = new ResponseHead(controller.rawHeaders as Buffer[]);
		if (head.hasUnknownCoding) {
			this.#stop(failure("ERR_UPSTREAM_INVALID"));
		} else if (!this.#reader.onHead(toAnswerHead(status, head))) this.#leave();
	}

	onResponseData(
		_controller: Dispatcher.DispatchController,
		chunk: Buffer,
	): void {
		this.timer.touch();
		if (!this.#isDone && !this.#reader.onChunk(chunk)) this.#leave();
	}

	onResponseEnd(): void {
		if (this.#isDone) return;
		if (isResetNow()) {
			this.#stop(failure("ERR_UPSTREAM_RESET"));
			return;
		}
		this.#finish();
		this.#reader.onEnd();
	}

	onResponseError(
		_controller: Dispatcher.DispatchController | null,
		error: Error,
	): void {
		if (this.#isDone) return;
		if (!this.#hasHead && this.startAnew(error)) return;
		this.#fail(toFailure(error, this.controller !== null));
	}

	onTick(nowMs: number): void {
		const isWaiting = this.controller === null && !this.target.hasQueue;
		const awaited = isWaiting ? "connection" : this.#hasHead ? "body" : "head";
		const code = this.timer.findExpired(nowMs, awaited);
		if (code === null) return;
		const isConnecting = code === "ERR_UPSTREAM_CONNECT_TIMEOUT";
		if (isConnecting && this.giveUpConnecting()) return;
		this.#stop(failure(code));
	}

	onClosing(): void {
		// It is waited for like any request, and ends with its connection.
	}

	destroy(): void {
		this.#stop(failure("ERR_UNAVAILABLE"));
	}

	#leave(): void {
		this.#finish();
		this.cancel(new Error("the rest of the answer is not wanted"));
	}

	#stop(error: HttpError): void {
		this.#fail(error);
		this.cancel(error);
	}

	#fail(error: HttpError): void {
		if (this.#isDone) return;
		this.#finish();
		this.#reader.onError(error);
	}

	#finish(): void {
		this.#isDone = true;
		this.release();
		this.#onOver();
	}
}
