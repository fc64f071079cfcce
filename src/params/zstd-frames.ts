const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/**
 * Whether these bytes are frames of zstd, each to its end (RFC 8878 section 3).
 * node 22 takes a frame that is cut short for one that ends there.
 */
export function isWholeZstd(bytes: Buffer): boolean {
	let at = 0;
	do {
		at = frameEnd(bytes, at);
	} while (at > 0 && at < bytes.length);
	return at === bytes.length;
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
