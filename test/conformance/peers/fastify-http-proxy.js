import fastifyHttpProxy from "@fastify/http-proxy";
import fastify from "fastify";

const settings = JSON.parse(process.argv[2] ?? "{}");
const app = fastify({
	requestTimeout: settings.clientMs,
	http: {
		headersTimeout: settings.clientMs,
		connectionsCheckingInterval: 200,
	},
});
await app.register(fastifyHttpProxy, {
	upstream: `http://127.0.0.1:${settings.upstreamPort}`,
	websocket: true,
	undici: {
		connections: 8,
		headersTimeout: settings.upstreamMs,
		bodyTimeout: settings.upstreamMs,
		connect: { timeout: settings.connectMs },
	},
});
await app.listen({ port: settings.port, host: "127.0.0.1" });
