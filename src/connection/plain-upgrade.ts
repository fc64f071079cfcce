import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

/** A socket that a server of node's reads. */
export type ServedSocket = Socket & { readonly server?: Server };

/**
 * Gives a request that node has taken for an upgrade back to its server as an
 * ordinary one: without the Upgrade field, and with the bytes that follow it
 * (RFC 9110 section 7.8). Only so are its body and what is pipelined behind it
 * read as they should be. False where the socket belongs to no server.
 */
export function readAgain(req: IncomingMessage, rest: Buffer): boolean {
	const socket = req.socket as ServedSocket;
	const { server } = socket;
	if (server === undefined) return false;
	const head = Buffer.from(toHead(req), "latin1");
	// Set by node for an idle connection; the new reading knows nothing of it.
	socket.setTimeout(0);
	socket.unshift(Buffer.concat([head, rest]));
	const event = "encrypted" in socket ? "secureConnection" : "connection";
	server.emit(event, socket);
	return true;
}

/** Without a space behind the colons: not longer than it was, so that it keeps within the limits. */
function toHead(req: IncomingMessage): string {
	const { method, url, httpVersion, rawHeaders } = req;
	let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
	for (let i = 0; i < rawHeaders.length; i += 2) {
		const name = rawHeaders[i] as string;
		const value = rawHeaders[i + 1] as string;
		const lower = name.toLowerCase();
		if (lower === "connection") head += `${name}:${withoutUpgrade(value)}\r\n`;
		else if (lower !== "upgrade") head += `${name}:${value}\r\n`;
	}
	return `${head}\r\n`;
}

function withoutUpgrade(list: string): string {
	return list
		.split(",")
		.filter((name) => name.trim().toLowerCase() !== "upgrade")
		.join(",");
}
