import { isToken } from "./header-list.ts";

/** Why a request went on to the upstream (RFC 9211 section 2.2). */
export type ForwardReason =
	| "bypass"
	| "method"
	| "uri-miss"
	| "vary-miss"
	| "miss"
	| "request"
	| "stale"
	| "partial";

/** How the cache handled a request that went on to the upstream. */
export interface ForwardedFacts {
	readonly forward: ForwardReason;
	/** The status of the upstream's answer, where it is not the one that is sent. */
	readonly forwardStatus?: number | null;
	/** Whether the answer was stored. Default false. */
	readonly stored?: boolean;
	/** Whether it shared another request's call. Default false. */
	readonly collapsed?: boolean;
	/** Default none. */
	readonly detail?: string | null;
}

/** The member of Cache-Status for an answer from the store (RFC 9211 sections 2.1 and 2.4); `ttlSeconds` is negative for a stale one. */
export function hitStatus(
	cacheName: string,
	ttlSeconds: number,
	detail: string | null = null,
): string {
	const member = `${cacheName}; hit; ttl=${toSfInteger(ttlSeconds)}`;
	return detail === null ? member : `${member}; detail=${toSfItem(detail)}`;
}

/** The member of Cache-Status for an answer that took a call to the upstream (RFC 9211 sections 2.2 to 2.8). */
export function forwardStatus(
	cacheName: string,
	facts: ForwardedFacts,
): string {
	let member = `${cacheName}; fwd=${facts.forward}`;
	if (typeof facts.forwardStatus === "number") {
		member += `; fwd-status=${facts.forwardStatus}`;
	}
	if (facts.stored === true) member += "; stored";
	if (facts.collapsed === true) member += "; collapsed";
	if (typeof facts.detail === "string") {
		member += `; detail=${toSfItem(facts.detail)}`;
	}
	return member;
}

// An integer of a structured field has at most 15 digits (RFC 8941 section 3.3.1).
const maxInteger = 999_999_999_999_999;

function toSfInteger(value: number): number {
	// `+ 0` makes -0 a plain 0.
	return Math.max(-maxInteger, Math.min(maxInteger, Math.floor(value))) + 0;
}

/** A token where the text is one (RFC 8941 section 3.3.4), a string otherwise; what no string may hold becomes `?`. */
function toSfItem(text: string): string {
	const first = text.charCodeAt(0) | 0x20;
	if (first >= 0x61 && first <= 0x7a && isToken(text)) return text;
	let quoted = '"';
	for (let i = 0; i < text.length; i += 1) {
		const code = text.charCodeAt(i);
		if (code === 0x22 || code === 0x5c) quoted += "\\";
		quoted += code < 0x20 || code > 0x7e ? "?" : text.charAt(i);
	}
	return `${quoted}"`;
}
