import { type ByteReader, WireError } from "./byte-reader.ts";

/** One header line as it stood on the wire, without the white space around the value. */
export type HeaderLine = readonly [name: string, value: string];

/** The head of a message. */
export interface MessageHead {
	readonly startLine: string;
	readonly headers: readonly HeaderLine[];
}

/** How long a body is (RFC 9112 section 6.3). `close` ends with the connection. */
export type Framing =
	| { readonly kind: "none" }
	| { readonly kind: "length"; readonly length: number }
	| { readonly kind: "chunked" }
	| { readonly kind: "close" };

const headerLine =
	/^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)[ \t]*$/;
const chunkLine = /^([0-9A-Fa-f]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;

/** Reads one head, strictly; null when the stream ends before its first byte. */
export async function readMessageHead(
	reader: ByteReader,
): Promise<MessageHead | null> {
	if (reader.available === 0 && !(await reader.fill())) return null;
	const startLine = await reader.line();
	return { startLine, headers: await readHeaderLines(reader) };
}

/** Reads header or trailer lines up to and with the empty one. */
export async function readHeaderLines(
	reader: ByteReader,
): Promise<HeaderLine[]> {
	const headers: HeaderLine[] = [];
	for (;;) {
		const line = await reader.line();
		if (line === "") return headers;
		const match = headerLine.exec(line);
		if (!match)
			throw new WireError("syntax", `header line ${JSON.stringify(line)}`);
		headers.push([match[1] ?? "", match[2] ?? ""]);
	}
}

/** All values of a header, in order; the name in any case. */
export function valuesOf(
	headers: readonly HeaderLine[],
	name: string,
): string[] {
	const wanted = name.toLowerCase();
	return headers
		.filter(([found]) => found.toLowerCase() === wanted)
		.map(([, value]) => value);
}

/**
 * The framing that the headers state, or null when they state none. Raises
 * `syntax` for whatever two parsers may read in two ways: both framings, a
 * second or malformed length, a transfer coding that does not end in one chunked.
 */
export function statedFraming(headers: readonly HeaderLine[]): Framing | null {
	const lengths = valuesOf(headers, "content-length");
	const codings = valuesOf(headers, "transfer-encoding");
	if (lengths.length + codings.length > 1)
		throw new WireError("syntax", "ambiguous framing");
	const [coding] = codings;
	if (coding !== undefined) return toChunked(coding);
	const [length] = lengths;
	return length === undefined ? null : toLength(length);
}

function toChunked(coding: string): Framing {
	if (!/^(?:(?:gzip|deflate|compress), ?)?chunked$/i.test(coding))
		throw new WireError(
			"syntax",
			`transfer-encoding ${JSON.stringify(coding)}`,
		);
	return { kind: "chunked" };
}

function toLength(text: string): Framing {
	const length = Number(text);
	if (!/^\d+$/.test(text) || !Number.isSafeInteger(length))
		throw new WireError("syntax", `content-length ${JSON.stringify(text)}`);
	return { kind: "length", length };
}

/** Reads a body and gives back its trailers. Raises `truncated` when it ends too early. */
export async function readBody(
	reader: ByteReader,
	framing: Framing,
	onPiece: (piece: Buffer) => void,
): Promise<HeaderLine[]> {
	if (framing.kind === "length") await reader.take(framing.length, onPiece);
	if (framing.kind === "close") await reader.rest(onPiece);
	return framing.kind === "chunked" ? readChunks(reader, onPiece) : [];
}

async function readChunks(
	reader: ByteReader,
	onPiece: (piece: Buffer) => void,
): Promise<HeaderLine[]> {
	for (;;) {
		const line = await reader.line();
		const match = chunkLine.exec(line);
		if (!match)
			throw new WireError("syntax", `chunk size ${JSON.stringify(line)}`);
		const size = Number.parseInt(match[1] ?? "", 16);
		if (size === 0) return readHeaderLines(reader);
		await reader.take(size, onPiece);
		if ((await reader.line()) !== "")
			throw new WireError("syntax", "a chunk longer than its size");
	}
}

/** A head as bytes: start line, header lines, empty line. */
export function head(startLine: string, ...headers: string[]): string {
	return `${[startLine, ...headers].join("\r\n")}\r\n\r\n`;
}

/** A body in the chunked coding, one chunk for each piece, with its end. */
export function chunked(...pieces: string[]): string {
	const chunks = pieces.map(
		(piece) =>
			`${Buffer.byteLength(piece, "latin1").toString(16)}\r\n${piece}\r\n`,
	);
	return `${chunks.join("")}0\r\n\r\n`;
}
