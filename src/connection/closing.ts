import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

const lingerMs = 2_000;
const lingerBytes = 1_048_576;

/**
 * Lets a connection end after an answer that did not wait for the request's
 * body. A socket that is closed with unread bytes is reset, and the reset can
 * overtake the answer (RFC 9112 section 9.6): so our side ends first, and what
 * still comes is dropped, bounded in time and bytes. None of it is parsed any
 * more: left-over bytes are never read as a request.
 */
export function lingerOnClose(socket: Socket): void {
	// A stream that stands in for a socket, as `inject` has one, has no such method.
	const destroySoon = socket.destroySoon?.bind(socket);
	if (destroySoon === undefined) return;
	// node calls destroySoon when the last answer of a connection has been written.
	socket.destroySoon = () => {
		if (socket.readableEnded) {
			destroySoon();
			return;
		}
		dropRest(socket);
		socket.on("end", () => socket.destroy());
		const timer = setTimeout(() => socket.destroy(), lingerMs);
		timer.unref();
		socket.on("close", () => clearTimeout(timer));
		socket.end();
		socket.resume();
	};
}

/** Reads no more requests of a connection: what still comes is dropped, so that its end is seen. */
export function dropRest(socket: Socket): void {
	socket.removeAllListeners("data");
	let rest = lingerBytes;
	socket.on("data", (chunk: Buffer) => {
		rest -= chunk.length;
		// From here on the client's own writes stand still: a reset could still overtake the answer.
		if (rest < 0) socket.pause();
	});
}

/**
 * Breaks an answer off, so that it is not taken for whole. One that waits behind
 * others takes the connection with it when its turn comes: those are owed whole.
 */
export function breakOff(res: ServerResponse): void {
	// A client of HTTP/1.0 takes the end of the connection for the end of the body: only a reset tells it.
	const isOld = res.req.httpVersionMinor === 0;
	if (res.socket !== null) {
		if (isOld) cutOff(res.socket);
		else res.destroy();
		return;
	}
	// node 22 would do so itself; later ones send what there is of the answer, and then wait.
	res.once("socket", (socket: Socket) => {
		if (isOld) cutOff(socket);
		else socket.destroy();
	});
	res.destroy();
}

/**
 * Ends a connection so that its peer can tell it from a proper end: by a reset.
 * Over TLS the missing close_notify tells (RFC 8446 section 6.1); a Unix socket has no such sign.
 */
export function cutOff(socket: Socket): void {
	try {
		// It throws for everything but plain TCP.
		socket.resetAndDestroy();
	} catch {
		socket.destroy();
	}
}
