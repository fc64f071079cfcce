import type { ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import { checkBodilessHead, isBodiless } from "../http/bodiless.ts";
import { removeNames, removeSame } from "../http/header-list.ts";
import { ResponseHead } from "../http/headers.ts";
import { isEventStream } from "../http/reply.ts";
import { flushHead, writeHead } from "../http/write-head.ts";
import type { ForwardRequest } from "../upstream/attempts.ts";
import type { CallRecord } from "./call-record.ts";

/** The head of a switch to the protocol that was asked for; null for any other: nobody may switch unasked (RFC 9110 section 7.8). */
export function toSwitch(
	status: number,
	controller: Dispatcher.DispatchController,
	request: ForwardRequest | null,
): AnswerHead | null {
	const head = new ResponseHead(controller.rawHeaders as Uint8Array[]);
	const asked = request?.upgrade?.toLowerCase();
	const isAsked = head.upgrade?.toLowerCase() === asked;
	return isAsked ? toAnswerHead(status, head) : null;
}

/** The head of an answer on its way to the client. */
export interface AnswerHead {
	status: number;
	/** Names and values in turn; may be changed before it goes out. */
	headers: string[];
	/** Names in lower case that the gateway has set: no trailer may say them again. Null where there are none. */
	setNames: readonly string[] | null;
	/** Whether a header may name the origin of the upstream. */
	readonly namesUrl: boolean;
	/** Whether trailers reach the client; false where the route chooses among the headers. */
	keepsTrailers: boolean;
}

/** The head of a response as it was received. */
export function toAnswerHead(
	status: number,
	{ headers, namesUrl }: ResponseHead,
): AnswerHead {
	return { status, headers, setNames: null, namesUrl, keepsTrailers: true };
}

/** Where a body comes from: undici's controller of a call. */
export interface Pausable {
	pause(): void;
	resume(): void;
}

/** The same at its end. */
export interface Ended extends Pausable {
	readonly rawTrailers?: unknown;
}

/** A body of up to so many bytes that has come whole leaves in one write with its head. */
const maxJoinedBytes = 16 * 1024;
const trailerField: ReadonlySet<string> = new Set(["trailer"]);

/**
 * Writes an upstream's answer to the client: head and body of a small answer in
 * one write, else the head at once and the body as it comes.
 */
export class AnswerWriter {
	readonly answer: AnswerHead;
	/** The first chunk, while it waits with the head for the rest of the read that brought them. */
	first: Buffer | null = null;
	/** Whether the upstream waits for the client to read on. */
	isPaused = false;
	readonly #res: ServerResponse;
	readonly #head: ResponseHead;
	readonly #record: CallRecord | null;

	constructor(
		res: ServerResponse,
		status: number,
		rawHeaders: readonly (Uint8Array | string)[],
		record: CallRecord | null = null,
	) {
		this.#record = record;
		this.#res = res;
		this.#head = new ResponseHead(rawHeaders);
		this.answer = toAnswerHead(status, this.#head);
	}

	/** Whether it can not be told where the body ends: by a coding that is not known, or a length that a number can not hold. */
	get isAmbiguous(): boolean {
		const { hasUnknownCoding, contentLength } = this.#head;
		return hasUnknownCoding || contentLength > Number.MAX_SAFE_INTEGER;
	}

	/** Answers that have no body whatever their framing fields say (RFC 9112 section 6.3). */
	get hasNoBody(): boolean {
		const { status } = this.answer;
		return isBodiless(status) || this.#res.req.method === "HEAD";
	}

	/** Whether it is a stream of events, which has no end of its own. */
	get isEventStream(): boolean {
		return isEventStream(this.answer.headers);
	}

	/** Sends the head before a body that is still to come, with what has come of it. */
	sendHead(source: Pausable | null): void {
		this.#writeHead();
		const { first } = this;
		this.first = null;
		if (first === null) flushHead(this.#res);
		else this.write(first, source);
	}

	/** Sends a chunk. A client that reads slowly pauses the source, where one is given, until it has read on. */
	write(chunk: Buffer, source: Pausable | null): void {
		// Its head could not be sent, and another answer has taken its place.
		if (this.#res.writableEnded) return;
		if (this.#res.write(chunk) || this.isPaused || source === null) return;
		this.isPaused = true;
		this.#record?.onPaused();
		source.pause();
		this.#res.once("drain", () => {
			this.isPaused = false;
			this.#record?.onResumed();
			source.resume();
		});
	}

	/** The client has left: nothing waits for it any more. */
	unpause(source: Pausable | null): void {
		if (!this.isPaused) return;
		this.isPaused = false;
		this.#record?.onResumed();
		source?.resume();
	}

	/** Sends the head, and ends there. */
	endAtHead(): void {
		this.#writeHead();
		this.#res.end();
	}

	/** Sends head and body in one write: all of it is here. */
	endWhole(): void {
		const { first } = this;
		this.#frame(first === null ? 0 : first.length);
		this.#writeHead();
		if (first === null) this.#res.end();
		else if (first.length <= maxJoinedBytes) {
			// node joins a latin1 body to the head: one string, one write (bench/README.md).
			this.#res.end(first.toString("latin1"), "latin1");
		} else this.#res.end(first);
	}

	/** Ends a body that is sent chunk by chunk. Trailers reach a client that is sent chunks (RFC 9112 section 7.1.2). */
	endStream(source: Ended): void {
		if (!this.#res.headersSent) this.sendHead(source);
		const trailers = source.rawTrailers as readonly Uint8Array[] | null;
		if (trailers !== null && trailers.length > 0 && this.#mayTrail()) {
			const { headers } = new ResponseHead(trailers);
			addTrailers(this.#res, removeSame(headers, this.answer.setNames ?? []));
		}
		this.#res.end();
	}

	/** A chunked answer that has come whole gets its length. */
	#frame(length: number): void {
		if (this.#head.contentLength >= 0) return;
		this.answer.headers.push("content-length", String(length));
		this.#head.contentLength = length;
	}

	#mayTrail(): boolean {
		const { keepsTrailers } = this.answer;
		const isOpen = this.#head.contentLength < 0 && keepsTrailers;
		return isOpen && this.#res.chunkedEncoding;
	}

	/** @throws node's error for a head that it would not send; nothing has gone out then. */
	#writeHead(): void {
		const { answer } = this;
		if (this.#head.hasTrailer && !this.#canSendTrailers()) {
			answer.headers = removeNames(answer.headers, trailerField);
		}
		if (isBodiless(answer.status)) checkBodilessHead(answer.headers);
		writeHead(this.#res, answer.status, answer.headers);
	}

	#canSendTrailers(): boolean {
		return (
			this.#head.contentLength < 0 &&
			!this.hasNoBody &&
			this.#res.req.httpVersionMinor > 0
		);
	}
}

function addTrailers(res: ServerResponse, list: readonly string[]): void {
	const pairs: [string, string][] = [];
	for (let i = 0; i < list.length; i += 2) {
		pairs.push([list[i] as string, list[i + 1] as string]);
	}
	try {
		res.addTrailers(pairs);
	} catch {
		// A trailer that node would not send is left out: what it would have said is optional (RFC 9110 section 6.5.1).
	}
}
