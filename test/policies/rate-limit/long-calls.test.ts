import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket } from "ws";
import { createGateway, route } from "../../../src/index.ts";
import { rateLimit } from "../../../src/policies/rate-limit/rate-limit.ts";
import { startGateway } from "../../../src/testing.ts";
import { startService } from "../../integration/websocket-stage.ts";

const oneAtATime = { algorithm: "concurrency", limit: 1 } as const;

/** Asks until somebody is let in: a place is free once the gateway has seen the end of who had it. */
async function untilAdmitted(ask: () => Promise<number>): Promise<void> {
	while ((await ask()) === 429);
}

test("a WebSocket keeps its place until it ends, whoever ends it", async (t) => {
	const service = await startService(t);
	const gateway = createGateway({
		docs: false,
		policies: [rateLimit(oneAtATime)],
		routes: [route.get("/*", { upstream: service.url })],
	});
	const { url } = await startGateway(t, gateway);
	const connect = async (): Promise<WebSocket | number> => {
		const socket = new WebSocket(url.replace("http", "ws"));
		const { promise, resolve } = Promise.withResolvers<WebSocket | number>();
		socket.on("open", () => resolve(socket));
		socket.on("unexpected-response", (_req, res) => {
			res.resume();
			resolve(res.statusCode as number);
		});
		return promise;
	};
	let open = await connect();
	const ends = [
		(one: WebSocket) => one.close(),
		(one: WebSocket) => one.terminate(),
		() => {
			for (const one of service.server.clients) one.terminate();
		},
	];
	for (const end of ends) {
		assert.ok(open instanceof WebSocket);
		open.on("error", () => {});
		assert.equal(await connect(), 429);
		end(open);
		await untilAdmitted(async () => {
			open = await connect();
			return open instanceof WebSocket ? 101 : open;
		});
	}
	assert.ok(open instanceof WebSocket);
	open.terminate();
});

test("an answer that streams keeps its place until its last byte, or until its client leaves", async (t) => {
	const streams: ServerResponse[] = [];
	const service = createServer((_req, res) => {
		streams.push(res);
		res.write("begun");
	}).listen(0, "127.0.0.1");
	await once(service, "listening");
	t.after(() => {
		service.close();
		service.closeAllConnections();
	});
	const { port } = service.address() as AddressInfo;
	const gateway = createGateway({
		docs: false,
		policies: [rateLimit(oneAtATime)],
		routes: [route.get("/*", { upstream: `http://127.0.0.1:${port}` })],
	});
	const { url } = await startGateway(t, gateway);
	let last = await fetch(url);
	const admit = () =>
		untilAdmitted(async () => {
			last = await fetch(url);
			if (last.status === 429) await last.arrayBuffer();
			return last.status;
		});
	assert.equal(last.status, 200);
	const refused = await fetch(url);
	assert.equal(refused.status, 429);
	await refused.arrayBuffer();
	streams[0]?.end();
	assert.equal(await last.text(), "begun");
	await admit();
	assert.equal(streams.length, 2);
	await last.body?.cancel();
	await admit();
	assert.equal(streams.length, 3);
	streams[2]?.end();
	assert.equal(await last.text(), "begun");
});
