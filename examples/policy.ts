// A policy of one's own: so many calls of a route at the same time, and no more.
//
//   npx node examples/policy.ts
//   for i in 1 2 3; do curl -si http://127.0.0.1:8000/report | head -n 1 & done; wait
//
// answers two of them with 200, after a second, and one with 503, at once.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { createGateway, type Policy, reply, route } from "../src/index.ts";

/** Admits `max` requests of each route at the same time; one more is a 503. */
function atMost(max: number): Policy {
	const admitted = Symbol("at-most");
	return {
		name: "at-most",
		docs: { responses: { 503: { description: "Too many at the same time." } } },
		forRoute() {
			let running = 0;
			return {
				onAdmit(ctx) {
					if (running >= max) {
						const detail = "Too many at the same time.";
						return reply(503, { detail }, { "retry-after": 1 });
					}
					running++;
					ctx.state.set(admitted, true);
					return undefined;
				},
				// Runs once for every request, refused ones and those whose client has left among them.
				onFinish(ctx) {
					if (ctx.state.has(admitted)) running--;
				},
			};
		},
	};
}

const service = createServer(async (_req, res) => {
	await setTimeout(1_000);
	res.end("done\n");
});
service.listen(0, "127.0.0.1");
await once(service, "listening");
const { port } = service.address() as AddressInfo;

const gateway = createGateway({
	routes: [
		route.get("/report", {
			upstream: `http://127.0.0.1:${port}`,
			policies: [atMost(2)],
		}),
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
