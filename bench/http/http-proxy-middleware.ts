import { Agent, createServer, type RequestListener } from "node:http";
import { listen, upstreamUrl } from "./contender.ts";
import { peer } from "./peer.ts";

interface Library {
	createProxyMiddleware(options: object): RequestListener;
}

const proxy = peer<Library>("http-proxy-middleware").createProxyMiddleware({
	target: upstreamUrl,
	agent: new Agent({ keepAlive: true, maxFreeSockets: 512 }),
});

listen(createServer(proxy));
