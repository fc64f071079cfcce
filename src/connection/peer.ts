import type { Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { DeadlineWatch } from "../http/deadlines.ts";
import type { ErrorCode } from "../http/errors.ts";
import type { RequestHead } from "../http/headers.ts";
import { dropRest } from "./closing.ts";
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
import { type Sender, SendWatch } from "./send-watch.ts";

/** A request that has been parsed. */
export interface ParsedRequest {
	/** Whether bytes of it are still to come. */
	readonly isRequestOpen: boolean;
	/** The rest of it cannot be read. */
	onUnreadable(code: ErrorCode): void;
}

/** A request that waits for earlier ones of its connection. */
export interface WaitingRequest extends ParsedRequest {
	begin(): void;
}

/** A request under way on a connection. */
export interface PeerRequest extends ParsedRequest, Sender {
	/** Whether the client waits for `100 Continue`: where that is never sent, node ends the connection. */
	awaitsContinue: boolean;
	/** It is over: answered, or never to be. */
	finish(): void;
}

const key: unique symbol = Symbol("headgate.peer");
/** Parsed requests of one connection that may wait, and the bytes that are read behind the first of them. */
const mostWaiting = 100;
const mostWaitingBytes = 65_536;
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
	/** Null where none waits. */
	#waiting: Waiting | null = null;
	readonly #sending: SendWatch;
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
		this.#sending = new SendWatch(socket, this);
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

	/** Whether no request is under way, and none waits. */
	get isIdle(): boolean {
		return this.#requests.length === 0 && this.#waiting === null;
	}

	/** The latest request that has been parsed and has not ended. */
	get latest(): ParsedRequest | undefined {
		return this.#waiting?.requests.at(-1) ?? this.#requests.at(-1);
	}

	/** Whether the next request may begin, beside so many at the most. Nothing may begin behind one that waits for its 100. */
	mayBegin(most: number): boolean {
		return this.#waiting === null && this.#hasRoom(most);
	}

	#hasRoom(most: number): boolean {
		const { length } = this.#requests;
		if (length === 0) return true;
		return length < most && !this.#requests[length - 1]?.awaitsContinue;
	}

	/** Keeps a request until those before it have ended. One too many is rejected when its turn comes, and the last to be read. */
	wait(socket: Socket, request: WaitingRequest, most: number): void {
		if (this.isEnding || this.#waiting?.isFull) return;
		this.#waiting ??= new Waiting(socket, most);
		this.#waiting.add(request);
	}

	#beginNext(): void {
		const waiting = this.#waiting;
		if (waiting === null) return;
		const { requests } = waiting;
		while (requests.length > 0 && !this.isEnding && !this.#isClosed) {
			if (!this.#hasRoom(waiting.most)) return;
			requests.shift()?.begin();
		}
		this.#waiting = null;
		waiting.end();
		if (this.isIdle && this.onIdle !== null) this.onIdle();
	}

	/**
	 * A request has begun. An array that is made for one has room for one: idle connections keep none. It is no
	 * literal: V8 makes those in the old generation where many lived long, and the request with it (bench/README.md).
	 */
	enter(request: PeerRequest, watch: DeadlineWatch): void {
		if (!this.#sending.isWatched) this.#sending.begin(watch);
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
		// The request that ends just now is still being accounted for.
		if (this.#waiting !== null) queueMicrotask(() => this.#beginNext());
		else if (this.isIdle && this.onIdle !== null) this.onIdle();
	}

	/** How often in turn, this time included, no request was under way and nothing had come since the last time. */
	countIdle(bytesRead: number): number {
		const isIdle = this.isIdle && bytesRead === this.#seenBytes;
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
		this.#sending.end();
		this.#waiting = null;
		for (const request of [...this.#requests]) request.finish();
		for (const act of this.#whenClosed ?? []) act();
		this.#whenClosed = null;
	}
}

/** Requests that wait for earlier ones of their connection. */
class Waiting {
	readonly requests: WaitingRequest[] = [];
	/** How many may be under way at the same time. */
	readonly most: number;
	isFull = false;
	readonly #socket: Socket;
	readonly #readBefore: number;
	#isPaused = false;

	constructor(socket: Socket, most: number) {
		this.most = most;
		this.#socket = socket;
		this.#readBefore = socket.bytesRead;
	}

	/** The socket is read on for a while, since the end of a connection is seen only so. */
	add(request: WaitingRequest): void {
		const socket = this.#socket;
		this.requests.push(request);
		if (this.requests.length > mostWaiting) {
			this.isFull = true;
			request.onUnreadable("ERR_BAD_REQUEST");
			dropRest(socket);
		} else if (socket.bytesRead - this.#readBefore > mostWaitingBytes) {
			this.#isPaused = true;
			socket.pause();
		}
	}

	/** None waits any more. */
	end(): void {
		if (this.#isPaused) this.#socket.resume();
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
	if (peer === null || peer.isIdle) {
		act();
		return;
	}
	peer.onIdle = () => {
		peer.onIdle = null;
		queueMicrotask(act);
	};
}

/** Whether what a peer says of its clients is believed. */
export function isTrustedPeer(
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
