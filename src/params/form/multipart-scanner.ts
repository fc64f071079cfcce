import { randomBytes } from "node:crypto";
import { failure, type HttpError } from "../../http/errors.ts";
import { parseMediaType } from "../../http/media-type.ts";

/** What a part's head says, beyond what busboy tells of it. */
export interface PartHead {
	/** Whether it has a filename or is `application/octet-stream`: the rest are fields. */
	readonly isFile: boolean;
	/** As written; null where there is none. */
	readonly contentType: string | null;
	/** Of a field. */
	readonly charset: "utf-8" | "latin1";
	/** The content-transfer-encoding in lower case. */
	readonly encoding: string;
}

/** Limits that are kept while the bytes pass. */
export interface ScanLimits {
	readonly parts: number;
	readonly fieldBytes: number;
}

/** As node does for a request's head. */
const maxHeadBytes = 16 * 1024;
/** Bytes before the first delimiter, and bytes after the last. Clients that send any send a line. */
const maxOutsideBytes = 64 * 1024;

/**
 * The boundary that busboy is given in place of the client's. It never leaves the
 * process, so nothing that a client sends can be taken for it; and it is as long as
 * a boundary may be, because busboy's search skips ahead by its length: with a
 * short one of the client's a file would cost several times as much.
 */
export const innerBoundary: string = randomBytes(35).toString("hex");
const innerDelimiter = Buffer.from(`\r\n--${innerBoundary}`);

const crlf = Buffer.from("\r\n");
const blankLine = Buffer.from("\r\n\r\n");
const none = Buffer.alloc(0);

/**
 * Reads the frame of a `multipart/form-data` body (RFC 7578, RFC 2046 section
 * 5.1): delimiters and part heads. What it hands on to busboy is the same form
 * without doubt: no preamble, no epilogue, delimiters of our own, and of each
 * head only the lines that count.
 *
 * busboy 1.6 alone is too forgiving to stand in front of another parser. It ends
 * a part at a line that only begins like the delimiter and drops what follows
 * without a word, it skips parts whose head it can not read, it reads on after
 * the closing delimiter as far as the chunk goes, and it tells neither charset
 * nor content-type parameters. Here each of these is a 400 or is told.
 */
export class MultipartScanner {
	/** The heads read so far that nobody has taken yet, in order. */
	readonly heads: PartHead[] = [];
	readonly #delimiter: Buffer;
	readonly #limits: ScanLimits;
	readonly #goesOnAsReceived: boolean;
	#step: (this: MultipartScanner) => boolean = this.#scanPreamble;
	#out: Buffer[] = [];
	// Before the first delimiter no line break is needed: as if one had come.
	#data: Buffer = crlf;
	#at = 0;
	#parts = 0;
	/** A part whose head has not been passed on. */
	#part: ReadPart | null = null;
	/** Whether the last thing that was passed on is a delimiter. */
	#isDelimited = false;
	#isFile = false;
	#partBytes = 0;
	#outsideBytes = 0;

	/** `goesOnAsReceived`: the service gets these bytes, so that what its parser may read in another way is a 400. */
	constructor(boundary: string, limits: ScanLimits, goesOnAsReceived: boolean) {
		this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
		this.#limits = limits;
		this.#goesOnAsReceived = goesOnAsReceived;
	}

	/**
	 * What busboy is to get of that chunk.
	 *
	 * @throws HttpError 400 where the form is broken, 413 over a limit, 415 for a charset or encoding that is not taken.
	 */
	scan(chunk: Buffer): Buffer[] {
		this.#data =
			this.#data.length === 0 ? chunk : Buffer.concat([this.#data, chunk]);
		this.#at = 0;
		this.#out = [];
		while (this.#step()) {
			// Each step takes one piece and says which comes next.
		}
		this.#data =
			this.#at === this.#data.length ? none : this.#data.subarray(this.#at);
		return this.#out;
	}

	#scanPreamble(): boolean {
		const found = this.#data.indexOf(this.#delimiter, this.#at);
		if (found >= 0) return this.#startDelimiter(found + this.#delimiter.length);
		this.#dropOutside(this.#endOfContent());
		return false;
	}

	#dropOutside(end: number): void {
		this.#outsideBytes += end - this.#at;
		if (this.#outsideBytes > maxOutsideBytes) {
			throw failure("ERR_BODY_TOO_LARGE");
		}
		this.#at = end;
	}

	/** What comes after may be the beginning of a delimiter: it waits for the next chunk, and is joined to it. */
	#endOfContent(): number {
		const data = this.#data;
		const { length } = data;
		let at = Math.max(this.#at, length - this.#delimiter.length + 1) - 1;
		do {
			at = data.indexOf(0x0d, at + 1);
			if (at < 0) return length;
		} while (
			!this.#delimiter.subarray(0, length - at).equals(data.subarray(at))
		);
		return at;
	}

	#startDelimiter(end: number): boolean {
		// Behind a part that was left out it stands already.
		if (!this.#isDelimited) this.#out.push(innerDelimiter);
		this.#isDelimited = true;
		this.#at = end;
		this.#step = this.#scanDelimiter;
		return true;
	}

	/** `--` closes the form; spaces and tabs may stand before the line's end. */
	#scanDelimiter(): boolean {
		const data = this.#data;
		let at = this.#at;
		if (data[at] === 0x2d) {
			if (at + 1 === data.length) return false;
			if (data[at + 1] !== 0x2d) throw broken();
			this.#out.push(data.subarray(at, at + 2));
			this.#at = at + 2;
			this.#step = this.#scanClosingLine;
			return true;
		}
		while (data[at] === 0x20 || data[at] === 0x09) at++;
		if (at - this.#at > maxHeadBytes) throw failure("ERR_BODY_TOO_LARGE");
		if (at + 1 >= data.length) {
			if (at < data.length && data[at] !== 0x0d) throw broken();
			return false;
		}
		if (data[at] !== 0x0d || data[at + 1] !== 0x0a) throw broken();
		this.#at = at + 2;
		this.#step = this.#scanHead;
		return true;
	}

	/** A line that goes on after the closing dashes is no closing delimiter: it may stand inside a file. */
	#scanClosingLine(): boolean {
		if (this.#at === this.#data.length) return false;
		const next = this.#data[this.#at];
		if (next !== 0x0d && next !== 0x20 && next !== 0x09) throw broken();
		this.#step = this.#scanEpilogue;
		return true;
	}

	#scanEpilogue(): boolean {
		this.#dropOutside(this.#data.length);
		return false;
	}

	#scanHead(): boolean {
		const end = this.#data.indexOf(blankLine, this.#at);
		const length = (end < 0 ? this.#data.length : end) - this.#at;
		if (length > maxHeadBytes) throw failure("ERR_BODY_TOO_LARGE");
		if (end < 0) return false;
		if (++this.#parts > this.#limits.parts) {
			throw failure("ERR_BODY_TOO_LARGE");
		}
		const lines = readLines(this.#data.toString("latin1", this.#at, end));
		this.#part = readHead(lines);
		this.#at = end + blankLine.length;
		this.#step = this.#scanContentStart;
		return true;
	}

	/**
	 * A part may end with its head: then the delimiter shares the line break (RFC 2046 section 5.1.1). Some parsers read
	 * content there. A file input without a choice is an empty part with an empty filename, and counts as absent.
	 */
	#scanContentStart(): boolean {
		const { head, canonical, isUnnamed } = this.#part as ReadPart;
		const dashes = this.#delimiter.subarray(crlf.length);
		if (this.#at + dashes.length > this.#data.length) return false;
		const isBodiless = this.#startsWith(dashes);
		if (isBodiless && this.#goesOnAsReceived) throw broken();
		const delimiter = isBodiless ? dashes : this.#delimiter;
		const end = this.#at + delimiter.length;
		if (isUnnamed) {
			if (end > this.#data.length) return false;
			if (this.#startsWith(delimiter)) return this.#startDelimiter(end);
		}
		this.heads.push(head);
		this.#out.push(Buffer.from(canonical, "latin1"));
		this.#isDelimited = false;
		this.#isFile = head.isFile;
		this.#partBytes = 0;
		if (isBodiless) return this.#startDelimiter(end);
		this.#step = this.#scanContent;
		return true;
	}

	#startsWith(bytes: Buffer): boolean {
		const end = this.#at + bytes.length;
		return this.#data.subarray(this.#at, end).equals(bytes);
	}

	#scanContent(): boolean {
		const found = this.#data.indexOf(this.#delimiter, this.#at);
		const end = found < 0 ? this.#endOfContent() : found;
		if (end > this.#at) this.#out.push(this.#data.subarray(this.#at, end));
		this.#partBytes += end - this.#at;
		if (!this.#isFile && this.#partBytes > this.#limits.fieldBytes) {
			throw failure("ERR_BODY_TOO_LARGE");
		}
		this.#at = end;
		if (found < 0) return false;
		return this.#startDelimiter(found + this.#delimiter.length);
	}
}

const line = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)$/;
const disposition =
	/^form-data(?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[^"\\]|\\.)*"))*[ \t]*$/i;
const encodings = new Set(["7bit", "8bit", "binary"]);
const charsets = new Map<string, "utf-8" | "latin1">([
	["utf-8", "utf-8"],
	["utf8", "utf-8"],
	["us-ascii", "utf-8"],
	["ascii", "utf-8"],
	["iso-8859-1", "latin1"],
	["latin1", "latin1"],
]);

/** Folded lines, and two lines of one name, are read differently by different parsers: refused. */
function readLines(head: string): ReadonlyMap<string, string> {
	const lines = new Map<string, string>();
	for (const text of head.split("\r\n")) {
		const match = line.exec(text);
		if (match === null) throw broken();
		const name = (match[1] as string).toLowerCase();
		if (lines.has(name)) throw broken();
		lines.set(name, (match[2] as string).trim());
	}
	return lines;
}

interface ReadPart {
	readonly head: PartHead;
	/** As busboy gets it. */
	readonly canonical: string;
	/** Whether it has a filename, which is empty. */
	readonly isUnnamed: boolean;
}

function readHead(lines: ReadonlyMap<string, string>): ReadPart {
	const said = lines.get("content-disposition") ?? "";
	if (!disposition.test(said)) throw broken();
	const contentType = lines.get("content-type") || null;
	const type = parseMediaType(contentType ?? "text/plain");
	if (type === null) throw broken();
	// A form in a form has been out of use since RFC 7578 (section 4.3), but some parsers open it.
	if (type.essence.startsWith("multipart/")) throw failure("ERR_MEDIA_TYPE");
	// Quoted values are left out of the search: `name="x; filename=y"` names no file.
	const bare = said.replaceAll(/"(?:[^"\\]|\\.)*"/g, (quoted) =>
		quoted === '""' ? quoted : '"x"',
	);
	const isFile =
		/;[ \t]*filename\*?=/i.test(bare) ||
		type.essence === "application/octet-stream";
	const isUnnamed =
		/;[ \t]*filename=""/i.test(bare) && !/;[ \t]*filename\*=/i.test(bare);
	const encoding = (
		lines.get("content-transfer-encoding") || "7bit"
	).toLowerCase();
	const charset = charsets.get(
		(type.parameters.get("charset") ?? "utf-8").toLowerCase(),
	);
	if (!encodings.has(encoding) || (!isFile && charset === undefined)) {
		throw failure("ERR_MEDIA_TYPE");
	}
	const head = { isFile, contentType, charset: charset ?? "utf-8", encoding };
	return { head, canonical: toCanonical(said, isFile), isUnnamed };
}

/** Of the type busboy needs to know only what makes a file to it; of the charset nothing, so that it gives the bytes. */
function toCanonical(said: string, isFile: boolean): string {
	const type = isFile ? "application/octet-stream" : "text/plain";
	return `\r\nContent-Disposition: ${said}\r\nContent-Type: ${type}\r\n\r\n`;
}

function broken(): HttpError {
	return failure("ERR_BAD_BODY");
}
