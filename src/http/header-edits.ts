import { isUtf8 } from "node:buffer";
import { isAmong, isSameName, removeSame } from "./header-list.ts";

/** What only the gateway may say: about its connections, and about where a body ends. */
const framing = [
	"connection",
	"content-length",
	"expect",
	"keep-alive",
	"proxy-connection",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
];
// RFC 9110 section 5.1.
const fieldName = /^[\w!#$%&'*+\-.^`|~]+$/;

/** Headers that routes and policies set or add, in one direction. */
export class HeaderEdits {
	/** The names that are replaced, in lower case. */
	names: string[] = [];
	/** Names and values in turn. */
	lines: string[] = [];

	/** Takes the place of every line of that name; null only takes them away. @throws TypeError for a name that cannot be set. */
	set(name: string, value: string | null): void {
		const key = toKey(name);
		if (!this.names.includes(key)) this.names.push(key);
		if (this.get(key) !== null) this.lines = removeSame(this.lines, [key]);
		if (value !== null) this.lines.push(key, value);
	}

	/** Adds one more line. @throws TypeError for a name that cannot be set. */
	append(name: string, value: string): void {
		this.lines.push(toKey(name), value);
	}

	/** The values that were set or added, joined by commas; null where there is none. `name` is in lower case. */
	get(name: string): string | null {
		let text: string | null = null;
		const { lines } = this;
		for (let i = 0; i < lines.length; i += 2) {
			if (!isSameName(lines[i] as string, name)) continue;
			text =
				text === null ? (lines[i + 1] as string) : `${text}, ${lines[i + 1]}`;
		}
		return text;
	}

	/** A list of its own: that list with these edits. */
	apply(list: readonly string[]): string[] {
		const { names, lines } = this;
		const all = names.length === 0 ? list.slice() : removeSame(list, names);
		for (let i = 0; i < lines.length; i++) all.push(lines[i] as string);
		return all;
	}

	copy(): HeaderEdits {
		const copy = new HeaderEdits();
		copy.names = this.names.slice();
		copy.lines = this.lines.slice();
		return copy;
	}
}

function toKey(name: string): string {
	const key = name.toLowerCase();
	if (fieldName.test(key) && !isAmong(key, framing)) return key;
	throw new TypeError(`the header ${JSON.stringify(name)} cannot be set`);
}

/** Text, or bytes that go out as they are. */
export type HeaderValue = string | Uint8Array;

const ascii = /^[\t\x20-\x7e]*$/;
// RFC 9110 section 5.5. A line break would begin a second header.
const control = /[^\t\x20-\x7e\x80-\uffff]/;
const beyondLatin1 = /[^\0-\xff]/;

/**
 * A header value as it goes out, a character for each byte: what is not ASCII becomes UTF-8. Text that is UTF-8
 * already, a character for each byte, was received so, and keeps its bytes. Null for control characters.
 */
export function toFieldText(value: HeaderValue): string | null {
	if (typeof value !== "string") {
		const { buffer, byteOffset, length } = value;
		const text = Buffer.from(buffer, byteOffset, length).toString("latin1");
		return control.test(text) ? null : text;
	}
	if (ascii.test(value)) return value;
	if (control.test(value)) return null;
	const isReceived =
		!beyondLatin1.test(value) && isUtf8(Buffer.from(value, "latin1"));
	return isReceived ? value : Buffer.from(value).toString("latin1");
}

/** Writes the values of a list that have characters beyond Latin-1 as UTF-8, in place. Returns whether there was one. */
export function encodeWide(list: string[]): boolean {
	let isWide = false;
	for (let i = 1; i < list.length; i += 2) {
		const value = list[i];
		if (typeof value !== "string" || !beyondLatin1.test(value)) continue;
		list[i] = toFieldText(value) ?? value;
		isWide = true;
	}
	return isWide;
}
