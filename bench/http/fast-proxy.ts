import { createServer, type RequestListener } from "node:http";
import { listen, upstreamUrl } from "./contender.ts";
import { peer } from "./peer.ts";

type Proxy = (
	...args: [...Parameters<RequestListener>, string, object]
) => void;
type FastProxy = (options: object) => { proxy: Proxy };

const { proxy } = peer<FastProxy>("fast-proxy")({
	base: upstreamUrl,
	undici: { connections: 512, pipelining: 1 },
});

listen(createServer((req, res) => proxy(req, res, req.url as string, {})));
