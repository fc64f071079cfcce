import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, type TestContext, test } from "node:test";
import express from "express";
import { WebSocket, WebSocketServer } from "ws";
import { createGateway, type Gateway, route } from "../../src/index.ts";
import { connectRaw } from "../helpers/raw-client.ts";

/** A service that tells, over HTTP and over WebSockets, for what path it was asked. */
async function startService(t: TestContext): Promise<string> {
	const service = createServer((req, res) => res.end(`http ${req.url}`));
	const sockets = new WebSocketServer({ server: service });
	sockets.on("connection", (socket, req) => socket.send(`ws ${req.url}`));
	const port = await listen(t, service);
	t.after(() => sockets.close());
	return `http://127.0.0.1:${port}`;
}

async function listen(t: TestContext, server: Server): Promise<number> {
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		server.closeAllConnections();
		server.close();
	});
	return (server.address() as AddressInfo).port;
}

/** Express with a gateway under /api, whose route is /chat. */
async function startExpress(
	t: TestContext,
): Promise<{ server: Server; port: number; gateway: Gateway }> {
	const upstream = await startService(t);
	const gateway = createGateway({
		routes: [
			route.get("/chat", { upstream }),
			route.get("/plain", { upstream, upgrades: [] }),
			route.get("/", { upstream }),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const app = express();
	app.use("/api", gateway.handler);
	const server = createServer(app);
	server.on("upgrade", gateway.upgradeAt("/api"));
	return { server, port: await listen(t, server), gateway };
}

async function speak(url: string): Promise<string> {
	const socket = new WebSocket(url);
	const [first] = await Promise.race([
		once(socket, "message"),
		once(socket, "unexpected-response").then(([, res]) => [
			`status ${res.statusCode}`,
		]),
	]);
	socket.on("error", () => undefined);
	socket.terminate();
	return String(first);
}

suite("mounted in Express under /api", () => {
	test("HTTP and WebSockets reach the same routes", async (t) => {
		const { port } = await startExpress(t);
		const at = `127.0.0.1:${port}`;
		const got = await fetch(`http://${at}/api/chat?a=1`);
		assert.equal(await got.text(), "http /chat?a=1");
		assert.equal(await speak(`ws://${at}/api/chat?a=1`), "ws /chat?a=1");
		assert.equal(await speak(`ws://${at}/API/chat`), "ws /chat");
		assert.equal(await speak(`ws://${at}/api`), "ws /");
		assert.equal(await speak(`ws://${at}/api?b=2`), "ws /?b=2");
	});

	test("WebSockets of other paths are a 404", async (t) => {
		const { port } = await startExpress(t);
		for (const path of ["/chat", "/apis/chat", "/api2", "/ap", "//api/chat"]) {
			const found = await speak(`ws://127.0.0.1:${port}${path}`);
			assert.equal(found, "status 404", path);
		}
		assert.equal(await speak(`ws://127.0.0.1:${port}/api/none`), "status 404");
	});

	test("WebSockets of other paths are left to who else listens for them", async (t) => {
		const { server, port } = await startExpress(t);
		const sockets = new WebSocketServer({ noServer: true });
		t.after(() => sockets.close());
		server.on("upgrade", (req, socket, head) => {
			if (req.url !== "/own") return;
			sockets.handleUpgrade(req, socket, head, (own) => own.send("own"));
		});
		assert.equal(await speak(`ws://127.0.0.1:${port}/own`), "own");
		assert.equal(await speak(`ws://127.0.0.1:${port}/api/chat`), "ws /chat");
	});

	test("an upgrade that the route does not take goes through Express as a plain request", async (t) => {
		const { port } = await startExpress(t);
		const client = await connectRaw({ port });
		await client.send(
			"GET /api/plain HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n",
		);
		const { status, body } = await client.readResponse();
		assert.equal(status, 200);
		assert.equal(String(body), "http /plain");
	});

	test("upgradeAt takes a path alone", async (t) => {
		const { gateway } = await startExpress(t);
		for (const path of ["", "api", "/", "/api/", "/a?b", 5, undefined]) {
			assert.throws(() => gateway.upgradeAt(path as string), {
				name: "TypeError",
				message: /^upgradeAt: the path must be a path such as \/api, got /,
			});
		}
	});
});
