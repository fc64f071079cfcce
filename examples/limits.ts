// How much may be asked for: what is too much is refused, or waits for its turn.
//
//   npx node examples/limits.ts
//   for i in 1 2 3 4; do curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8000/search; done          200 200 200 429
//   for i in 1 2 3 4; do curl -s http://127.0.0.1:8000/render & done; wait                                    one every 200 ms
//   curl -i http://127.0.0.1:8000/search                                                                      ratelimit, retry-after
//   for i in 1 2; do curl -s -o /dev/null -w '%{http_code}\n' -H 'x-tenant: b' http://127.0.0.1:8000/export; done   200 429
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createGateway, route } from "../src/index.ts";
import { rateLimit } from "../src/policies/rate-limit/rate-limit.ts";

const service = createServer((req, res) => {
	res.end(`${req.url} after ${Math.round(process.uptime() * 1000)} ms\n`);
}).listen(0, "127.0.0.1");
await once(service, "listening");
const { port } = service.address() as AddressInfo;
const api = route.with({ upstream: `http://127.0.0.1:${port}` });

const search = rateLimit({
	name: "search",
	limits: [
		{ name: "burst", limit: 3, windowMs: 60_000 },
		{ name: "day", algorithm: "fixed-window", limit: 1_000, window: "day" },
	],
});

// The service renders five a second, whoever asks: the rest wait for their turn.
const render = rateLimit({
	name: "render",
	by: "endpoint",
	limit: 5,
	windowMs: 1_000,
	burst: 1,
	overflow: { queueMs: 10_000, max: 50 },
});

// Each tenant has 10 units a minute, and an export takes 6 of them; one that fails takes none.
const units = rateLimit({
	name: "units",
	limit: 10,
	window: "minute",
	key: (ctx) => ctx.req.headers["x-tenant"]?.toString(),
	cost: (ctx) => (ctx.route.path === "/export" ? 6 : 1),
	refund: true,
});

const gateway = createGateway({
	policies: [units],
	routes: [
		api.get("/search", { policies: [search] }),
		api.get("/render", { policies: [render] }),
		api.get("/export", {}),
	],
});

const { url } = await gateway.listen({
	port: Number(process.env.PORT ?? 8000),
});

async function stop(): Promise<void> {
	await gateway.close();
	service.close();
}
process.once("SIGINT", stop).once("SIGTERM", stop);
console.log(`headgate answers on ${url}`);
