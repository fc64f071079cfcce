import type { AddressInfo } from "node:net";
import { announce, upstreamUrl } from "./contender.ts";
import { peer } from "./peer.ts";

interface Context {
	readonly req: { readonly raw: Request };
}

interface App {
	all(path: string, handler: (c: Context) => Promise<Response>): void;
	readonly fetch: unknown;
}

interface NodeServer {
	serve(options: object, onListen: (info: AddressInfo) => void): void;
}

type Proxy = (url: string, request: Request) => Promise<Response>;

const { Hono } = peer<{ Hono: new () => App }>("hono");
const { proxy } = peer<{ proxy: Proxy }>("hono/proxy");
const { serve } = peer<NodeServer>("@hono/node-server");

const app = new Hono();
app.all("*", (c) => {
	const { url } = c.req.raw;
	return proxy(upstreamUrl + url.slice(url.indexOf("/", 8)), c.req.raw);
});

serve(
	{
		fetch: app.fetch,
		hostname: "127.0.0.1",
		port: Number(process.env.PORT ?? 0),
	},
	({ port }) => announce(port),
);
