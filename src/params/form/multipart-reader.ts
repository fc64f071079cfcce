import { isUtf8 } from "node:buffer";
import type { Readable } from "node:stream";
import busboy from "busboy";
import { failure, HttpError } from "../../http/errors.ts";
import { parseMediaType } from "../../http/media-type.ts";
import type { FormPlan } from "./form-plan.ts";
import {
	innerBoundary,
	MultipartScanner,
	type PartHead,
} from "./multipart-scanner.ts";

/** A field of a multipart form, read whole. */
export interface FieldPart {
	readonly kind: "field";
	readonly name: string;
	readonly text: string;
	/** As written; null where there is none. */
	readonly contentType: string | null;
}

/** A file of a multipart form, whose bytes are still to come: they must be read to the end before the next part. */
export interface FileStreamPart {
	readonly kind: "file";
	readonly name: string;
	readonly filename: string;
	/** As written; null where there is none. */
	readonly contentType: string | null;
	readonly encoding: string;
	readonly bytes: Readable;
}

/** One part of a multipart form. */
export type FormPart = FieldPart | FileStreamPart;

/**
 * The boundary that a request's content-type names (RFC 2046 section 5.1.1).
 *
 * @throws HttpError 415 when it is no `multipart/form-data`, 400 without a valid boundary.
 */
export function readBoundary(contentType: string): string {
	const type = parseMediaType(contentType);
	if (type === null) throw failure("ERR_BAD_BODY");
	if (type.essence !== "multipart/form-data") throw failure("ERR_MEDIA_TYPE");
	const boundary = type.parameters.get("boundary") ?? "";
	if (!/^[\w'()+,\-./:=? ]{0,69}[\w'()+,\-./:=?]$/.test(boundary)) {
		throw failure("ERR_BAD_BODY");
	}
	return boundary;
}

/**
 * The parts of one multipart request, in order, pulled one by one: what is not
 * pulled stops the client. Leaves the request paused, never destroyed, when it
 * ends early.
 */
export class MultipartReader {
	readonly #req: Readable;
	readonly #plan: FormPlan;
	readonly #scanner: MultipartScanner;
	readonly #parser: busboy.Busboy;
	readonly #onFailure: (error: HttpError) => void;
	readonly #parts: FormPart[] = [];
	#wake: (() => void) | null = null;
	#failure: HttpError | null = null;
	#isComplete = false;
	#bytes = 0;
	#fields = 0;
	#files = 0;

	/** `onFailure` is called at once when the form breaks off or goes over a limit, wherever the reading stands. */
	constructor(
		req: Readable,
		boundary: string,
		plan: FormPlan,
		onFailure: (error: HttpError) => void,
	) {
		this.#req = req;
		this.#plan = plan;
		this.#onFailure = onFailure;
		this.#scanner = new MultipartScanner(
			boundary,
			plan.limits,
			plan.goesOnAsReceived,
		);
		this.#parser = createParser();
		this.#parser.on("field", (name, bytes) => this.#onField(name, bytes));
		this.#parser.on("file", (name, stream, info) =>
			this.#onFile(name, stream, info.filename ?? ""),
		);
		this.#parser.on("error", (cause: unknown) => this.#fail(toFailure(cause)));
		this.#parser.on("finish", this.#onFinish);
		this.#parser.on("drain", this.#onDrain);
		this.#start();
	}

	/**
	 * The next part, or null after the last.
	 *
	 * @throws HttpError what `onFailure` was told.
	 */
	async next(): Promise<FormPart | null> {
		for (;;) {
			if (this.#failure !== null) throw this.#failure;
			const part = this.#parts.shift();
			if (part !== undefined) return part;
			if (this.#isComplete) return null;
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}

	/** Stops reading; what of the body has not come stays unread. */
	stop(error: HttpError): void {
		if (this.#failure !== null || this.#isComplete) return;
		this.#failure = error;
		this.#leave();
		// With a file open busboy ends it with this error; without one it would invent an error of its own.
		this.#parser.destroy(error);
		this.#awake();
	}

	#start(): void {
		const req = this.#req;
		if (req.destroyed || req.readableEnded) {
			// Its events are over: none would ever tell.
			queueMicrotask(this.#onBroken);
			return;
		}
		req.on("data", this.#onData);
		req.on("end", this.#onEnd);
		req.on("error", this.#onBroken);
		req.on("close", this.#onBroken);
	}

	readonly #onData = (chunk: Buffer): void => {
		this.#bytes += chunk.length;
		if (this.#bytes > this.#plan.maxBytes) {
			this.#fail(failure("ERR_BODY_TOO_LARGE"));
			return;
		}
		try {
			for (const piece of this.#scanner.scan(chunk)) this.#write(piece);
		} catch (thrown) {
			this.#fail(toFailure(thrown));
		}
	};

	#write(piece: Buffer): void {
		// A part before this one may have failed: busboy, once destroyed, would complain of each write.
		if (this.#failure !== null) return;
		if (!this.#parser.write(piece)) this.#req.pause();
	}

	readonly #onDrain = (): void => {
		if (this.#failure === null) this.#req.resume();
	};

	readonly #onEnd = (): void => {
		this.#leave();
		// Without a closing delimiter that is an error of busboy's.
		this.#parser.end();
	};

	readonly #onBroken = (cause?: unknown): void => {
		this.#fail(failure("ERR_BAD_BODY", { cause }));
	};

	readonly #onFinish = (): void => {
		if (this.#failure !== null) return;
		// busboy skips what it can not read; every head that was seen must have become a part.
		if (this.#scanner.heads.length > 0) {
			this.#onBroken();
			return;
		}
		this.#isComplete = true;
		this.#awake();
	};

	/** busboy was told no charset, so `bytes` holds a byte a character. */
	#onField(name: string | undefined, bytes: string): void {
		const head = this.#takeHead(name, false);
		if (head === null) return;
		if (++this.#fields > this.#plan.limits.fields) {
			this.#fail(failure("ERR_BODY_TOO_LARGE"));
			return;
		}
		const text = decode(bytes, head.charset);
		if (text === null) {
			this.#onBroken();
			return;
		}
		const { contentType } = head;
		this.#push({ kind: "field", name: name as string, text, contentType });
	}

	#onFile(name: string | undefined, bytes: Readable, filename: string): void {
		// busboy destroys an open file with its own error: unheard it would end the process.
		bytes.on("error", () => undefined);
		const head = this.#takeHead(name, true);
		if (head === null) return;
		// It is a file to some parsers, a field to others.
		const isDoubtful = filename === "" && !isOctetStream(head.contentType);
		if (isDoubtful && this.#plan.goesOnAsReceived) {
			this.#onBroken();
			return;
		}
		if (++this.#files > this.#plan.limits.files) {
			this.#fail(failure("ERR_BODY_TOO_LARGE"));
			return;
		}
		const { contentType, encoding } = head;
		this.#push({
			kind: "file",
			name: name as string,
			filename,
			contentType,
			encoding,
			bytes,
		});
	}

	/** The head of the part that busboy tells of; null, and the form is broken, when the two do not agree. */
	#takeHead(name: string | undefined, isFile: boolean): PartHead | null {
		if (this.#failure !== null) return null;
		const head = this.#scanner.heads.shift();
		if (head !== undefined && head.isFile === isFile && name) return head;
		this.#onBroken();
		return null;
	}

	#push(part: FormPart): void {
		this.#parts.push(part);
		this.#awake();
	}

	#awake(): void {
		const wake = this.#wake;
		this.#wake = null;
		wake?.();
	}

	#fail(error: HttpError): void {
		if (this.#failure !== null || this.#isComplete) return;
		this.stop(error);
		this.#onFailure(error);
	}

	#leave(): void {
		const req = this.#req;
		req.off("data", this.#onData);
		req.off("end", this.#onEnd);
		req.off("error", this.#onBroken);
		req.off("close", this.#onBroken);
		if (!req.readableEnded) req.pause();
	}
}

/** busboy's own limits stay off: it calls a file of exactly the limit truncated, and tells of a field only at its end. */
function createParser(): busboy.Busboy {
	const none = Number.POSITIVE_INFINITY;
	return busboy({
		headers: {
			"content-type": `multipart/form-data; boundary=${innerBoundary}`,
		},
		defParamCharset: "utf8",
		defCharset: "latin1",
		limits: { fieldSize: none, fields: none, files: none, parts: none },
	});
}

/** Whether a part of that type is a file to every parser, also without a filename. */
export function isOctetStream(contentType: string | null): boolean {
	const type = parseMediaType(contentType ?? "");
	return type?.essence === "application/octet-stream";
}

function decode(latin1: string, charset: "utf-8" | "latin1"): string | null {
	if (charset === "latin1") return latin1;
	const bytes = Buffer.from(latin1, "latin1");
	return isUtf8(bytes) ? bytes.toString() : null;
}

function toFailure(thrown: unknown): HttpError {
	return thrown instanceof HttpError
		? thrown
		: failure("ERR_BAD_BODY", { cause: thrown });
}
