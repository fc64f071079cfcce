import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";
import {
	type ClientOptions,
	type ServerOptions,
	WebSocket,
	WebSocketServer,
} from "ws";
import {
	createGateway,
	type Gateway,
	type Outcome,
	type RouteOptions,
	route,
} from "../../src/index.ts";

/** The largest message that the services of these tests take, in bytes. */
const maxPayload = 32 * 1024 * 1024;

/** A WebSocket service of the `ws` package. */
export interface Service {
	readonly url: string;
	readonly server: WebSocketServer;
	/** The handshakes it got. */
	readonly requests: readonly IncomingMessage[];
	/** The other end of the next connection. */
	accepted(): Promise<WebSocket>;
}

/** Starts a service; its connections are cut when the test is over. */
export async function startService(
	t: TestContext,
	options: ServerOptions = {},
): Promise<Service> {
	const http = createServer();
	const requests: IncomingMessage[] = [];
	const server = new WebSocketServer({ server: http, maxPayload, ...options });
	http.on("upgrade", (request) => requests.push(request));
	http.listen(0, "127.0.0.1");
	await once(http, "listening");
	t.after(() => {
		for (const one of server.clients) one.terminate();
		server.close();
		http.close();
		http.closeAllConnections();
	});
	const { port } = http.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		server,
		requests,
		accepted: async () => {
			const [socket] = (await once(server, "connection")) as [WebSocket];
			return socket;
		},
	};
}

/** A gateway with one route, and how the requests on it ended. */
export interface Front {
	readonly gateway: Gateway;
	readonly port: number;
	readonly url: string;
	readonly outcomes: readonly Outcome[];
}

/** Starts a gateway in front of a service. */
export async function startFront(
	t: TestContext,
	upstream: string,
	options: Partial<RouteOptions> = {},
): Promise<Front> {
	const outcomes: Outcome[] = [];
	const gateway = createGateway({
		docs: false,
		routes: [route.all("/*", { upstream, ...options } as { upstream: string })],
		policies: [
			{
				name: "watcher",
				forRoute: () => ({ onFinish: (_, outcome) => outcomes.push(outcome) }),
			},
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const { port } = await gateway.listen();
	return { gateway, port, url: `ws://127.0.0.1:${port}/socket`, outcomes };
}

/** Opens a WebSocket; it is cut when the test is over. */
export async function open(
	t: TestContext,
	url: string,
	protocols: string | string[] = [],
	options: ClientOptions = {},
): Promise<WebSocket> {
	const socket = new WebSocket(url, protocols, { maxPayload, ...options });
	t.after(() => socket.terminate());
	await once(socket, "open");
	return socket;
}

/** A WebSocket through a gateway, both of its ends, and what is between. */
export interface Pair {
	readonly client: WebSocket;
	readonly service: WebSocket;
	readonly front: Front;
}

/** Opens a WebSocket through a gateway of its own. */
export async function openPair(
	t: TestContext,
	options: Partial<RouteOptions> = {},
): Promise<Pair> {
	const started = await startService(t);
	const front = await startFront(t, started.url, options);
	const accepted = started.accepted();
	const client = await open(t, front.url);
	return { client, service: await accepted, front };
}

/** The next message. */
export async function message(
	socket: WebSocket,
): Promise<{ data: Buffer; isBinary: boolean }> {
	const [data, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
	return { data, isBinary };
}

/** How it closed. */
export async function closed(
	socket: WebSocket,
): Promise<{ code: number; reason: string }> {
	const [code, reason] = (await once(socket, "close")) as [number, Buffer];
	return { code, reason: reason.toString() };
}

/** The connection under a WebSocket, to stop reading or to hurt it. */
export function socketOf(socket: WebSocket): Socket {
	return (socket as unknown as { _socket: Socket })._socket;
}
