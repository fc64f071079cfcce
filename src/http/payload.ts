import { Readable } from "node:stream";
import { types } from "node:util";

/** The body of a reply as it is sent. */
export type Payload = string | Uint8Array | Readable | null;

/** What a handler may return, and `reply` may carry: text, bytes, a stream, or what has a form in JSON. */
export type ReplyValue =
	| string
	| number
	| boolean
	| null
	| { readonly [key: string]: unknown }
	| NoFunctionOrPromise;

/** An object of any class but those that are only given by mistake. */
type NoFunctionOrPromise = object & {
	readonly then?: never;
	readonly [Symbol.hasInstance]?: never;
};

/**
 * Bytes and streams, and the media type that they get where nothing else is said; null for any other value.
 *
 * @throws TypeError for a stream that has been read.
 */
export function toBytes(
	value: unknown,
): [Uint8Array | Readable, string] | null {
	if (typeof value !== "object" || value === null) return null;
	const bytes = "application/octet-stream";
	if (value instanceof Uint8Array) return [value, bytes];
	if (ArrayBuffer.isView(value)) {
		const { buffer, byteOffset, byteLength } = value;
		return [Buffer.from(buffer, byteOffset, byteLength), bytes];
	}
	if (types.isAnyArrayBuffer(value)) return [Buffer.from(value), bytes];
	if (value instanceof Readable) return [value, bytes];
	if (value instanceof ReadableStream) return [fromWeb(value), bytes];
	if (value instanceof Blob)
		return [fromWeb(value.stream()), value.type || bytes];
	if (!(Symbol.asyncIterator in value)) return null;
	// Not in object mode: a piece that is no text or bytes fails the stream.
	const pieces = value as AsyncIterable<Uint8Array | string>;
	return [Readable.from(pieces, { objectMode: false }), bytes];
}

function fromWeb(stream: ReadableStream): Readable {
	return Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]);
}

/**
 * A value as JSON.
 *
 * @throws TypeError for what JSON has no word for, or would write as an empty object: a Map, an Error, a function.
 */
export function toJson(value: unknown): string {
	if (value instanceof Error) {
		throw new TypeError("an Error is thrown, not returned", { cause: value });
	}
	const text: string | undefined =
		typeof value === "bigint" ? undefined : JSON.stringify(value);
	if (text === undefined || (text === "{}" && !isPlain(value as object))) {
		throw new TypeError(`${nameOf(value)} has no form in JSON`);
	}
	return text;
}

/** Whether an empty object in JSON is what was meant. */
function isPlain(value: object): boolean {
	if ("toJSON" in value) return true;
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: unknown): string {
	if (typeof value !== "object" || value === null) return `a ${typeof value}`;
	return `an object of the class ${value.constructor?.name}`;
}

/** A web `Response`, of node or of a package. */
export interface WebResponse {
	readonly status: number;
	readonly headers: Iterable<readonly [string, string]>;
	readonly body: unknown;
	readonly bodyUsed: boolean;
	readonly url: string;
}

/** Whether a value is a web `Response`. */
export function isWebResponse(value: unknown): value is WebResponse {
	return Object.prototype.toString.call(value) === "[object Response]";
}

/** What is about the connection that a response came over. */
const ofConnection = [
	"connection",
	"keep-alive",
	"proxy-connection",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
];
/** `fetch` has decoded the body, and left the headers as they were. */
const ofCoding = ["content-encoding", "content-length"];

/**
 * Status, headers and body of a web `Response`.
 *
 * @throws TypeError where its body has been read.
 */
export function fromWebResponse(response: WebResponse): {
	status: number;
	headers: string[];
	body: Readable | null;
} {
	const { status, body, bodyUsed, url } = response;
	if (bodyUsed) {
		throw new TypeError("the body of the Response has been read");
	}
	const isFetched = url !== "";
	const headers: string[] = [];
	for (const [name, value] of response.headers) {
		if (ofConnection.includes(name)) continue;
		if (isFetched && ofCoding.includes(name)) continue;
		headers.push(name, value);
	}
	return { status, headers, body: (toBytes(body)?.[0] ?? null) as Readable };
}
