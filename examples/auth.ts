// Who may call: an API key, or a name with a password; pages of one other origin may ask too.
//
//   npx node examples/auth.ts
//   curl http://127.0.0.1:8000/orders                                  401
//   curl -u ada:sesame http://127.0.0.1:8000/orders                    orders of ada
//   curl -H 'x-api-key: KEY' http://127.0.0.1:8000/orders              orders of bob; KEY is printed at the start
//   curl -i -X OPTIONS -H 'origin: https://app.example' -H 'access-control-request-method: GET' http://127.0.0.1:8000/orders
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createGateway, route } from "../src/index.ts";
import { anyOf } from "../src/policies/auth/any-of.ts";
import { apiKey } from "../src/policies/auth/api-key.ts";
import { basic, hashPassword } from "../src/policies/auth/basic.ts";
import { createKey } from "../src/policies/auth/keys.ts";
import { cors } from "../src/policies/cors/cors.ts";

// What a database would hold: digests and hashes, nothing that opens a door.
const { key, digest } = createKey({ prefix: "demo" });
const owners = new Map([[digest, { id: "bob" }]]);
const users = [{ id: "ada", hash: await hashPassword("sesame") }];

const caller = anyOf(
	apiKey({ prefix: "demo", lookup: (_key, found) => owners.get(found) }),
	basic({ users }),
);

const service = createServer((req, res) => {
	const { authorization = "none", "x-caller": name } = req.headers;
	res.end(`orders of ${name}, authorization: ${authorization}\n`);
});
service.listen(0, "127.0.0.1");
await once(service, "listening");
const { port } = service.address() as AddressInfo;

const gateway = createGateway({
	policies: [cors({ origins: ["https://app.example"], credentials: true })],
	routes: [
		route.get("/orders", {
			upstream: `http://127.0.0.1:${port}`,
			dependencies: { caller },
			forward: { headers: (ctx) => ({ "x-caller": ctx.deps.caller.id }) },
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
console.log(`the key of bob is ${key}`);
console.log(`headgate answers on ${url}`);
