import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import {
	type TrustedProxies,
	toPlainAddress,
} from "../connection/forwarding.ts";
import { isTrustedPeer } from "../connection/peer.ts";
import { throwProblems, tlsOptions } from "../http/options.ts";
import type { GatewayLimits, ListenOptions } from "../model/gateway-options.ts";
import { IdleConnections } from "./idle-connections.ts";
import type { GatewayServer } from "./server.ts";

/** Where a gateway answers. */
export interface Listening {
	/** Such as `http://127.0.0.1:8000`; `http+unix:///run/gateway.sock` for a Unix socket. */
	readonly url: string;
	/** 0 for a Unix socket. */
	readonly port: number;
	/** The address, or the path of a Unix socket. */
	readonly host: string;
	/**
	 * Takes another certificate and key, and whatever else of a secure context is given, for connections
	 * that are made from now on; those that are open keep theirs. What `listen` was given does not carry over.
	 *
	 * @throws TypeError where `listen` was given no `tls`, and OpenSSL's error for a key or certificate it can not read; the old ones stay then.
	 */
	setTls(tls: TlsOptions): void;
}

/** A request may be on its way on an idle connection: closing them at once lost 2 of 354. */
const idleGraceMs = 1_000;

/** A server that listens, and every connection that it has: node loses sight of those that have been upgraded. */
export class Listener {
	readonly #server: GatewayServer;
	readonly #sockets = new Set<Socket>();
	readonly #limits: GatewayLimits;
	readonly #trusted: TrustedProxies | null;
	/** Connections by client address; empty where they have no limit. */
	readonly #byAddress = new Map<string, number>();
	#idle: IdleConnections | null = null;

	constructor(
		server: GatewayServer,
		settings: {
			readonly limits: GatewayLimits;
			readonly trustedProxies: TrustedProxies | null;
		},
	) {
		this.#server = server;
		this.#limits = settings.limits;
		this.#trusted = settings.trustedProxies;
		const sockets = this.#sockets;
		this.#onClose = function (this: Socket) {
			sockets.delete(this);
		};
		const track = (socket: Socket): void => this.#track(socket);
		// A connection of TLS is two of node's sockets: one before the handshake, one after.
		(server as Server).on("connection", track);
		if (settings.limits.connectionsPerAddress > 0) {
			(server as Server).on("connection", (socket) => this.#count(socket));
		}
		if ("setSecureContext" in server) server.on("secureConnection", track);
	}

	/** One for all sockets: idle ones are many, and pay for a closure each. */
	readonly #onClose: (this: Socket) => void;

	#track(socket: Socket): void {
		if (this.#sockets.has(socket)) return;
		this.#sockets.add(socket);
		socket.on("close", this.#onClose);
	}

	#count(socket: Socket): void {
		const { remoteAddress } = socket;
		if (remoteAddress === undefined) return;
		const address = toPlainAddress(remoteAddress);
		if (isTrustedPeer(socket, address, this.#trusted)) return;
		const counts = this.#byAddress;
		const count = (counts.get(address) ?? 0) + 1;
		if (count > this.#limits.connectionsPerAddress) {
			socket.destroy();
			return;
		}
		counts.set(address, count);
		socket.on("close", () => {
			const rest = (counts.get(address) as number) - 1;
			if (rest > 0) counts.set(address, rest);
			else counts.delete(address);
		});
	}

	/** Resolves when the server listens; rejects with node's error when it can not. */
	async open(options: ListenOptions): Promise<Listening> {
		const { port = 0, host = "127.0.0.1", path, backlog = 4_096 } = options;
		const server = this.#server;
		const address = path === undefined ? { port, host } : { path };
		server.listen({ ...address, backlog });
		await once(server, "listening");
		this.#idle = new IdleConnections(this.#sockets, this.#limits.keepAliveMs);
		return {
			...toAddress(server),
			setTls: (tls) => {
				if (!("setSecureContext" in server)) {
					throw new TypeError("setTls: this address has no TLS");
				}
				throwProblems("setTls", tlsOptions(tls, "the options"));
				server.setSecureContext(tls);
			},
		};
	}

	/** Stops accepting, lets requests finish, and cuts off what is left at the deadline. */
	async close(timeoutMs: number): Promise<void> {
		const closed = once(this.#server, "close");
		// The close of an HTTP server ends idle connections as well.
		NetServer.prototype.close.call(this.#server);
		const grace = setTimeout(() => this.#endIdle(), idleGraceMs);
		const deadline = setTimeout(() => this.#cut(), timeoutMs);
		try {
			await closed;
		} finally {
			clearTimeout(grace);
			clearTimeout(deadline);
			this.#idle?.stop();
			this.#endIdle();
		}
	}

	#endIdle(): void {
		// Stops node's check of slow heads too. Connections that have yet to shake hands are none of its own.
		this.#server.close();
		for (const socket of this.#sockets) {
			if (socket.bytesRead === 0) socket.destroy();
		}
	}

	#cut(): void {
		for (const socket of this.#sockets) socket.destroy();
	}
}

function toAddress(server: GatewayServer): Omit<Listening, "setTls"> {
	const scheme = "setSecureContext" in server ? "https" : "http";
	const address = server.address() as AddressInfo | string;
	if (typeof address === "string") {
		return { url: `${scheme}+unix://${address}`, port: 0, host: address };
	}
	const { port, address: host } = address;
	const name = host.includes(":") ? `[${host}]` : host;
	return { url: `${scheme}://${name}:${port}`, port, host };
}
