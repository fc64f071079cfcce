import { errors } from "undici";

/** Takes what a {@link ResponseParser} reads. A method may stop the parser: then nothing follows. */
export interface ResponseSink {
	/** A head, final or interim: names and values in turn. */
	onHead(status: number, headers: string[], reason: string): void;
	/** Bytes of the body, which are valid only during the call. */
	onBody(bytes: Buffer, start: number, end: number): void;
	/** The response is complete. The parser may `expect` the next one from here. */
	onEnd(trailers: string[] | null): void;
}

/** A response that was rejected. It has the name of undici's own parser errors, so that one table serves both. */
export class ResponseSyntaxError extends Error {
	override readonly name = "HTTPParserError";
}

const idle = 0;
const head = 1;
const sized = 2;
const untilClose = 3;
const chunkSize = 4;
const chunkData = 5;
const chunkEnd = 6;
const trailers = 7;
/** All has been read. The sink is told as soon as it is not paused. */
const complete = 8;
type State = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Of one head, and of all interim heads in front of a response together. */
const maxHeadBytes = 64 * 1024;
const maxChunkLineBytes = 4 * 1024;
const maxTrailerBytes = 16 * 1024;
/** Nearly every head is shorter. A longer one is decoded twice. */
const usualHeadBytes = 2 * 1024;

/** Characters of a token (RFC 9110 section 5.6.2), by code. */
const isToken = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
	isToken[char.charCodeAt(0)] = 1;
}

/** A chunk size and its extensions (RFC 9112 section 7.1.1). */
const chunkLine =
	/^([\da-f]{1,8})(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"[\t !#-[\]-~\x80-\xff]*"))?)*$/i;

const noBytes = Buffer.alloc(0);

type Latin1 = Buffer & { latin1Slice(start: number, end: number): string };

/**
 * Reads the HTTP/1 responses of one connection.
 *
 * It is stricter than llhttp, because it reads what a service sends to a client that
 * trusts the gateway. It rejects a bare CR or LF, a status line other than
 * `HTTP/1.x NNN`, names that are no tokens, control characters, two framings, two
 * lengths, a length of more than 15 digits, a transfer coding other than `chunked`
 * and a chunk size of more than 8 digits (RFC 9112). test/security/fuzz compares it
 * with undici's parser.
 */
export class ResponseParser {
	/** Whether the connection can carry another request after this response. */
	keepAlive = true;
	/** Whether the sink is called no more until `resume`. */
	isPaused = false;
	/** The `timeout` of a Keep-Alive field in milliseconds; -1 where there is none. */
	keepAliveMs = -1;
	readonly #sink: ResponseSink;
	#state: State = idle;
	/** The beginning of a head, chunk line or trailer section that is not complete yet. */
	#kept: Buffer | null = null;
	/** Bytes that are still to come of the body or chunk. */
	#left = 0;
	#isHeadRequest = false;
	#interimBytes = 0;
	#trailers: string[] | null = null;

	constructor(sink: ResponseSink) {
		this.#sink = sink;
	}

	/** A request has been sent: its response comes next. */
	expect(isHeadRequest: boolean): void {
		this.#state = head;
		this.#isHeadRequest = isHeadRequest;
		this.#interimBytes = 0;
		this.#trailers = null;
		this.keepAlive = true;
		this.keepAliveMs = -1;
		this.isPaused = false;
	}

	/** Reads nothing more of this response. */
	stop(): void {
		this.#state = idle;
		this.#kept = null;
	}

	/** Whether the end of the connection ends the body. */
	get endsWithConnection(): boolean {
		return this.#state === untilClose;
	}

	/** The connection has ended, which ends the body. */
	end(): void {
		this.keepAlive = false;
		this.#state = complete;
		this.resume();
	}

	/** Goes on with what has been read. Throws as {@link read} does. */
	resume(): void {
		this.isPaused = false;
		if (this.#kept !== null || this.#state === complete) this.read(noBytes, 0);
	}

	/**
	 * Reads the first `count` bytes.
	 *
	 * @throws ResponseSyntaxError, or undici's HeadersOverflowError for a head over 64 KiB.
	 */
	read(bytes: Buffer, count: number): void {
		let buffer = bytes;
		let end = count;
		if (this.#kept !== null) {
			buffer = Buffer.concat([this.#kept, bytes.subarray(0, count)]);
			end = buffer.length;
			this.#kept = null;
		}
		let at = 0;
		while (at < end || this.#state === complete) {
			if (this.isPaused) {
				if (at < end) this.#keep(buffer, at, end);
				return;
			}
			switch (this.#state) {
				case head:
					at = this.#readHead(buffer, at, end);
					break;
				case sized:
				case chunkData:
					at = this.#readData(buffer, at, end);
					break;
				case untilClose:
					this.#sink.onBody(buffer, at, end);
					at = end;
					break;
				case complete:
					this.#state = idle;
					// The response stands. Whatever comes behind it is no response to anything.
					if (at < end) this.keepAlive = false;
					this.#sink.onEnd(this.#trailers);
					return;
				case chunkSize:
					at = this.#readChunkSize(buffer, at, end);
					break;
				case chunkEnd:
					at = this.#readChunkEnd(buffer, at, end);
					break;
				case trailers:
					at = this.#readTrailers(buffer, at, end);
					break;
				default:
					return;
			}
		}
	}

	/** Keeps the rest until more comes. Returns where the reading goes on: at the end. */
	#keep(buffer: Buffer, at: number, end: number): number {
		this.#kept = Buffer.from(buffer.subarray(at, end));
		return end;
	}

	#readHead(buffer: Buffer, at: number, end: number): number {
		let text = latin1(buffer, at, Math.min(end, at + usualHeadBytes));
		let blank = text.indexOf("\r\n\r\n");
		if (blank < 0 && end - at > usualHeadBytes) {
			text = latin1(buffer, at, Math.min(end, at + maxHeadBytes));
			blank = text.indexOf("\r\n\r\n");
		}
		if (blank < 0) {
			if (end - at >= maxHeadBytes) throw new errors.HeadersOverflowError();
			if (/(?:^|[^\r])\n|\r[^\n]/.test(text)) fail("a bare CR or LF");
			return this.#keep(buffer, at, end);
		}
		this.#parseHead(text, blank + 2);
		return at + blank + 4;
	}

	/** Parses a status line and fields, each with its CRLF, up to `end`. */
	#parseHead(text: string, end: number): void {
		const status = readStatus(text);
		const isOld = text.charCodeAt(7) === 48;
		let at = text.indexOf("\r\n");
		checkText(text, 13, at);
		const reason = text.slice(Math.min(13, at), at);
		at += 2;
		const headers: string[] = [];
		let length = -1;
		let isChunked = false;
		let closes = false;
		let keeps = !isOld;
		while (at < end) {
			let nameEnd = at;
			while (isToken[text.charCodeAt(nameEnd)] === 1) nameEnd++;
			if (nameEnd === at || text.charCodeAt(nameEnd) !== 58) {
				fail("a field name that is no token");
			}
			const lineEnd = text.indexOf("\r\n", nameEnd);
			let from = nameEnd + 1;
			let to = lineEnd;
			while (from < to && isBlank(text.charCodeAt(from))) from++;
			while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
			checkText(text, from, to);
			const name = text.slice(at, nameEnd);
			const value = text.slice(from, to);
			headers.push(name, value);
			at = lineEnd + 2;
			switch (name.length) {
				case 10:
					if (isNamed(name, "connection")) {
						const options = value.toLowerCase().split(/[ \t,]+/);
						if (options.includes("close")) closes = true;
						if (options.includes("keep-alive")) keeps = true;
					} else if (isNamed(name, "keep-alive")) {
						const seconds = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(value)?.[1];
						if (seconds !== undefined) this.keepAliveMs = +seconds * 1_000;
					}
					break;
				case 14:
					if (!isNamed(name, "content-length")) break;
					if (length >= 0) fail("two content-length fields");
					// undici and llhttp disagree about blanks behind it.
					if (to !== lineEnd) fail("no proper content-length");
					if (!/^\d{1,15}$/.test(value)) fail("no proper content-length");
					length = Number(value);
					break;
				case 17:
					if (!isNamed(name, "transfer-encoding")) break;
					if (isChunked || to !== lineEnd || !isNamed(value, "chunked")) {
						fail("a transfer-encoding other than chunked");
					}
					isChunked = true;
					break;
				default:
			}
		}
		if (isChunked && length >= 0) fail("a length and a transfer-encoding");
		if (status < 200) this.#countInterim(status, end);
		else {
			this.keepAlive = keeps && !closes;
			this.#beginBody(status, length, isChunked);
		}
		this.#sink.onHead(status, headers, reason);
	}

	/** An interim head: another one follows (RFC 9110 section 15.2). */
	#countInterim(status: number, bytes: number): void {
		if (status === 101) fail("a switch of protocols without a request for it");
		this.#interimBytes += bytes;
		if (this.#interimBytes > maxHeadBytes) {
			throw new errors.HeadersOverflowError();
		}
	}

	/** How the end of the body is found (RFC 9112 section 6.3). */
	#beginBody(status: number, length: number, isChunked: boolean): void {
		const isEmpty = this.#isHeadRequest || status === 204 || status === 304;
		if (isEmpty || length === 0) this.#state = complete;
		else if (length > 0) {
			this.#state = sized;
			this.#left = length;
		} else if (isChunked) this.#state = chunkSize;
		else {
			this.#state = untilClose;
			this.keepAlive = false;
		}
	}

	/** Bytes of a body with a length, or of one chunk. */
	#readData(buffer: Buffer, at: number, end: number): number {
		const next = Math.min(end, at + this.#left);
		this.#left -= next - at;
		if (this.#left === 0) {
			this.#state = this.#state === sized ? complete : chunkEnd;
		}
		this.#sink.onBody(buffer, at, next);
		return next;
	}

	#readChunkSize(buffer: Buffer, at: number, end: number): number {
		const lineEnd = buffer.indexOf(10, at);
		if (lineEnd < 0 || lineEnd >= end) {
			if (end - at > maxChunkLineBytes) fail("too long a chunk line");
			return this.#keep(buffer, at, end);
		}
		const line = latin1(buffer, at, lineEnd);
		if (line.charCodeAt(line.length - 1) !== 13) fail("a bare LF");
		const size = chunkLine.exec(line.slice(0, -1))?.[1];
		if (size === undefined) fail("no proper chunk size");
		this.#left = Number.parseInt(size, 16);
		this.#state = this.#left === 0 ? trailers : chunkData;
		return lineEnd + 1;
	}

	#readChunkEnd(buffer: Buffer, at: number, end: number): number {
		if (end - at < 2 && buffer[at] === 13) return this.#keep(buffer, at, end);
		if (buffer[at] !== 13 || buffer[at + 1] !== 10) {
			fail("a chunk longer than its size");
		}
		this.#state = chunkSize;
		return at + 2;
	}

	#readTrailers(buffer: Buffer, at: number, end: number): number {
		const text = latin1(buffer, at, Math.min(end, at + maxTrailerBytes));
		const isNone = text.startsWith("\r\n");
		const blank = isNone ? -2 : text.indexOf("\r\n\r\n");
		if (blank === -1) {
			if (end - at >= maxTrailerBytes) fail("too long trailers");
			if (/(?:^|[^\r])\n|\r[^\n]/.test(text)) fail("a bare CR or LF");
			return this.#keep(buffer, at, end);
		}
		if (!isNone) this.#trailers = parseFields(text, blank + 2);
		this.#state = complete;
		return at + blank + 4;
	}
}

function fail(what: string): never {
	throw new ResponseSyntaxError(`the response has ${what}`);
}

function latin1(buffer: Buffer, start: number, end: number): string {
	return (buffer as Latin1).latin1Slice(start, end);
}

function isBlank(code: number): boolean {
	return code === 32 || code === 9;
}

function isNamed(name: string, lowerCase: string): boolean {
	return name === lowerCase || name.toLowerCase() === lowerCase;
}

/** No control characters but tabs (RFC 9110 section 5.5). A bare CR or LF is one. */
function checkText(text: string, from: number, to: number): void {
	for (let i = from; i < to; i++) {
		const code = text.charCodeAt(i);
		if ((code < 32 && code !== 9) || code === 127) fail("a control character");
	}
}

/** `HTTP/1.0` or `HTTP/1.1`, a space, three digits, a space and a reason. */
function readStatus(text: string): number {
	const minor = text.charCodeAt(7);
	if (!text.startsWith("HTTP/1.") || (minor !== 48 && minor !== 49)) {
		fail("another version than HTTP/1.0 or HTTP/1.1");
	}
	const first = text.charCodeAt(9) - 48;
	const second = text.charCodeAt(10) - 48;
	const third = text.charCodeAt(11) - 48;
	const isNumber = first > 0 && first < 10 && isDigit(second) && isDigit(third);
	// Many services leave the space out where they leave the reason out.
	const isEnded = text.charCodeAt(12) === 32 || text.startsWith("\r\n", 12);
	if (!isNumber || text.charCodeAt(8) !== 32 || !isEnded) {
		fail("no proper status line");
	}
	return first * 100 + second * 10 + third;
}

function isDigit(value: number): boolean {
	return value >= 0 && value < 10;
}

/** Fields that say where a message ends: behind a body they say nothing (RFC 9110 section 6.5.1). */
const framing =
	/^(?:content-length|transfer-encoding|connection|proxy-connection|upgrade) *:/i;

/** Trailer fields, each with its CRLF, up to `end`. */
function parseFields(text: string, end: number): string[] {
	const fields: string[] = [];
	for (const line of text.slice(0, end - 2).split("\r\n")) {
		const colon = line.indexOf(":");
		if (!/^[\w!#$%&'*+.^`|~-]+$/.test(line.slice(0, Math.max(0, colon)))) {
			fail("a field name that is no token");
		}
		checkText(line, colon, line.length);
		if (framing.test(line)) continue;
		const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
		fields.push(line.slice(0, colon), value);
	}
	return fields;
}
