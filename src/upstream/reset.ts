import type { Socket } from "node:net";

/**
 * libuv before 1.52 reports a reset that it meets together with bytes as those
 * bytes and a proper end. It can only be told from the library's version: nothing
 * else of it shows, and it is not tried out on a socket of our own at start-up.
 */
const hidesResets = isBefore(process.versions.uv, 1, 52);

interface Handle {
	/** Gives back 0, or the number of an error. TCP has it, a Unix socket has not. */
	getpeername?(out: object): number;
}

/**
 * Whether the end that a socket tells just now is a reset that libuv has hidden.
 * To be asked within its 'end' event, before our side has ended: then a proper end
 * leaves a peer, and a reset leaves none. A Unix socket has no such sign.
 */
export function isHiddenReset(socket: Socket): boolean {
	if (!hidesResets) return false;
	// Not socket.remoteAddress: it is kept once it has been asked for.
	const { _handle: handle } = socket as { _handle?: Handle | null };
	return (handle?.getpeername?.({}) ?? 0) !== 0;
}

function isBefore(version: string, major: number, minor: number): boolean {
	const [ofMajor = 0, ofMinor = 0] = version.split(".").map(Number);
	return ofMajor < major || (ofMajor === major && ofMinor < minor);
}
