import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { createGateway, type Gateway, route, Type } from "../../src/index.ts";
import { startEcho } from "../helpers/echo.ts";
import { KeptLog } from "../helpers/kept-log.ts";
import { connectRaw } from "../helpers/raw-client.ts";

/** Somebody's own server with that listener. */
async function serve(
	t: TestContext,
	listener: RequestListener,
): Promise<number> {
	const server = createServer(listener);
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		server.closeAllConnections();
		server.close();
	});
	return (server.address() as AddressInfo).port;
}

async function createSample(t: TestContext): Promise<Gateway> {
	const { url: upstream } = await startEcho(t);
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		routes: [
			route.get("/local/:id", {
				path: { id: Type.Integer() },
				handler: (ctx) => ({ id: ctx.path.id, address: ctx.address }),
			}),
			route.post("/proxied", { upstream }),
			route.post("/body", { upstream, body: Type.Object({}) }),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return gateway;
}

suite("createServer(gateway.handler)", () => {
	test("answers by all the rules", async (t) => {
		const port = await serve(t, (await createSample(t)).handler);
		const origin = `http://127.0.0.1:${port}`;
		const local = await fetch(`${origin}/local/7`);
		assert.deepEqual(await local.json(), { id: 7, address: "127.0.0.1" });
		const wrong = await fetch(`${origin}/local/x`);
		assert.equal(wrong.status, 422);
		const nowhere = await fetch(`${origin}/nowhere`);
		assert.equal(nowhere.status, 404);
		const proxied = await fetch(`${origin}/proxied`, {
			method: "POST",
			body: "text",
		});
		const echo = (await proxied.json()) as { body: string };
		assert.equal(echo.body, "text");
	});

	test("keeps connections", async (t) => {
		const port = await serve(t, (await createSample(t)).handler);
		await using client = await connectRaw({ port });
		for (const id of [1, 2, 3]) {
			const answer = await client.exchange(
				`GET /local/${id} HTTP/1.1\r\nhost: a\r\n\r\n`,
			);
			assert.equal(answer.status, 200);
		}
	});

	test("handles part of what a server gets", async (t) => {
		const gateway = await createSample(t);
		const port = await serve(t, (req, res) => {
			if (req.url === "/own") res.end("own");
			else gateway.handler(req, res);
		});
		const own = await fetch(`http://127.0.0.1:${port}/own`);
		assert.equal(await own.text(), "own");
		const local = await fetch(`http://127.0.0.1:${port}/local/1`);
		assert.equal(local.status, 200);
	});

	test("keeps what was set on the response before", async (t) => {
		const gateway = await createSample(t);
		const port = await serve(t, (req, res) => {
			res.setHeader("x-before", "yes");
			gateway.handler(req, res);
		});
		for (const path of ["/local/1", "/nowhere"]) {
			const answer = await fetch(`http://127.0.0.1:${port}${path}`);
			assert.equal(answer.headers.get("x-before"), "yes", path);
		}
	});
});

suite("listen", () => {
	test("tells where it listens", async (t) => {
		const gateway = await createSample(t);
		const { url, host, port } = await gateway.listen();
		assert.equal(host, "127.0.0.1");
		assert.equal(url, `http://127.0.0.1:${port}`);
		assert.equal((await fetch(`${url}/local/1`)).status, 200);
	});

	test("may be called several times, and close ends all of them", async (t) => {
		const gateway = await createSample(t);
		const places = [await gateway.listen(), await gateway.listen()];
		assert.notEqual(places[0]?.port, places[1]?.port);
		await gateway.close();
		for (const { url } of places) await assert.rejects(fetch(url));
	});

	test("fails where the port is taken, and leaves nothing behind", async (t) => {
		const gateway = await createSample(t);
		const { port } = await gateway.listen();
		await assert.rejects(gateway.listen({ port }), { code: "EADDRINUSE" });
		await gateway.close();
	});

	test("fails when the gateway has been closed", async (t) => {
		const gateway = await createSample(t);
		await gateway.close();
		await assert.rejects(gateway.listen(), /has been closed/);
	});

	test("takes a Unix socket instead of a port", async (t) => {
		const gateway = await createSample(t);
		const path = `/tmp/headgate-${process.pid}-${Date.now()}.sock`;
		const { host, port } = await gateway.listen({ path });
		assert.deepEqual([host, port], [path, 0]);
		await using client = await connectRaw({ path });
		const answer = await client.exchange(
			"GET /local/1 HTTP/1.1\r\nhost: a\r\n\r\n",
		);
		assert.equal(answer.status, 200);
	});
});
