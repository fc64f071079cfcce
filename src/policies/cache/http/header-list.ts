/** Header lines as the core hands them around: names and values in turn, names in any case, repeated or not. */
export type HeaderList = readonly string[];

/** Whether a header's name is this one, which is given in lower case. */
export function isHeaderName(name: string, lowerCase: string): boolean {
	return name.length === lowerCase.length && name.toLowerCase() === lowerCase;
}

/** Every value of that header, one a line, in the order they came. The name is given in lower case. */
export function headerValues(headers: HeaderList, lowerCase: string): string[] {
	const values: string[] = [];
	for (let i = 0; i + 1 < headers.length; i += 2) {
		if (isHeaderName(headers[i] as string, lowerCase)) {
			values.push(headers[i + 1] as string);
		}
	}
	return values;
}

/** Its lines combined into one value (RFC 9110 section 5.3); null when it is absent. */
export function headerValue(
	headers: HeaderList,
	lowerCase: string,
): string | null {
	let combined: string | null = null;
	for (let i = 0; i + 1 < headers.length; i += 2) {
		if (!isHeaderName(headers[i] as string, lowerCase)) continue;
		const value = headers[i + 1] as string;
		combined = combined === null ? value : `${combined}, ${value}`;
	}
	return combined;
}

/** Whether that header is there, be it empty. */
export function hasHeader(headers: HeaderList, lowerCase: string): boolean {
	for (let i = 0; i + 1 < headers.length; i += 2) {
		if (isHeaderName(headers[i] as string, lowerCase)) return true;
	}
	return false;
}

/**
 * The members of a comma-separated value (RFC 9110 section 5.6.1), trimmed, empty ones left out. A comma inside a
 * quoted string does not separate. A quote that stands inside a word, is never closed or closes inside one opens no quoted
 * string, so that it hides nothing behind it.
 */
export function listMembers(value: string): string[] {
	const members: string[] = [];
	let start = 0;
	let i = 0;
	while (i < value.length) {
		const code = value.charCodeAt(i);
		if (code === 0x22) {
			i = quotedEnd(value, i);
			continue;
		}
		if (code === 0x2c) {
			addMember(members, value.slice(start, i));
			start = i + 1;
		}
		i += 1;
	}
	addMember(members, value.slice(start));
	return members;
}

/**
 * The place after the quoted string that opens there; after the quote alone where it opens none. What stands before
 * it is looked at first: then no stretch is searched twice for its end, however many quotes there are.
 */
function quotedEnd(value: string, open: number): number {
	const isOpened = open === 0 || "=,/ \t".includes(value.charAt(open - 1));
	if (!isOpened) return open + 1;
	const end = closingQuote(value, open);
	const isClosed = end > 0 && ",; \t".includes(value.charAt(end + 1));
	return isClosed ? end + 1 : open + 1;
}

function addMember(members: string[], text: string): void {
	const trimmed = trimSpace(text);
	if (trimmed !== "") members.push(trimmed);
}

/** Where the quoted string that opens at `open` closes; -1 when it never does. */
export function closingQuote(text: string, open: number): number {
	for (let i = open + 1; i < text.length; i += 1) {
		const code = text.charCodeAt(i);
		if (code === 0x22) return i;
		if (code === 0x5c) i += 1;
	}
	return -1;
}

/** Without the spaces and tabs around it: optional white space, and no other (RFC 9110 section 5.6.3). */
export function trimSpace(text: string): string {
	let start = 0;
	let end = text.length;
	while (start < end && isSpace(text.charCodeAt(start))) start += 1;
	while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
	return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isSpace(code: number): boolean {
	return code === 0x20 || code === 0x09;
}

/** How many characters of a token (RFC 9110 section 5.6.2) stand at the start of the text. */
export function tokenLength(text: string): number {
	let i = 0;
	while (i < text.length && isTokenCode(text.charCodeAt(i))) i += 1;
	return i;
}

/** Whether the whole text is one token, as a header's name must be. */
export function isToken(text: string): boolean {
	return text !== "" && tokenLength(text) === text.length;
}

function isTokenCode(code: number): boolean {
	if (code >= 0x61 && code <= 0x7a) return true;
	if (code >= 0x41 && code <= 0x5a) return true;
	if (code >= 0x30 && code <= 0x39) return true;
	return code < 0x7f && tokenMarks.includes(String.fromCharCode(code));
}

const tokenMarks = "!#$%&'*+-.^_`|~";

/** A number written in digits alone; null for anything else, and for no digits at all. Beyond 15 digits: Infinity. */
export function parseDigits(text: string): number | null {
	if (text === "") return null;
	let start = 0;
	for (let i = 0; i < text.length; i += 1) {
		const code = text.charCodeAt(i);
		if (code < 0x30 || code > 0x39) return null;
		if (start === i && code === 0x30) start += 1;
	}
	return text.length - start > 15 ? Number.POSITIVE_INFINITY : Number(text);
}
