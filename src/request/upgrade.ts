import { type IncomingMessage, ServerResponse, STATUS_CODES } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { afterEarlier } from "../connection/peer.ts";
import { readAgain } from "../connection/plain-upgrade.ts";
import { RequestHead } from "../http/headers.ts";
import type { AnswerHead } from "../proxy/response-writer.ts";
import { Tunnel } from "../proxy/tunnel.ts";
import { createContext, maxFields, run } from "./handler.ts";
import type {
	RequestContext,
	RouteFinder,
	Routes,
	Runtime,
} from "./request.ts";

/** What node calls for a request that asks for another protocol. */
export type UpgradeHandler = (
	req: IncomingMessage,
	socket: Duplex,
	head: Buffer,
) => void;

/**
 * Whether node takes a request out of its parser. Without a body it does, even where the request will not be
 * switched: otherwise node drops what is pipelined behind it, and reads the rest of that as a request. With a body it
 * does where the route allows the upgrade.
 */
export function createUpgradeCheck({
	router,
}: Routes): (req: IncomingMessage) => boolean {
	return (req) => !hasBody(req) || isUpgrade(router, req, req.url as string);
}

function hasBody(req: IncomingMessage): boolean {
	return new RequestHead(req.rawHeaders).hasBody;
}

/**
 * Serves upgrades: the request goes through its plan as any other, a refusal is
 * an HTTP answer, and the upstream is dialled first, so that its answer decides.
 * A request for a protocol that its route does not allow, h2c among them, is an
 * ordinary one without the header (RFC 9110 section 7.8).
 *
 * `prefix` is where the gateway is mounted in another server, empty for all of it:
 * requests for other paths are left to whoever else listens for upgrades.
 */
export function createUpgradeHandler(
	runtime: Runtime,
	routes: Routes,
	prefix = "",
): UpgradeHandler {
	return (req, stream, head) => {
		const url = below(prefix, req.url as string);
		if (url === null) {
			rejectAlone(req.socket);
			return;
		}
		// With a body still to come, node hands over a stream of what follows it instead of the socket.
		const { socket } = req;
		stream.on("error", () => socket.destroy());
		socket.on("error", () => socket.destroy());
		afterEarlier(socket, () => {
			if (!socket.writable) socket.destroy();
			else if (
				isUpgrade(routes.router, req, url) &&
				!(hasBody(req) && canReadAgain(req))
			) {
				const upgrade = new Upgrade(stream, head);
				req.url = url;
				serve(runtime, routes, req, upgrade);
			} else if (!canReadAgain(req) || !readAgain(req, head)) {
				req.url = url;
				serve(runtime, routes, req, null);
			}
		});
	};
}

/** A request target without the prefix, as a router of connect or Express gives it to what is mounted there: letters of any case. Null where it is elsewhere. */
function below(prefix: string, url: string): string | null {
	const start = url.slice(0, prefix.length);
	if (start.toLowerCase() !== prefix.toLowerCase()) return null;
	const rest = url.slice(prefix.length);
	if (prefix === "" || rest.startsWith("/")) return rest;
	return rest === "" || rest.startsWith("?") ? `/${rest}` : null;
}

/** Where nobody else listens for upgrades, the connection would stay open without a response. */
function rejectAlone(socket: Socket): void {
	if ((socket.server?.listenerCount("upgrade") ?? 1) > 1) return;
	socket.on("error", () => socket.destroy());
	socket.end(
		"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
	);
}

/** Whether the protocol that a request asks for is one its route allows. */
function isUpgrade(
	router: RouteFinder,
	req: IncomingMessage,
	url: string,
): boolean {
	const head = new RequestHead(req.rawHeaders);
	const protocol = head.upgrade?.trim().toLowerCase();
	if (protocol === undefined) return false;
	if (req.httpVersionMinor === 0) return false;
	const method = req.method as string;
	// Its handshake is a GET (RFC 6455 section 4.1); docker and kubectl ask for other protocols with POST.
	const isFit = method === "GET" && !head.hasBody;
	if (protocol === "websocket" && !isFit) return false;
	const plan = router.find(method, url, head.host)?.value;
	if (plan === undefined || !plan.info.proxied) return false;
	return plan.info.upgrades.some(
		(allowed) => allowed.toLowerCase() === protocol,
	);
}

/**
 * Not where fields may be missing: those requests are refused. Nor where node has
 * read the body, as it does of late: then it is there to be sent on. Older ones
 * take the body for bytes of the new protocol.
 */
function canReadAgain(req: IncomingMessage): boolean {
	const isBodyRead = !req.complete || req.readableLength > 0;
	return !isBodyRead && req.rawHeaders.length < maxFields * 2;
}

/** Answers outside of node's own order of answers: the connection ends behind it, or is joined. */
function serve(
	runtime: Runtime,
	routes: Routes,
	req: IncomingMessage,
	upgrade: Upgrade | null,
): void {
	const { socket } = req;
	const res = new ServerResponse(req);
	res.shouldKeepAlive = false;
	res.assignSocket(socket);
	res.on("finish", () => socket.destroySoon());
	run(createContext(runtime, routes, req, res), upgrade);
}

/**
 * Ends a connection whose client has left. node reads no more of a socket that it
 * has handed over, so that its end would not be seen. Gives back what stops it.
 */
function watchEnd(socket: Duplex): () => void {
	const keepReading = (): void => undefined;
	const leave = (): void => void socket.destroy();
	// node's stream of what follows a body reads by itself; reading it would throw the body away.
	if (!(socket instanceof Socket)) {
		socket.on("end", leave);
		return () => socket.off("end", leave);
	}
	// Listening alone reads, up to the socket's high-water mark, and takes nothing away.
	socket.on("readable", keepReading).on("end", leave);
	return () => socket.off("readable", keepReading).off("end", leave);
}

/** A client's connection that waits to be joined to the upstream's. */
export class Upgrade {
	isJoined = false;
	/** Null until the upstream has switched. */
	tunnel: Tunnel | null = null;
	readonly #socket: Duplex;
	readonly #early: Buffer;
	readonly #stopWatching: () => void;

	constructor(socket: Duplex, early: Buffer) {
		this.#socket = socket;
		this.#early = early;
		this.#stopWatching = watchEnd(socket);
	}

	/** The upstream has switched: its answer goes to the client, and the sockets are joined. */
	join(ctx: RequestContext, head: AnswerHead, upstream: Duplex): void {
		if (ctx.isOver || this.#socket.destroyed) {
			upstream.destroy();
			return;
		}
		this.isJoined = true;
		this.#stopWatching();
		ctx.isUpstreamAnswer = true;
		ctx.res.statusCode = head.status;
		ctx.res.detachSocket(ctx.socket);
		this.#socket.write(toHeadText(ctx, head), "latin1");
		// Through the tunnel as what follows them: their frames are counted.
		if (this.#early.length > 0) this.#socket.unshift(this.#early);
		this.tunnel = new Tunnel(this.#socket, upstream, {
			idleMs: ctx.plan.upgradeIdleMs,
			halfOpen: ctx.plan.upgradeHalfOpen,
			isWebSocket: ctx.head.upgrade?.trim().toLowerCase() === "websocket",
			watch: ctx.runtime.watch,
			onClosed: () => ctx.finish(),
		});
	}
}

function toHeadText(ctx: RequestContext, head: AnswerHead): string {
	let text = `HTTP/1.1 ${head.status} ${STATUS_CODES[head.status] ?? ""}\r\n`;
	text += `connection: upgrade\r\nupgrade: ${ctx.head.upgrade}\r\n`;
	const lines = ctx.responseHeaders?.apply(head.headers) ?? head.headers;
	for (let i = 0; i < lines.length; i += 2) {
		text += `${lines[i]}: ${lines[i + 1]}\r\n`;
	}
	return `${text}\r\n`;
}
