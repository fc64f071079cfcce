import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { createGateway, type GatewayOptions, route } from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { Authority } from "../helpers/certificates.ts";
import { connectRaw, type RawClient } from "../helpers/raw-client.ts";
import { request } from "../integration/wire-stage.ts";

const most = 3;

async function start(
	t: TestContext,
	options: Partial<GatewayOptions> = {},
	tls?: object,
): Promise<(host?: string) => Promise<RawClient>> {
	const gateway = createGateway({
		docs: false,
		limits: { connectionsPerAddress: most },
		routes: [route.get("/", { handler: () => "ok" })],
		...options,
	});
	const { port } = await startGateway(t, gateway, {
		host: "127.0.0.1",
		...(tls === undefined ? {} : { tls }),
	});
	return async () => {
		const client = await connectRaw({
			port,
			...(tls === undefined ? {} : { tls: { rejectUnauthorized: false } }),
		});
		t.after(() => client.close());
		return client;
	};
}

async function isServed(client: RawClient): Promise<boolean> {
	const response = await client.exchange(request("GET /")).catch(() => null);
	return response?.status === 200;
}

suite("limits.connectionsPerAddress", () => {
	test("closes one more at once, and takes the next when one has gone", async (t) => {
		const connect = await start(t);
		const clients: RawClient[] = [];
		for (let i = 0; i < most; i++) clients.push(await connect());
		for (const client of clients) assert.equal(await isServed(client), true);
		assert.equal(await isServed(await connect()), false);
		await clients[0]?.close();
		// The gateway sees the end in one of its next turns.
		let isFree = false;
		for (let i = 0; i < 50 && !isFree; i++) {
			isFree = await isServed(await connect());
		}
		assert.equal(isFree, true);
		for (const client of clients.slice(1)) {
			assert.equal(await isServed(client), true);
		}
	});

	test("counts connections of TLS once", async (t) => {
		const connect = await start(t, {}, new Authority().issue("localhost"));
		for (let i = 0; i < most; i++) {
			assert.equal(await isServed(await connect()), true);
		}
		await assert.rejects(async () => {
			assert.equal(await isServed(await connect()), true);
		});
	});

	for (const [what, options] of [
		["is off by default", { limits: {} }],
		["exempts trusted proxies", { trustedProxies: ["127.0.0.0/8"] }],
	] as const)
		test(what, async (t) => {
			const connect = await start(t, options);
			for (let i = 0; i < most * 3; i++) {
				assert.equal(await isServed(await connect()), true);
			}
		});
});
