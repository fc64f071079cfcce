import { promisify } from "node:util";
import zlib from "node:zlib";

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/** Each costs a decoder of its own, however little is in it. */
const maxFrames = 256;

const decompress = promisify(zlib.zstdDecompress);

/**
 * The bytes that zstd frames hold, put together (RFC 8878 section 3). Each frame
 * is decoded by itself: node 22 takes a frame that is cut short for one that ends
 * there, and drops what comes behind the first of several.
 *
 * @throws RangeError ERR_BUFFER_TOO_LARGE over the limit, Error for what is cut short, broken or more than 256 frames.
 */
export async function decodeZstd(
	bytes: Buffer,
	maxBytes: number,
): Promise<Buffer> {
	const output = new Output(maxBytes);
	for (const frame of splitFrames(bytes)) {
		output.add(await decompress(frame, output.limit));
	}
	return output.join();
}

/** The same at once. */
export function decodeZstdSync(bytes: Buffer, maxBytes: number): Buffer {
	const output = new Output(maxBytes);
	for (const frame of splitFrames(bytes)) {
		output.add(zlib.zstdDecompressSync(frame, output.limit));
	}
	return output.join();
}

/** What frames have given so far. */
class Output {
	readonly #parts: Buffer[] = [];
	#left: number;

	constructor(maxBytes: number) {
		this.#left = maxBytes;
	}

	/** For the next frame. node takes no limit of 0, so that `add` has to look too. */
	get limit(): { maxOutputLength: number } {
		return { maxOutputLength: Math.max(this.#left, 1) };
	}

	add(part: Buffer): void {
		this.#left -= part.length;
		if (this.#left < 0) {
			const error = new RangeError("more than the frames may hold");
			throw Object.assign(error, { code: "ERR_BUFFER_TOO_LARGE" });
		}
		this.#parts.push(part);
	}

	join(): Buffer {
		const [first] = this.#parts;
		return this.#parts.length === 1 && first !== undefined
			? first
			: Buffer.concat(this.#parts);
	}
}

/** The frames with something in them, whole each. */
function splitFrames(bytes: Buffer): Buffer[] {
	const frames: Buffer[] = [];
	let at = 0;
	do {
		const end = frameEnd(bytes, at);
		if (end < 0) throw new Error("a zstd frame is cut short, or is none");
		if (bytes.readUInt32LE(at) === frameMagic) {
			frames.push(bytes.subarray(at, end));
		}
		at = end;
	} while (at < bytes.length && frames.length <= maxFrames);
	if (frames.length > maxFrames) throw new Error("too many zstd frames");
	return frames;
}

/** Where the frame ends that begins there; -1 where it is cut short or none. */
function frameEnd(bytes: Buffer, start: number): number {
	if (start + 5 > bytes.length) return -1;
	const magic = bytes.readUInt32LE(start);
	if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
		if (start + 8 > bytes.length) return -1;
		return within(bytes, start + 8 + bytes.readUInt32LE(start + 4));
	}
	if (magic !== frameMagic) return -1;
	const descriptor = bytes[start + 4] as number;
	const checksumBytes = (descriptor & 0b100) === 0 ? 0 : 4;
	const last = blocksEnd(bytes, start + 5 + headerBytes(descriptor));
	return last < 0 ? -1 : within(bytes, last + checksumBytes);
}

/** What follows the descriptor: window, dictionary and content size (section 3.1.1.1). */
function headerBytes(descriptor: number): number {
	const isSingleSegment = (descriptor & 0b10_0000) !== 0;
	const dictionaryBytes = [0, 1, 2, 4][descriptor & 0b11] as number;
	const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][
		descriptor >> 6
	] as number;
	return (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
}

/** Where the last block ends (section 3.1.1.2); a block of one repeated byte carries that byte alone. */
function blocksEnd(bytes: Buffer, start: number): number {
	let at = start;
	for (;;) {
		if (at + 3 > bytes.length) return -1;
		const header = bytes.readUIntLE(at, 3);
		const isRepeated = ((header >> 1) & 0b11) === 1;
		at += 3 + (isRepeated ? 1 : header >> 3);
		if ((header & 1) === 1) return at;
	}
}

function within(bytes: Buffer, end: number): number {
	return end <= bytes.length ? end : -1;
}
