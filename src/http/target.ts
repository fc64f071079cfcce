import { failure } from "./errors.ts";

/**
 * The request target in origin form (RFC 9112 section 3.2). Absolute-form is
 * taken only when its authority is the Host field's; nothing is normalised, so
 * that what goes on is what came in.
 *
 * @throws HttpError 400 for any other form, and for an authority that disagrees.
 */
export function toOriginForm(target: string, host: string | null): string {
	if (target.charCodeAt(0) === 47) return target;
	const match = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
	if (match === null) throw failure("ERR_BAD_REQUEST");
	const [, authority, rest] = match as unknown as [string, string, string];
	if (authority.toLowerCase() !== (host ?? "").toLowerCase()) {
		throw failure("ERR_BAD_REQUEST");
	}
	return rest.startsWith("/") ? rest : `/${rest}`;
}

// RFC 3986 section 3.2.2: a name, an IPv4 address or an IPv6 literal, and a port. No user information, no path.
const host = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-fA-F:.]+\])(?::\d{0,5})?$/;

/** Whether a text is what a Host field may say, which may be nothing. */
export function isHost(text: string): boolean {
	return host.test(text);
}

/** The length of the path in an origin-form target: where `?` begins, else the whole. */
export function pathLength(target: string): number {
	const query = target.indexOf("?");
	return query < 0 ? target.length : query;
}

// What makes a closer look necessary. A path without any of these can not resolve to another one.
const suspicious = /[%\\#]|\/\.|[^\x21-\x7e]/;
const controlOrSpace = /[^\x21-\x7e\x80-\xff]/;
const badPercent = /%(?![0-9A-Fa-f]{2})/;
const encodedNul = /%(?:25)*(?:00|c0%(?:25)*80)/i;

/**
 * Refuses paths that could resolve to another one further on: dot segments in
 * any encoding, backslashes, control bytes, broken percent-encodings
 * (RFC 3986 sections 2.1, 3.3 and 5.2.4). `a..b` and `[...slug]` pass. A
 * fragment is refused too: it has no place in a request target (RFC 9112 section
 * 3.2), some services cut it off, others read it as part of the last value.
 *
 * @returns whether the path is UTF-8 once it is decoded. One that is not may go
 * on byte for byte, but no value can be taken out of it.
 * @throws HttpError 400 `ERR_BAD_PATH`; `ERR_BAD_REQUEST` for a fragment behind a query.
 */
export function checkPath(target: string, length: number): boolean {
	if (length < target.length && target.includes("#", length)) {
		throw failure("ERR_BAD_REQUEST");
	}
	const path = length === target.length ? target : target.slice(0, length);
	if (!suspicious.test(path)) return true;
	if (isTricky(path)) throw failure("ERR_BAD_PATH");
	return isUtf8(path);
}

/** The target with what is no UTF-8 left encoded by a router that decodes it. */
export function escapeUndecodable(target: string): string {
	return target.replaceAll(/%(?=[89a-fA-F])/g, "%25");
}

function isTricky(path: string): boolean {
	if (path.includes("\\") || path.includes("#")) return true;
	if (controlOrSpace.test(path) || badPercent.test(path)) return true;
	if (encodedNul.test(path)) return true;
	// A further decoder may read %2f and %5c as separators: dots between those count as well.
	const decoded = decodeDots(path);
	return /(?:^|[/\\])\.\.?(?:[/\\;]|$)/.test(decoded);
}

// The longer forms are no UTF-8 (RFC 3629 section 3); lenient decoders take them for the same characters all the same.
const encodedDot = /%(?:2e|(?:c0|e0%80|f0%80%80)%ae)/gi;
const encodedSlash = /%(?:2f|(?:c0|e0%80|f0%80%80)%af)/gi;
const encodedBackslash = /%(?:5c|(?:c1|e0%81|f0%80%81)%9c)/gi;

const encodedSemicolon = /%(?:3b|(?:c0|e0%80|f0%80%80)%bb)/gi;

/** Dots and separators decoded, as often as they are encoded: `%252e` is a dot to whoever decodes twice. */
function decodeDots(path: string): string {
	let text = path;
	for (let round = 0; round < 4; round++) {
		const next = text
			.replaceAll(encodedDot, ".")
			.replaceAll(encodedSlash, "/")
			.replaceAll(encodedBackslash, "\\")
			.replaceAll(encodedSemicolon, ";")
			.replaceAll(/%25/g, "%");
		if (next === text) return text;
		text = next;
	}
	return text;
}

function isUtf8(path: string): boolean {
	try {
		decodeURIComponent(path);
		return true;
	} catch {
		return false;
	}
}
