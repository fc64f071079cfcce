/** The trace that a caller says its request belongs to. */
export interface TraceParent {
	/** 32 hexadecimal digits, not all zero. */
	readonly traceId: string;
	/** 16 of them: the caller's span. */
	readonly spanId: string;
	/** Bit 0: sampled; bit 1: the trace id is random. All others are zero. */
	readonly flags: number;
}

/** What the head of a request says about its trace. */
export interface TraceHeaders {
	/** Whether there is any such line, valid or not. */
	readonly isPresent: boolean;
	/** Null where there is none that is valid. */
	readonly parent: TraceParent | null;
	/** The lists of all `tracestate` lines as one; null where there is none, or none that is valid. */
	readonly state: string | null;
}

const none: TraceHeaders = { isPresent: false, parent: null, state: null };
/** Of the flags, those that version 00 names. */
const knownFlags = 0x03;

/** Reads the trace context out of a head, names and values in turn (W3C Trace Context, level 2, section 3). */
export function readTrace(raw: readonly string[]): TraceHeaders {
	let parents = 0;
	let parent = "";
	let state: string | null = null;
	for (let i = 0; i < raw.length; i += 2) {
		const name = raw[i] as string;
		const value = raw[i + 1] as string;
		if (name.length === 11 && name.toLowerCase() === "traceparent") {
			parents++;
			parent = value;
		} else if (name.length === 10 && name.toLowerCase() === "tracestate") {
			state = state === null ? value : `${state},${value}`;
		}
	}
	if (parents === 0 && state === null) return none;
	// Of several lines nobody can say which one the caller meant.
	const parsed = parents === 1 ? parseTraceParent(parent) : null;
	const isStateGood = parsed !== null && state !== null && isTraceState(state);
	return {
		isPresent: true,
		parent: parsed,
		state: isStateGood ? state : null,
	};
}

const shape =
	/^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-[^\n]*)?$/;
const zeros = /^0+$/;
const version00Length = 55;

/**
 * Parses a `traceparent`; null where it is not valid. Of a version that is not known yet, what version 00
 * has is read, and what follows it is ignored (section 3.2.4 of the same).
 */
export function parseTraceParent(text: string): TraceParent | null {
	const found = shape.exec(text);
	if (found === null) return null;
	const [, version, traceId = "", spanId = "", flags = ""] = found;
	if (version === "ff") return null;
	if (version === "00" && text.length !== version00Length) return null;
	if (zeros.test(traceId) || zeros.test(spanId)) return null;
	return { traceId, spanId, flags: Number.parseInt(flags, 16) & knownFlags };
}

const stateKey = /^[\da-z][\da-z_*/@-]{0,255}$/;
const stateValue =
	/^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const maxStateMembers = 32;

/** Whether a `tracestate` can be read: one member that can not makes the list worthless (section 3.3.1.1). */
export function isTraceState(text: string): boolean {
	const keys = new Set<string>();
	for (const part of text.split(",")) {
		const member = part.replace(/^[ \t]+|[ \t]+$/g, "");
		if (member === "") continue;
		const at = member.indexOf("=");
		const key = member.slice(0, Math.max(at, 0));
		if (!stateKey.test(key) || !stateValue.test(member.slice(at + 1))) {
			return false;
		}
		if (keys.has(key) || keys.size === maxStateMembers) return false;
		keys.add(key);
	}
	return keys.size > 0;
}

/** Writes a `traceparent` of version 00. */
export function toTraceParent(
	traceId: string,
	spanId: string,
	flags: number,
): string {
	const digits = (flags & knownFlags).toString(16).padStart(2, "0");
	return `00-${traceId}-${spanId}-${digits}`;
}
