// Answers are stored, given again, and dropped by tag when they change.
//
//   npx node examples/cache.ts
//   curl -i http://127.0.0.1:8000/users/7    twice: the second is a hit
//   curl -X PUT http://127.0.0.1:8000/users/7
//   curl -X POST http://127.0.0.1:8000/purge/users
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createGateway, reply, route } from "../src/index.ts";
import { cache } from "../src/policies/cache/cache.ts";

let version = 1;
const service = createServer((req, res) => {
	req.resume();
	if (req.method === "PUT") version++;
	res.setHeader("cache-control", "max-age=60, stale-if-error=600");
	res.setHeader("cache-tag", "users");
	res.end(`${req.url} version ${version}\n`);
}).listen(0, "127.0.0.1");
await once(service, "listening");
const { port } = service.address() as AddressInfo;

const answers = cache();
const gateway = createGateway({
	policies: [answers],
	routes: [
		route.all("/users/:id", { upstream: `http://127.0.0.1:${port}` }),
		route.post("/purge/:tag", {
			handler: async ({ path }) =>
				reply(200, `${await answers.purge({ tag: path.tag })} dropped\n`),
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
