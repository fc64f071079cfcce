// Who calls, found out once, before the service is asked; a value that cleans up behind itself.
//
//   npx node examples/dependencies.ts
//   curl http://127.0.0.1:8000/orders                              401
//   curl -H 'cookie: session=s-2' http://127.0.0.1:8000/orders     403
//   curl -H 'cookie: session=s-1' http://127.0.0.1:8000/orders     200
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
	createGateway,
	dependency,
	HttpError,
	input,
	route,
	Type,
} from "../src/index.ts";

interface User {
	readonly name: string;
	readonly roles: readonly string[];
}

const sessions = new Map<string, User>([
	["s-1", { name: "ada", roles: ["buyer"] }],
	["s-2", { name: "bob", roles: [] }],
]);

/** Needs a cookie; without a known one nobody gets past it. */
const user = dependency(
	{ session: input.cookie("session", Type.Optional(Type.String())) },
	async ({ session = "" }) => {
		const found = sessions.get(session);
		if (found === undefined) throw new HttpError(401, "Log in first.");
		return found;
	},
	{ name: "user" },
);

/** Needs another dependency, which resolves once however many ask for it. */
const buyer = dependency(
	{ user },
	(needs) => {
		if (!needs.user.roles.includes("buyer")) throw new HttpError(403);
		return needs.user.name;
	},
	{ name: "buyer" },
);

/** What stands behind the yield runs when the request is over, whatever became of it. */
const traced = dependency(async function* traced(ctx) {
	console.log(`begin ${ctx.method} ${ctx.url}`);
	try {
		yield ctx.id;
	} finally {
		console.log(`end ${ctx.method} ${ctx.url}`);
	}
});

const service = createServer((req, res) => {
	res.end(`orders of ${req.headers["x-buyer"]}\n`);
});
service.listen(0, "127.0.0.1");
await once(service, "listening");
const { port } = service.address() as AddressInfo;

const gateway = createGateway({
	routes: [
		route.get("/orders", {
			upstream: `http://127.0.0.1:${port}`,
			dependencies: { traced, buyer },
			forward: { headers: (ctx) => ({ "x-buyer": ctx.deps.buyer }) },
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
