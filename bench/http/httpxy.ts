import { Agent, createServer, type RequestListener } from "node:http";
import { listen, upstreamUrl } from "./contender.ts";
import { peer } from "./peer.ts";

interface Library {
	createProxyServer(options: object): { web: RequestListener };
}

const proxy = peer<Library>("httpxy").createProxyServer({
	target: upstreamUrl,
	agent: new Agent({ keepAlive: true, maxFreeSockets: 512 }),
});

listen(createServer((req, res) => proxy.web(req, res)));
