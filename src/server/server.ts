import {
	createServer as createHttpServer,
	type IncomingMessage,
	type Server,
	STATUS_CODES,
} from "node:http";
import {
	createServer as createTlsServer,
	type Server as TlsServer,
} from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import { lingerOnClose } from "../connection/closing.ts";
import { afterEarlier, knownPeer } from "../connection/peer.ts";
import { type ErrorCode, failure } from "../http/errors.ts";
import type { GatewayLimits } from "../model/gateway-options.ts";
import type { RenderError } from "../request/error-reply.ts";
import type { RequestHandler } from "../request/handler.ts";
import type { UpgradeHandler } from "../request/upgrade.ts";

/** A server of node's own, set up by the wire rules. */
export type GatewayServer = Server | TlsServer;

/** What a server is made with. */
export interface ServerSetup {
	readonly handler: RequestHandler;
	readonly upgrade: UpgradeHandler;
	/** Whether node hands a request that asks for an upgrade to that. */
	readonly isTakenOut: (req: IncomingMessage) => boolean;
	readonly limits: GatewayLimits;
	readonly renderError: RenderError;
	/** Certificate and key; null for plain HTTP. */
	readonly tls: TlsOptions | null;
}

/** Makes the server that `listen` starts: strict parsing, every limit explicit. */
export function createServer(setup: ServerSetup): GatewayServer {
	const { handler, limits, tls } = setup;
	const options = {
		maxHeaderSize: limits.headerBytes,
		headersTimeout: limits.headersMs,
		// Uploads may take as long as they move: silence is watched instead (limits.bodyIdleMs).
		requestTimeout: 0,
		// One sweep over all connections instead of a timer for each answer (core/idle-connections.ts).
		keepAliveTimeout: 0,
		connectionsCheckingInterval: Math.min(limits.headersMs, 1_000),
		insecureHTTPParser: false,
		requireHostHeader: false,
		noDelay: true,
		// Requests without a body need no stream (node 24 and later; bench/README.md).
		optimizeEmptyRequests: true,
		shouldUpgradeCallback: setup.isTakenOut,
	};
	const server =
		tls === null
			? createHttpServer(options, handler)
			: createTlsServer({ ...withTlsRules(tls, limits), ...options }, handler);
	// The count of fields is checked where all of them can be seen (core/handler.ts).
	server.maxHeadersCount = 2_000;
	server.maxConnections =
		limits.connections > 0 ? limits.connections : Number.POSITIVE_INFINITY;
	// The handler decides when, or whether, a body is wanted.
	server.on("checkContinue", handler);
	server.on("checkExpectation", handler);
	server.on("upgrade", setup.upgrade);
	server.on("connect", ({ socket }: IncomingMessage) => {
		// node has taken its own listeners off: without one a reset would end the process.
		socket.on("error", () => socket.destroy());
		afterEarlier(socket, () =>
			refuse(socket, "ERR_METHOD_NOT_ALLOWED", setup.renderError),
		);
	});
	server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) =>
		onClientError(error, socket, setup.renderError),
	);
	return server;
}

/** HTTP/1.1 alone is spoken; a handshake may take as long as a head. */
function withTlsRules(
	tls: TlsOptions,
	{ headersMs }: GatewayLimits,
): TlsOptions {
	return {
		handshakeTimeout: headersMs,
		...tls,
		ALPNProtocols: ["http/1.1"],
	};
}

/**
 * Bytes that are no request. Where they belong to a body, its request is
 * refused; else the answers that are owed to earlier requests go first.
 */
function onClientError(
	error: NodeJS.ErrnoException,
	socket: Duplex,
	render: RenderError,
): void {
	if (!isOfHttp(error) || !socket.writable) {
		socket.destroy();
		return;
	}
	const code = codeOf(error);
	const peer = knownPeer(socket);
	const last = peer?.latest;
	if (peer === null || last === undefined) refuse(socket, code, render);
	else if (last.isRequestOpen) {
		// An end within a body is a client that has left: there is nobody to tell.
		if (error.code === "HPE_INVALID_EOF_STATE") socket.destroy();
		else last.onUnreadable(code);
	} else peer.onIdle = () => refuse(socket, code, render);
}

/** Whether there is somebody to tell: not behind a reset, nor where TLS could not be agreed on. */
function isOfHttp({ code = "" }: NodeJS.ErrnoException): boolean {
	return code.startsWith("HPE_") || code.startsWith("ERR_HTTP_");
}

function refuse(socket: Duplex, code: ErrorCode, render: RenderError): void {
	if (!socket.writable) {
		socket.destroy();
		return;
	}
	const { status, headers, body } = render(failure(code), null);
	const bytes = Buffer.from((body ?? "") as string);
	let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n`;
	for (let i = 0; i < headers.length; i += 2) {
		head += `${headers[i]}: ${headers[i + 1]}\r\n`;
	}
	head += `content-length: ${bytes.length}\r\nconnection: close\r\n\r\n`;
	const whole = Buffer.concat([Buffer.from(head, "latin1"), bytes]);
	if (socket instanceof Socket) {
		lingerOnClose(socket);
		socket.write(whole);
		socket.destroySoon();
	} else socket.end(whole);
}

function codeOf(error: NodeJS.ErrnoException): ErrorCode {
	if (error.code === "HPE_HEADER_OVERFLOW") return "ERR_HEAD_TOO_LARGE";
	return error.code === "ERR_HTTP_REQUEST_TIMEOUT"
		? "ERR_REQUEST_TIMEOUT"
		: "ERR_BAD_REQUEST";
}
