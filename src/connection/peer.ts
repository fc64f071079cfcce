import { type BlockList, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ErrorCode } from "../http/errors.ts";
import type { RequestHead } from "../http/headers.ts";

/** The name in `via` and `forwarded` (RFC 9110 section 7.6.3). */
export const gatewayName = "headgate";

/** Which forwarding headers go out. */
export interface ForwardingOptions {
	readonly forwarded: "both" | "x-forwarded" | "forwarded" | "none";
	readonly via: boolean;
}

/** A request under way on a connection. */
export interface PeerRequest {
	/** Whether bytes of it are still to come. */
	readonly isRequestOpen: boolean;
	/** The rest of it can not be read. */
	onUnreadable(code: ErrorCode): void;
	/** It is over: answered, or never to be. */
	finish(): void;
}

const key: unique symbol = Symbol("headgate.peer");
/** Nothing is ever added to it. */
const none: PeerRequest[] = [];
type PeerSocket = Socket & { [key]?: Peer };

/** The other end of a client's connection. Made once a connection, and kept on its socket. */
export class Peer {
	/** Without the IPv6 mapping of an IPv4 address. */
	readonly address: string;
	readonly isTrusted: boolean;
	readonly scheme: "http" | "https";
	/** Whether the connection ends with an answer that is under way: what comes behind is not read as a request. */
	isEnding = false;
	/** The last Host of this connection that was found valid: the next is nearly always the same. */
	validHost: string | null = null;
	/** Called when the last of them has ended; null where nobody waits. */
	onIdle: (() => void) | null = null;
	/** How often in turn it was found idle, and the bytes that it had sent by then. */
	#idleCount = 0;
	#seenBytes = 0;
	#requests: PeerRequest[] = none;
	#host: string | null = null;
	#askedHost: string | null = null;
	#origin = "";
	#options: ForwardingOptions | null = null;
	#version = "";
	#lines: readonly string[] = [];

	constructor(socket: Socket, trusted: BlockList | null) {
		this.address = toPlainAddress(socket.remoteAddress ?? "unknown");
		this.isTrusted = trusted !== null && isListed(trusted, this.address);
		this.scheme = "encrypted" in socket ? "https" : "http";
		socket.on("close", onSocketClose);
	}

	/** Requests of this connection that have not ended, in order. */
	get requests(): readonly PeerRequest[] {
		return this.#requests;
	}

	/**
	 * A request has begun. An array that is made for one has room for one: idle connections keep none. It is no
	 * literal: V8 makes those in the old generation where many lived long, and the request with it (bench/README.md).
	 */
	enter(request: PeerRequest): void {
		if (this.#requests.length === 0) this.#requests = none.concat(request);
		else this.#requests.push(request);
	}

	/** A request has ended. */
	leave(request: PeerRequest): void {
		const requests = this.#requests;
		const place = requests.indexOf(request);
		if (place === 0 && requests.length === 1) this.#requests = none;
		else if (place === 0) requests.shift();
		else if (place > 0) requests.splice(place, 1);
		if (this.#requests.length === 0 && this.onIdle !== null) this.onIdle();
	}

	/** How often in turn, this time included, no request was under way and nothing had come since the last time. */
	countIdle(bytesRead: number): number {
		const isIdle = this.#requests.length === 0 && bytesRead === this.#seenBytes;
		this.#idleCount = isIdle ? this.#idleCount + 1 : 0;
		this.#seenBytes = bytesRead;
		return this.#idleCount;
	}

	/**
	 * The forwarding headers for a request with that Host. One connection nearly
	 * always asks for one host: the lines are built once and kept.
	 */
	forwardingLines(
		head: RequestHead,
		version: string,
		options: ForwardingOptions,
	): readonly string[] {
		if (this.isTrusted && head.forwarding !== null) {
			return this.#build(head, version, options, head.forwarding);
		}
		if (
			this.#host !== head.host ||
			this.#options !== options ||
			this.#version !== version
		) {
			this.#lines = this.#build(head, version, options, []);
			this.#host = head.host;
			this.#options = options;
			this.#version = version;
		}
		return this.#lines;
	}

	/** Scheme and authority that the client asked, in lower case. Built once for a host, and kept. */
	originOf(head: RequestHead): string {
		if (this.isTrusted && head.forwarding !== null) {
			const [host = head.host ?? ""] = linesOf(
				head.forwarding,
				"x-forwarded-host",
			);
			const [scheme = this.scheme] = linesOf(
				head.forwarding,
				"x-forwarded-proto",
			);
			return `${scheme}://${host}`.toLowerCase();
		}
		if (this.#origin === "" || this.#askedHost !== head.host) {
			this.#askedHost = head.host;
			this.#origin = `${this.scheme}://${head.host ?? ""}`.toLowerCase();
		}
		return this.#origin;
	}

	#build(
		head: RequestHead,
		version: string,
		options: ForwardingOptions,
		received: readonly string[],
	): string[] {
		const lines: string[] = [];
		const { forwarded, via } = options;
		if (forwarded === "both" || forwarded === "x-forwarded") {
			this.#pushXForwarded(lines, head.host, received);
		}
		if (forwarded === "both" || forwarded === "forwarded") {
			const chain = [...linesOf(received, "forwarded"), this.#element(head)];
			lines.push("forwarded", chain.join(", "));
		}
		if (via) lines.push("via", `${version} ${gatewayName}`);
		return lines;
	}

	#pushXForwarded(
		lines: string[],
		host: string | null,
		received: readonly string[],
	): void {
		const chain = [...linesOf(received, "x-forwarded-for"), this.address];
		lines.push("x-forwarded-for", chain.join(", "));
		const [knownHost] = linesOf(received, "x-forwarded-host");
		const original = knownHost ?? host;
		if (original !== null) lines.push("x-forwarded-host", original);
		const [scheme] = linesOf(received, "x-forwarded-proto");
		lines.push("x-forwarded-proto", scheme ?? this.scheme);
	}

	/** One element of `forwarded` (RFC 7239 section 4); what is no token is quoted. */
	#element(head: RequestHead): string {
		const address = this.address.includes(":")
			? `"[${this.address}]"`
			: this.address;
		const host =
			head.host === null ? "" : `;host=${quoteUnlessToken(head.host)}`;
		return `for=${address}${host};proto=${this.scheme}`;
	}
}

/**
 * node tells the end of a connection to the answer whose turn it is, not to those that wait
 * behind it. One listener for all sockets: idle ones are many, and pay for a closure each.
 */
function onSocketClose(this: PeerSocket): void {
	for (const request of [...(this[key]?.requests ?? none)]) request.finish();
}

/** The peer of a socket. */
export function peerOf(socket: Socket, trusted: BlockList | null): Peer {
	const known = (socket as PeerSocket)[key];
	if (known !== undefined) return known;
	const peer = new Peer(socket, trusted);
	(socket as PeerSocket)[key] = peer;
	return peer;
}

/** The peer of a socket that has sent a request; null for one that has not. */
export function knownPeer(socket: Duplex): Peer | null {
	return (socket as PeerSocket)[key] ?? null;
}

/** Acts once every request that came before on the socket has been answered (RFC 9112 section 9.3.2): at once where there is none. */
export function afterEarlier(socket: Duplex, act: () => void): void {
	const peer = knownPeer(socket);
	if (peer === null || peer.requests.length === 0) {
		act();
		return;
	}
	peer.onIdle = () => {
		peer.onIdle = null;
		// The request that ends just now is still being accounted for.
		queueMicrotask(act);
	};
}

/**
 * The address a request is accounted to: the peer's, or behind trusted proxies
 * the first untrusted one from the right (RFC 7239 section 5.2 and, more often, `x-forwarded-for`).
 */
export function clientAddress(
	peer: Peer,
	head: RequestHead,
	trusted: BlockList | null,
): string {
	if (!peer.isTrusted || trusted === null || head.forwarding === null) {
		return peer.address;
	}
	let address = peer.address;
	for (const hop of readChain(head.forwarding).reverse()) {
		const plain = toPlainAddress(stripPort(hop));
		if (isIP(plain) === 0) return address;
		address = plain;
		if (!isListed(trusted, plain)) return address;
	}
	return address;
}

function readChain(forwarding: readonly string[]): string[] {
	const chain = linesOf(forwarding, "x-forwarded-for")
		.flatMap((line) => line.split(","))
		.map((hop) => hop.trim());
	if (chain.length > 0) return chain;
	return linesOf(forwarding, "forwarded")
		.flatMap((line) => line.split(","))
		.map((element) => /(?:^|;)\s*for="?([^";]*)"?/i.exec(element)?.[1] ?? "");
}

function linesOf(list: readonly string[], name: string): string[] {
	const lines: string[] = [];
	for (let i = 0; i < list.length; i += 2) {
		if ((list[i] as string).toLowerCase() === name) {
			lines.push(list[i + 1] as string);
		}
	}
	return lines;
}

function quoteUnlessToken(text: string): string {
	return /^[\w!#$%&'*+\-.^`|~]+$/.test(text)
		? text
		: `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function stripPort(hop: string): string {
	const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(hop);
	if (bracketed !== null) return bracketed[1] as string;
	return /^[^:]+:\d+$/.test(hop) ? hop.slice(0, hop.indexOf(":")) : hop;
}

function toPlainAddress(address: string): string {
	return address.startsWith("::ffff:") && address.includes(".")
		? address.slice(7)
		: address;
}

function isListed(list: BlockList, address: string): boolean {
	const family = isIP(address);
	return family !== 0 && list.check(address, family === 6 ? "ipv6" : "ipv4");
}
