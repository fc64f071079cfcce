// Three plans for API keys, tokens and nobody, in front of a small service.
//
//   npm run example:plans
//   REDIS_URL=redis://127.0.0.1:6379 npm run example:plans      shares its counters with others that do the same
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose";
import { createKey } from "../../src/policies/auth/keys.ts";
import type { Consumer, LimitStore } from "../../src/policies/plans/plans.ts";
import { createPlansGateway } from "./gateway.ts";

const { PORT = "8000", REDIS_URL = "" } = process.env;

const service = createServer((req, res) => {
	const { "x-consumer-id": id = "nobody", "x-consumer-plan": plan = "none" } =
		req.headers;
	res.end(`${req.url} for ${id}, plan ${plan}\n`);
});
service.listen(0, "127.0.0.1");
await once(service, "listening");
const { port } = service.address() as AddressInfo;

// What a database would hold: digests, nothing that opens a door.
const ada = createKey({ prefix: "demo" });
const bob = createKey({ prefix: "demo" });
const owners = new Map<string, Consumer>([
	[ada.digest, { id: "ada", plan: "pro" }],
	[bob.digest, { id: "bob", plan: "free" }],
]);
const secret = randomBytes(32);
const token = await new SignJWT({ plan: "pro" })
	.setProtectedHeader({ alg: "HS256" })
	.setIssuer("https://issuer.example/")
	.setAudience("demo")
	.setSubject("eve")
	.setExpirationTime("1h")
	.sign(secret);

/** Loaded only where it is used: it needs the package ioredis. */
async function openRedis(url: string): Promise<LimitStore> {
	const file = "../../src/policies/rate-limit/store/redis.ts";
	const { redisStore } = (await import(file)) as {
		redisStore(options: { readonly url: string }): LimitStore;
	};
	return redisStore({ url });
}

const gateway = createPlansGateway({
	serviceUrl: `http://127.0.0.1:${port}`,
	owners,
	secret,
	...(REDIS_URL === "" ? {} : { store: await openRedis(REDIS_URL) }),
});
const { url } = await gateway.listen({ port: Number(PORT) });

async function stop(): Promise<void> {
	await gateway.close();
	service.close();
}
process.once("SIGINT", stop).once("SIGTERM", stop);

console.log(`headgate answers on ${url}, and counts ${REDIS_URL === "" ? "here" : "in Redis"}

nobody, 5 a minute; a search costs 5, the export is denied:
  curl -i ${url}/words/tree
  curl -i ${url}/search
  curl -i ${url}/export

bob, plan free, 20 a minute and 100 a day:
  curl -i -H 'x-api-key: ${bob.key}' ${url}/search

ada, plan pro, 600 a minute and 10,000 a day; an export costs 100, and there are 2 an hour:
  curl -i -H 'x-api-key: ${ada.key}' ${url}/export

eve, plan pro, by a token that ends in an hour:
  curl -i -H 'authorization: Bearer ${token}' ${url}/words/tree

The docs are at ${url}/docs`);
