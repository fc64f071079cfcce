import { type HeaderList, hasHeader, headerValues } from "./header-list.ts";
import { type ByteRange, contentRangeOf } from "./range.ts";
import { withoutHeaders } from "./stored-headers.ts";

/** What a client that sent If-Range has already: it describes the representation, not the part. */
const ofRepresentation: readonly string[] = [
	"accept-ranges",
	"content-digest",
	"content-encoding",
	"content-language",
	"content-md5",
	"content-type",
	"digest",
	"last-modified",
	"repr-digest",
];

/** Digests of a whole content that no part has. */
const ofWholeContent: readonly string[] = ["content-digest", "content-md5"];

/** A part's body and what its head says of it beside the stored headers. */
export interface PartialContent {
	/** Names and values in turn: Content-Range for one part, Content-Type for several. */
	readonly headers: string[];
	/** The body, piece by piece: views on the stored bytes, not copies. */
	readonly pieces: readonly Uint8Array[];
	/** Bytes in all pieces together. */
	readonly length: number;
}

/**
 * The stored headers that a 206 carries (RFC 9110 section 15.3.7): all of them, or, to a request with If-Range, those
 * that do not describe the representation. A stored Content-Type stays for one part without If-Range only.
 */
export function headersOf206(
	storedHeaders: HeaderList,
	requestHeaders: HeaderList,
	partCount: number,
): string[] {
	const left = hasHeader(requestHeaders, "if-range")
		? ofRepresentation.filter(
				(name) => name !== "last-modified" || hasHeader(storedHeaders, "etag"),
			)
		: ofWholeContent;
	return withoutHeaders(
		storedHeaders,
		partCount > 1 ? [...left, "content-type"] : left,
	);
}

/**
 * The body of a 206: the one stretch with its Content-Range, or `multipart/byteranges` for several (RFC 9110 section
 * 14.6), each with its own Content-Range and the stored Content-Type. `boundary` is a random token of at most 70
 * characters that the body can't be expected to hold.
 */
export function partialContent(
	ranges: readonly ByteRange[],
	body: Uint8Array,
	storedHeaders: HeaderList,
	boundary: string,
): PartialContent {
	const [first] = ranges;
	if (first !== undefined && ranges.length === 1) {
		return {
			headers: ["content-range", contentRangeOf(first, body.length)],
			pieces: [body.subarray(first.start, first.end)],
			length: first.end - first.start,
		};
	}
	return multipart(ranges, body, storedHeaders, boundary);
}

function multipart(
	ranges: readonly ByteRange[],
	body: Uint8Array,
	storedHeaders: HeaderList,
	boundary: string,
): PartialContent {
	const type = headerValues(storedHeaders, "content-type")[0];
	const typeLine = type === undefined ? "" : `Content-Type: ${type}\r\n`;
	const pieces: Uint8Array[] = [];
	for (const range of ranges) {
		const head = `\r\n--${boundary}\r\n${typeLine}Content-Range: ${contentRangeOf(range, body.length)}\r\n\r\n`;
		// Header values are bytes, one a character.
		pieces.push(Buffer.from(head, "latin1"));
		pieces.push(body.subarray(range.start, range.end));
	}
	pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`, "latin1"));
	return {
		headers: ["content-type", `multipart/byteranges; boundary=${boundary}`],
		pieces,
		length: pieces.reduce((sum, piece) => sum + piece.length, 0),
	};
}
