import type { Socket } from "node:net";
import { buildConnector } from "undici";
import { lookupAddress } from "./loopback.ts";
import { isHiddenReset } from "./reset.ts";

/** Makes connections, and keeps the note of each up to date. */
export type Connect = (note: CallNote) => buildConnector.connector;

/** What is known of the connection that a client has, from one connect to the next. */
export class CallNote {
	/** Whether the next bytes begin an answer. */
	awaitsHead = true;
	/** Calls that this connection has carried. */
	calls = 0;

	/** A call is about to be made. A connection is only ever made for one. */
	onCall(): void {
		this.awaitsHead = true;
		this.calls++;
	}

	onConnect(): void {
		this.awaitsHead = true;
		this.calls = 1;
	}
}

/**
 * undici's connector, with three things set right on each socket that undici
 * offers no other way to:
 *
 * - a `100 Continue` that nobody asked for is a legal answer (RFC 9110 section
 *   15.2.1), which undici takes for a broken one: it is taken out of the bytes;
 * - a reset within a body that ends with the connection is taken by undici for
 *   its end: {@link isResetNow} tells;
 * - undici does not say whether a connection that broke had served a request
 *   before: {@link wasNew} tells.
 *
 * `connectMs` is asked at the first connection: by then every route has said what it allows.
 */
export function createConnector(
	options: buildConnector.BuildOptions,
	connectMs: () => number,
): Connect {
	let connect: buildConnector.connector | null = null;
	return (note) => (target, callback) => {
		connect ??= buildConnector({
			lookup: lookupAddress,
			// Where a name has several addresses, the next is tried when one refuses or is slow (RFC 8305).
			autoSelectFamily: true,
			...options,
			timeout: connectMs(),
		} as buildConnector.BuildOptions);
		// By `tls.servername` or the target's host: undici would take the Host of a request for the name.
		const { servername: _ofRequest, ...byTarget } = target;
		connect(byTarget, (...result) => {
			const [error, socket] = result;
			if (error === null) prepare(socket, note);
			callback(...result);
		});
	};
}

let isReset = false;

/** Whether the bytes that end just now end with a reset. */
export function isResetNow(): boolean {
	return isReset;
}

function markReset(): void {
	isReset = true;
	queueMicrotask(() => {
		isReset = false;
	});
}

const ofNewConnections = new WeakSet<object>();

/** Whether the connection that ended with this error was at its first request. */
export function wasNew(error: object): boolean {
	return ofNewConnections.has(error);
}

/** Notes that the connection that ended with this error was at its first request. */
export function markNewConnection(error: object): void {
	ofNewConnections.add(error);
}

function prepare(socket: Socket, note: CallNote): void {
	note.onConnect();
	// Added before undici's own listeners, so that it is known when undici ends the answer.
	socket.on("error", (error) => {
		if (note.calls < 2) markNewConnection(error);
		markReset();
	});
	socket.on("end", () => {
		if (isHiddenReset(socket)) markReset();
	});
	skipContinue(socket, note);
}

const prefix = Buffer.from("HTTP/1.1 100");
const maxInterimBytes = 8 * 1024;

/**
 * Takes `100 Continue` out of what comes, before undici reads it. What arrives is
 * pushed once and read three times: watching here costs a third (bench/README.md).
 */
function skipContinue(socket: Socket, note: CallNote): void {
	const push = socket.push;
	let kept: Buffer | null = null;
	socket.push = (chunk: Buffer | null) => {
		if (!note.awaitsHead || chunk === null) return push.call(socket, chunk);
		const bytes: Buffer = kept === null ? chunk : Buffer.concat([kept, chunk]);
		kept = null;
		const rest = afterContinue(bytes);
		if (rest === null) {
			kept = bytes;
			return true;
		}
		if (rest.length === 0) return true;
		note.awaitsHead = false;
		return push.call(socket, rest);
	};
}

/** What follows all interim 100 answers at the front; null when more bytes are needed to tell. */
function afterContinue(bytes: Buffer): Buffer | null {
	let rest = bytes;
	while (startsLikeContinue(rest)) {
		const end = rest.indexOf("\r\n\r\n");
		if (end < 0) return rest.length > maxInterimBytes ? rest : null;
		rest = rest.subarray(end + 4);
	}
	return rest;
}

function startsLikeContinue(bytes: Buffer): boolean {
	// The tenth byte rules out every other status at once.
	if (bytes.length > 10 && bytes[10] !== 0x30) return false;
	const length = Math.min(bytes.length, prefix.length);
	return length > 0 && bytes.compare(prefix, 0, length, 0, length) === 0;
}
