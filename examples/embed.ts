// A gateway inside a server of your own: some paths are yours, the rest is the gateway's.
//
//   npx node examples/embed.ts
//   curl http://127.0.0.1:8000/version
//   curl http://127.0.0.1:8000/api/hello
//
// docs/operations.md lists what node's own server does not do by itself.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createGateway, route } from "../src/index.ts";

const service = createServer((req, res) =>
	res.end(`the service got ${req.url}\n`),
);
service.listen(0, "127.0.0.1");
await once(service, "listening");
const { port: servicePort } = service.address() as AddressInfo;

const gateway = createGateway({
	routes: [
		route.all("/api/*", {
			upstream: `http://127.0.0.1:${servicePort}`,
			upstreamPath: "/*",
		}),
	],
});

const server = createServer({ requestTimeout: 0 }, (req, res) => {
	if (req.url === "/version") res.end("1.0.0\n");
	else gateway.handler(req, res);
});
server.on("checkContinue", gateway.handler);
server.on("upgrade", gateway.upgrade);
server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;

async function stop(): Promise<void> {
	server.close();
	// Waits for the requests that it has; ends WebSockets and streams of events.
	await gateway.close({ timeoutMs: 10_000 });
	service.close();
}
process.once("SIGINT", stop).once("SIGTERM", stop);
console.log(`headgate answers on http://127.0.0.1:${port}`);
