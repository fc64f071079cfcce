import type { Server } from "node:net";
import { announce, upstreamUrl } from "./contender.ts";
import { peer } from "./peer.ts";

interface App {
	readonly server: Server;
	register(plugin: unknown, options: object): void;
	listen(options: object): Promise<string>;
}

const app = peer<() => App>("fastify")();
app.register(peer("@fastify/http-proxy"), {
	upstream: upstreamUrl,
	undici: { connections: 512, pipelining: 1 },
});

const url = await app.listen({
	host: "127.0.0.1",
	port: Number(process.env.PORT ?? 0),
});
announce(Number(new URL(url).port));
