import { isSameName, removeNames, removeSame } from "./header-list.ts";

/** What kind of header a name is, for a message that passes through. */
const endToEnd = 0;
const hopByHop = 1;
const connection = 2;
const host = 3;
const contentLength = 4;
const transferEncoding = 5;
const upgrade = 6;
const expect = 7;
const forwarding = 8;
const trailer = 9;
const contentType = 10;
const url = 11;
type Kind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11;

const none = -1;
// 0x20 makes an ASCII letter lower case.
const lower = 0x20;

/**
 * The kind of a request header (RFC 9110 section 7.6.1). The first letter and
 * the length rule out nearly every name before one is compared (bench/micro).
 * A spelling that a service may read as one of these names is dropped as hop-by-hop.
 */
function classifyRequest(name: string): Kind {
	const { length } = name;
	switch (name.charCodeAt(0) | lower) {
		case 99: // c
			if (length === 10) return kindOf(name, "connection", connection);
			if (length === 14) return kindOf(name, "content-length", contentLength);
			return length === 12 && isName(name, "content-type")
				? contentType
				: endToEnd;
		case 104: // h
			if (length === 4) return kindOf(name, "host", host);
			return length === 14
				? kindOf(name, "http2-settings", hopByHop)
				: endToEnd;
		case 116: // t
			if (length === 2) return kindOf(name, "te", hopByHop);
			if (length === 7) return kindOf(name, "trailer", trailer);
			return length === 17
				? kindOf(name, "transfer-encoding", transferEncoding)
				: endToEnd;
		case 107: // k
			return length === 10 ? kindOf(name, "keep-alive", hopByHop) : endToEnd;
		case 117: // u
			return length === 7 ? kindOf(name, "upgrade", upgrade) : endToEnd;
		case 101: // e
			return length === 6 ? kindOf(name, "expect", expect) : endToEnd;
		case 112: // p
			return length > 6 && isSameName(name.slice(0, 6), "proxy-")
				? hopByHop
				: endToEnd;
		case 102: // f
			return length === 9 ? kindOf(name, "forwarded", forwarding) : endToEnd;
		case 120: // x
			return classifyX(name);
		default:
			return endToEnd;
	}
}

function kindOf(name: string, lowerCase: string, kind: Kind): Kind {
	if (isName(name, lowerCase)) return kind;
	return isSameName(name, lowerCase) ? hopByHop : endToEnd;
}

const otherThanHyphen = /[^a-zA-Z\d-]/;

function classifyX(name: string): Kind {
	const { length } = name;
	if (length === 9) return kindOf(name, "x-real-ip", forwarding);
	// The third letter rules out most of them.
	if (length < 13 || (name.charCodeAt(2) | lower) !== 102) return endToEnd;
	if (!isSameName(name.slice(0, 12), "x-forwarded-")) return endToEnd;
	return otherThanHyphen.test(name) ? hopByHop : forwarding;
}

function isName(name: string, lowerCase: string): boolean {
	return name === lowerCase || name.toLowerCase() === lowerCase;
}

function isPrefix(name: string, lowerCase: string): boolean {
	return name.slice(0, lowerCase.length).toLowerCase() === lowerCase;
}

/**
 * The head of a request, read in one pass over node's flat list: what goes on
 * (`headers`), and what this hop itself must know.
 */
export class RequestHead {
	/** End-to-end names and values in turn, as received: order, case and duplicates kept. */
	headers: string[];
	/** The Host field; null where there is none. */
	host: string | null;
	hostCount: number;
	/** -1 where there is none. */
	contentLength: number;
	contentTypeCount: number;
	isChunked: boolean;
	/** Whether a transfer coding is named that this hop does not know (RFC 9112 section 6.1). */
	hasUnknownCoding: boolean;
	/** The protocols of an Upgrade field that the Connection field names; null where there is none. */
	upgrade: string | null;
	expectsContinue: boolean;
	/** Whether the client expects something other than `100 Continue`: 417. */
	expectsOther: boolean;
	/** `x-forwarded-*`, `x-real-ip` and `forwarded` lines as received, which only a trusted peer may say; null where there is none. */
	forwarding: string[] | null;

	/** `clientHeader`: one more header that only a trusted peer may say, in lower case. */
	constructor(raw: readonly string[], clientHeader: string | null = null) {
		this.headers = [];
		this.host = null;
		this.hostCount = 0;
		this.contentLength = none;
		this.contentTypeCount = 0;
		this.isChunked = false;
		this.hasUnknownCoding = false;
		this.upgrade = null;
		this.expectsContinue = false;
		this.expectsOther = false;
		this.forwarding = null;
		let nominated: string | null = null;
		let hasUpgrade = false;
		// Nearly all fields go on: a copy that closes up over the few that do not is cheaper than a list that grows.
		const headers = raw.slice();
		let kept = 0;
		for (let i = 0; i < raw.length; i += 2) {
			const name = raw[i] as string;
			const kind = classifyRequest(name);
			if (kind === endToEnd || kind === contentType || kind === contentLength) {
				if (kind === contentLength) this.contentLength = Number(raw[i + 1]);
				else if (kind === contentType) this.contentTypeCount++;
				if (kept !== i) {
					headers[kept] = name;
					headers[kept + 1] = raw[i + 1] as string;
				}
				kept += 2;
				continue;
			}
			const value = raw[i + 1] as string;
			if (kind === connection) {
				nominated = nominated === null ? value : `${nominated},${value}`;
			} else if (kind === upgrade) {
				hasUpgrade = true;
				this.upgrade = value;
			} else {
				this.#readOwn(kind, name, value);
			}
		}
		headers.length = kept;
		this.headers = headers;
		if (clientHeader !== null) this.#separate(clientHeader);
		if (nominated !== null) this.#nominate(nominated);
		else if (hasUpgrade) this.upgrade = null;
	}

	/** Whether a body follows the head. */
	get hasBody(): boolean {
		return this.isChunked || this.contentLength > 0;
	}

	/** Moves the lines of that name to `forwarding`; other spellings of it are dropped. */
	#separate(name: string): void {
		const { headers } = this;
		const rest = removeSame(headers, [name]);
		if (rest.length === headers.length) return;
		this.headers = rest;
		for (let i = 0; i < headers.length; i += 2) {
			if ((headers[i] as string).toLowerCase() !== name) continue;
			this.forwarding ??= [];
			this.forwarding.push(headers[i] as string, headers[i + 1] as string);
		}
	}

	#readOwn(kind: Kind, name: string, value: string): void {
		switch (kind) {
			case host:
				this.host = value;
				this.hostCount++;
				break;
			case transferEncoding:
				if (this.isChunked || value.toLowerCase() !== "chunked") {
					this.hasUnknownCoding = true;
				}
				this.isChunked = true;
				break;
			case expect:
				if (value.toLowerCase() === "100-continue") this.expectsContinue = true;
				else this.expectsOther = true;
				break;
			case forwarding:
				this.forwarding ??= [];
				this.forwarding.push(name, value);
				break;
			default:
				break;
		}
	}

	/** Takes off what the Connection field names (RFC 9110 section 7.6.1), before the gateway adds its own. */
	#nominate(list: string): void {
		if (list === "keep-alive" || list === "close") {
			this.upgrade = null;
			return;
		}
		const names = list.toLowerCase().split(",").map(trim);
		if (!names.includes("upgrade")) this.upgrade = null;
		if (names.every((name) => name === "keep-alive" || name === "close")) {
			return;
		}
		// A framing field cannot be taken away: the body would be read as the next request.
		const drop = new Set(names.filter((name) => name !== "content-length"));
		this.headers = removeNames(this.headers, drop);
	}
}

function trim(text: string): string {
	return text.trim();
}

/** The head of an upstream's answer, read in one pass. */
export class ResponseHead {
	/** End-to-end names and values in turn. */
	readonly headers: string[];
	/** -1 where there is none, or not a single valid one. */
	contentLength: number;
	/** Whether a `trailer` field announces trailers. It is in `headers` too. */
	hasTrailer: boolean;
	/** Whether a transfer coding is named besides one final chunked: where the body ends is then in doubt. */
	hasUnknownCoding: boolean;
	/** The protocol of an Upgrade field; null where there is none. */
	upgrade: string | null;
	/** Whether a field may name the origin of the upstream: Location, Content-Location or Refresh. */
	namesUrl: boolean;

	constructor(raw: readonly (Uint8Array | string)[]) {
		const headers: string[] = [];
		this.headers = headers;
		this.contentLength = none;
		this.hasTrailer = false;
		this.hasUnknownCoding = false;
		this.upgrade = null;
		this.namesUrl = false;
		let isChunked = false;
		let nominated: string | null = null;
		for (let i = 0; i < raw.length; i += 2) {
			const name = toLatin1(raw[i] as Uint8Array | string);
			const value = toLatin1(raw[i + 1] as Uint8Array | string);
			const kind = classifyResponse(name);
			if (kind === endToEnd) {
				headers.push(name, value);
			} else if (kind === contentLength) {
				this.contentLength = Number(value);
				headers.push(name, value);
			} else if (kind === trailer) {
				this.hasTrailer = true;
				headers.push(name, value);
			} else if (kind === url) {
				this.namesUrl = true;
				headers.push(name, value);
			} else if (kind === transferEncoding) {
				if (isChunked || value.toLowerCase() !== "chunked") {
					this.hasUnknownCoding = true;
				}
				isChunked = true;
			} else if (kind === connection) {
				nominated = nominated === null ? value : `${nominated},${value}`;
			} else if (kind === upgrade) this.upgrade = value;
		}
		if (nominated !== null) this.#nominate(nominated);
	}

	#nominate(list: string): void {
		if (list === "keep-alive" || list === "close") return;
		const names = new Set(list.toLowerCase().split(",").map(trim));
		names.delete("content-length");
		const kept = removeNames(this.headers, names);
		this.headers.length = 0;
		for (const part of kept) this.headers.push(part);
	}
}

function classifyResponse(name: string): Kind {
	switch (name.charCodeAt(0) | lower) {
		case 99: // c
			if (name.length === 14 && isName(name, "content-length")) {
				return contentLength;
			}
			if (name.length === 16 && isName(name, "content-location")) return url;
			return name.length === 10 && isName(name, "connection")
				? connection
				: endToEnd;
		case 108: // l
			return name.length === 8 && isName(name, "location") ? url : endToEnd;
		case 114: // r
			return name.length === 7 && isName(name, "refresh") ? url : endToEnd;
		case 107: // k
			return name.length === 10 && isName(name, "keep-alive")
				? hopByHop
				: endToEnd;
		case 112: // p
			return name.length > 6 && isPrefix(name, "proxy-") ? hopByHop : endToEnd;
		case 116: // t
			if (name.length === 7 && isName(name, "trailer")) return trailer;
			if (name.length === 2 && isName(name, "te")) return hopByHop;
			return name.length === 17 && isName(name, "transfer-encoding")
				? transferEncoding
				: endToEnd;
		case 117: // u
			return name.length === 7 && isName(name, "upgrade") ? upgrade : endToEnd;
		default:
			return endToEnd;
	}
}

/** node's decoder without the look-up of an encoding's name: twice as fast on header fields (bench/README.md); not in the types. */
type Bytes = Uint8Array & { latin1Slice(): string };

function toLatin1(bytes: Uint8Array | string): string {
	return typeof bytes === "string" ? bytes : (bytes as Bytes).latin1Slice();
}
