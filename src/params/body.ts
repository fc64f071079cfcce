import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { failure } from "../http/errors.ts";
import { decodeZstd } from "../http/zstd-frames.ts";

/** How a declared body is read. */
export interface BodyOptions {
	/** Bytes, counted after decoding as well. */
	readonly maxBytes: number;
	/** Whether content-encodings are decoded; else they are a 415. */
	readonly decode: boolean;
}

/**
 * Refuses a body that its head alone shows to be too large or in an encoding
 * that is not taken, before a byte of it has been asked for.
 *
 * @throws HttpError 413 over the limit, 415 for the encoding.
 */
export function checkBodyHead(
	req: IncomingMessage,
	{ maxBytes, decode }: BodyOptions,
): void {
	const encoding = encodingOf(req);
	if (encoding !== null && !(decode && decoders.has(encoding))) {
		throw failure("ERR_MEDIA_TYPE");
	}
	if (Number(req.headers["content-length"] ?? 0) > maxBytes) {
		throw failure("ERR_BODY_TOO_LARGE");
	}
}

/**
 * The whole body, decoded, under its limit. Its head must have passed
 * {@link checkBodyHead}.
 *
 * @throws HttpError 413 over the limit, 400 for broken encoded bytes or a body that breaks off.
 */
export function readBody(
	req: IncomingMessage,
	{ maxBytes }: BodyOptions,
): Promise<Buffer> {
	const encoding = encodingOf(req) ?? "";
	const decode = decoders.get(encoding) ?? null;
	const read = new Promise<Buffer>((resolve, reject) => {
		const gather = new Gather(req, maxBytes, resolve, reject);
		if (decode === null) gather.start();
		else gather.startDecoding(decode());
	});
	return encoding === "zstd" ? decodeWhole(read, maxBytes) : read;
}

/** By content-encoding; null where the body is decoded when all of it is there. */
const decoders: ReadonlyMap<string, (() => Transform) | null> = new Map([
	["gzip", () => createGunzip()],
	["x-gzip", () => createGunzip()],
	["deflate", () => createInflate()],
	["br", () => createBrotliDecompress()],
	["zstd", null],
]);

async function decodeWhole(
	read: Promise<Buffer>,
	maxBytes: number,
): Promise<Buffer> {
	const bytes = await read;
	try {
		return await decodeZstd(bytes, maxBytes);
	} catch (cause) {
		const isTooLarge =
			(cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
		throw failure(isTooLarge ? "ERR_BODY_TOO_LARGE" : "ERR_BAD_BODY", {
			cause,
		});
	}
}

/** In lower case; null for a body that is not encoded. */
function encodingOf(req: IncomingMessage): string | null {
	const name = req.headers["content-encoding"]?.trim().toLowerCase() ?? "";
	return name === "" || name === "identity" ? null : name;
}

/** Gathers one body; every listener it adds is gone when it is done. */
class Gather {
	readonly #req: IncomingMessage;
	readonly #maxBytes: number;
	readonly #chunks: Buffer[] = [];
	#size = 0;
	#received = 0;
	#decoder: Transform | null = null;
	readonly #resolve: (bytes: Buffer) => void;
	readonly #reject: (error: unknown) => void;

	constructor(
		req: IncomingMessage,
		maxBytes: number,
		resolve: (bytes: Buffer) => void,
		reject: (error: unknown) => void,
	) {
		this.#req = req;
		this.#maxBytes = maxBytes;
		this.#resolve = resolve;
		this.#reject = reject;
	}

	start(): void {
		this.#req.on("data", this.#onChunk);
		this.#req.on("end", this.#onEnd);
		this.#req.on("error", this.#onBroken);
		this.#req.on("close", this.#onBroken);
	}

	startDecoding(decoder: Transform): void {
		this.#decoder = decoder;
		decoder.on("data", this.#onChunk);
		decoder.on("end", this.#onEnd);
		decoder.on("error", this.#onBadEncoding);
		this.#req.on("data", this.#onEncoded);
		this.#req.on("error", this.#onBroken);
		this.#req.on("close", this.#onBroken);
		this.#req.pipe(decoder);
	}

	// The limit holds for what came over the wire too: a decoder may swallow bytes without end and give none.
	readonly #onEncoded = (chunk: Buffer): void => {
		this.#received += chunk.length;
		if (this.#received > this.#maxBytes) this.#refuse();
	};

	readonly #onChunk = (chunk: Buffer): void => {
		this.#size += chunk.length;
		if (this.#size > this.#maxBytes) this.#refuse();
		else this.#chunks.push(chunk);
	};

	readonly #onEnd = (): void => {
		this.#stop();
		const [first] = this.#chunks;
		this.#resolve(
			this.#chunks.length === 1 && first !== undefined
				? first
				: Buffer.concat(this.#chunks, this.#size),
		);
	};

	readonly #onBroken = (cause?: unknown): void => {
		if (this.#req.readableEnded && this.#decoder !== null) return;
		this.#fail(failure("ERR_BAD_BODY", { cause }));
	};

	readonly #onBadEncoding = (cause: unknown): void => {
		this.#fail(failure("ERR_BAD_BODY", { cause }));
	};

	#refuse(): void {
		this.#fail(failure("ERR_BODY_TOO_LARGE"));
	}

	#fail(error: unknown): void {
		this.#stop();
		this.#reject(error);
	}

	#stop(): void {
		const req = this.#req;
		req.off("data", this.#onChunk);
		req.off("data", this.#onEncoded);
		req.off("end", this.#onEnd);
		req.off("error", this.#onBroken);
		req.off("close", this.#onBroken);
		if (this.#decoder !== null) {
			req.unpipe(this.#decoder);
			this.#decoder.off("data", this.#onChunk);
			this.#decoder.off("end", this.#onEnd);
			this.#decoder.destroy();
		}
		if (!req.readableEnded) req.pause();
	}
}
