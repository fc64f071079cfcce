import type { Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ErrorCode } from "../http/errors.ts";
import type { RequestHead } from "../http/headers.ts";
import {
	Chain,
	type ForwardingOptions,
	isListed,
	resolveChain,
	type TrustedProxies,
	toPlainAddress,
	unknownAddress,
	writeForwarding,
} from "./forwarding.ts";

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
	/** What is said of its clients is believed; null where it is not. */
	readonly #proxies: TrustedProxies | null;
	#chain: Chain | null = null;
	#lineChain: Chain | null = null;
	#options: ForwardingOptions | null = null;
	#version = "";
	#lines: readonly string[] = [];
	#whenClosed: (() => void)[] | null = null;
	#isClosed = false;

	constructor(socket: Socket, trusted: TrustedProxies | null) {
		this.address = toPlainAddress(socket.remoteAddress ?? unknownAddress);
		this.#proxies = isTrustedPeer(socket, this.address, trusted)
			? trusted
			: null;
		this.scheme = "encrypted" in socket ? "https" : "http";
		socket.on("close", onSocketClose);
	}

	/** Whether it is one of the trusted proxies. */
	get isTrusted(): boolean {
		return this.#proxies !== null;
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

	/** Whom a request is from and what it asked for. One connection nearly always asks for one host: its chain is kept. */
	chainOf(head: RequestHead): Chain {
		if (this.#proxies !== null && head.forwarding !== null) {
			return resolveChain(this, head, head.forwarding, this.#proxies);
		}
		if (this.#chain === null || this.#chain.host !== head.host) {
			const { address, scheme } = this;
			this.#chain = new Chain([address], address, head.host, scheme);
		}
		return this.#chain;
	}

	/** The forwarding headers for a request, names and values in turn. Those of the kept chain are kept too. */
	forwardingLines(
		chain: Chain,
		version: string,
		options: ForwardingOptions,
	): readonly string[] {
		if (chain !== this.#chain) return writeForwarding(chain, version, options);
		if (
			this.#lineChain !== chain ||
			this.#options !== options ||
			this.#version !== version
		) {
			this.#lines = writeForwarding(chain, version, options);
			this.#lineChain = chain;
			this.#options = options;
			this.#version = version;
		}
		return this.#lines;
	}

	/** Calls it when the connection has closed, and at once where it has. */
	whenClosed(act: () => void): void {
		if (this.#isClosed) act();
		else if (this.#whenClosed === null) this.#whenClosed = [act];
		else this.#whenClosed.push(act);
	}

	/** The connection has closed. */
	onClosed(): void {
		this.#isClosed = true;
		for (const request of [...this.#requests]) request.finish();
		for (const act of this.#whenClosed ?? []) act();
		this.#whenClosed = null;
	}
}

/**
 * node tells the end of a connection to the answer whose turn it is, not to those that wait
 * behind it. One listener for all sockets: idle ones are many, and pay for a closure each.
 */
function onSocketClose(this: PeerSocket): void {
	this[key]?.onClosed();
}

/** The peer of a socket. */
export function peerOf(socket: Socket, trusted: TrustedProxies | null): Peer {
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

function isTrustedPeer(
	socket: Socket,
	address: string,
	trusted: TrustedProxies | null,
): boolean {
	if (trusted === null) return false;
	if (address !== unknownAddress) return isListed(trusted, address);
	// A TCP socket that was reset has no address either: only the listener tells a Unix socket.
	const { server } = socket as Socket & { readonly server?: Server };
	return trusted.unix && typeof server?.address?.() === "string";
}
