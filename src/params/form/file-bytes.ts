import type { Readable } from "node:stream";
import { failure } from "../../http/errors.ts";

/**
 * The bytes of a file as they come, counted.
 *
 * @throws HttpError 413 over the limit; what made the form break off else.
 */
export async function* countBytes(
	bytes: Readable,
	maxBytes: number,
): AsyncGenerator<Buffer> {
	let count = 0;
	for await (const chunk of bytes as AsyncIterable<Buffer>) {
		count += chunk.length;
		if (count > maxBytes) throw failure("ERR_BODY_TOO_LARGE");
		yield chunk;
	}
}

/** The bytes of a file, whole, under its limit. */
export async function gather(
	bytes: Readable,
	maxBytes: number,
): Promise<Uint8Array> {
	const chunks: Buffer[] = [];
	for await (const chunk of countBytes(bytes, maxBytes)) chunks.push(chunk);
	return Buffer.concat(chunks);
}

/** Reads a file to its end, under its limit, and keeps nothing. */
export async function drop(bytes: Readable, maxBytes: number): Promise<void> {
	for await (const _ of countBytes(bytes, maxBytes)) {
		// Nothing is kept.
	}
}
