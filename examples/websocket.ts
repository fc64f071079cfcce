// A WebSocket through the gateway: a ticket is checked before the service hears of it.
//
//   npx node examples/websocket.ts
//   curl http://127.0.0.1:8000/ticket
//
// then, in the console of a browser or of node:
//
//   socket = new WebSocket("ws://127.0.0.1:8000/chat/moon?ticket=THE_TICKET");
//   socket.onmessage = ({ data }) => console.log(data);
//   socket.onopen = () => socket.send("hello");
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import {
	createGateway,
	dependency,
	HttpError,
	input,
	reply,
	route,
	Type,
} from "../src/index.ts";

const service = createServer();
const chat = new WebSocketServer({ server: service });
chat.on("connection", (socket, req) => {
	socket.on("message", (data) => socket.send(`${req.url} ${data}`));
});
service.listen(0, "127.0.0.1");
await once(service, "listening");
const { port } = service.address() as AddressInfo;

const tickets = new Set<string>();

/** Good for one connection. */
const ticket = dependency(
	{ ticket: input.query("ticket", Type.Optional(Type.String())) },
	(needs) => {
		if (!tickets.delete(needs.ticket ?? "")) throw new HttpError(403);
	},
	{ name: "ticket" },
);

const gateway = createGateway({
	routes: [
		route.get("/ticket", {
			handler: () => {
				const made = randomUUID();
				tickets.add(made);
				return reply(200, made);
			},
		}),
		route.get("/chat/:room", {
			upstream: `http://127.0.0.1:${port}`,
			// The ticket is the gateway's alone.
			query: "drop",
			dependencies: { ticket },
			upgradeIdleMs: 10 * 60_000,
		}),
	],
});

const { url } = await gateway.listen({
	port: Number(process.env.PORT ?? 8000),
});

async function stop(): Promise<void> {
	// Open sockets are told 1001, going away.
	await gateway.close();
	service.close();
}
process.once("SIGINT", stop).once("SIGTERM", stop);
console.log(`headgate answers on ${url}`);
