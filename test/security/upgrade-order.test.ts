import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { createGateway, type Gateway, route } from "../../src/index.ts";
import { connectRaw, type RawClient } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import { type RawUpstream, startRawUpstream } from "../helpers/raw-upstream.ts";

/** A gateway that listens itself, and one that a server without `shouldUpgradeCallback` embeds, as node had them before 22.21. */
const hosts = {
	"its own server": async (gateway: Gateway) => (await gateway.listen()).port,
	"an embedding server": async (gateway: Gateway, t: TestContext) => {
		const server = createServer(gateway.handler);
		server.on("upgrade", gateway.upgrade);
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		t.after(() => {
			server.close();
			server.closeAllConnections();
		});
		return (server.address() as AddressInfo).port;
	},
} as const;

interface Scene {
	readonly upstream: RawUpstream;
	readonly client: RawClient;
	readonly port: number;
}

async function setUp(t: TestContext, host: keyof typeof hosts): Promise<Scene> {
	const upstream = await startRawUpstream();
	t.after(() => upstream.close());
	upstream.script = async (request, connection) => {
		const body = await request.whole;
		await connection.reply(200, `${request.target} ${body}`);
	};
	const gateway = createGateway({
		docs: false,
		routes: [route.all("/*", { upstream: upstream.url })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const port = await hosts[host](gateway, t);
	const client = await connectRaw({ port });
	t.after(() => client.close());
	return { upstream, client, port };
}

function get(path: string, ...headers: string[]): string {
	return head(`GET ${path} HTTP/1.1`, "Host: x", ...headers);
}

const h2c = [
	"Connection: Upgrade, HTTP2-Settings",
	"Upgrade: h2c",
	"HTTP2-Settings: AAMAAABkAAQAAP__",
] as const;
const websocket = [
	"Connection: Upgrade",
	"Upgrade: websocket",
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	"Sec-WebSocket-Version: 13",
] as const;

for (const host of Object.keys(hosts) as (keyof typeof hosts)[]) {
	// RFC 9112 section 9.3.2, RFC 9110 section 7.8
	test(`requests behind one that asks for h2c are answered, in ${host}`, async (t) => {
		const { upstream, client } = await setUp(t, host);
		void client.send(get("/1", ...h2c) + get("/2", ...h2c) + get("/3"));
		for (const path of ["/1 ", "/2 ", "/3 "]) {
			const answer = await client.readResponse();
			assert.equal(answer.status, 200);
			assert.equal(answer.body.toString(), path);
		}
		const [first] = upstream.requests;
		assert.equal(first?.header("upgrade"), undefined);
		assert.equal(first?.header("http2-settings"), undefined);
		assert.ok(client.isOpen);
	});

	test(`a body that asks for h2c goes on, and nothing behind it is misread, in ${host}`, async (t) => {
		const { upstream, client, port } = await setUp(t, host);
		const post = head(
			"POST /post HTTP/1.1",
			"Host: x",
			"Content-Length: 5",
			...h2c,
		);
		void client.send(`${post}hello${get("/behind")}`);
		const answer = await client.readResponse("POST");
		assert.equal(answer.body.toString(), "/post hello");
		if (answer.header("connection") === "close") {
			await client.closed();
			assert.equal(upstream.requests.length, 1);
		} else {
			const second = await client.readResponse();
			assert.equal(second.body.toString(), "/behind ");
		}
		await using other = await connectRaw({ port });
		const chunked = post.replace(
			"Content-Length: 5",
			"Transfer-Encoding: chunked",
		);
		void other.sendPieces([chunked, "5\r\nhe", "llo\r\n0\r\n\r\n"]);
		const third = await other.readResponse("POST");
		assert.equal(third.body.toString(), "/post hello");
	});

	test(`an upgrade waits for the answers before it, in ${host}`, async (t) => {
		const { upstream, client } = await setUp(t, host);
		upstream.script = async (request, connection) => {
			if (request.target === "/slow") await upstream.request(1).catch(() => 0);
			await connection.reply(200, request.target);
		};
		void client.send(get("/1") + get("/2") + get("/ws", ...websocket));
		for (const path of ["/1", "/2", "/ws"]) {
			const answer = await client.readResponse();
			assert.equal(answer.body.toString(), path);
		}
	});

	test(`a client that leaves behind a waiting upgrade harms nothing, in ${host}`, async (t) => {
		const { upstream, client, port } = await setUp(t, host);
		upstream.script = () => undefined;
		void client.send(get("/silent") + get("/ws", ...websocket));
		await upstream.request(0);
		client.reset();
		await upstream.connections[0]?.closed();
		upstream.script = (_request, connection) => connection.reply(200, "alive");
		await using other = await connectRaw({ port });
		assert.equal((await other.exchange(get("/"))).body.toString(), "alive");
	});
}

// RFC 9112 section 9.3.2
test("the refusal of CONNECT waits for the answers before it", async (t) => {
	const { client } = await setUp(t, "its own server");
	void client.send(
		`${get("/1")}${head("CONNECT x:1 HTTP/1.1", "Host: x:1")}${get("/2")}`,
	);
	assert.equal((await client.readResponse()).body.toString(), "/1 ");
	assert.equal((await client.readResponse()).status, 405);
	await client.closed();
});

test("the connection of a rejected CONNECT ends: its body is never read as a request", async (t) => {
	const { port, upstream } = await setUp(t, "its own server");
	for (const [line, body] of [
		["Content-Length: 40", get("/body")],
		["Transfer-Encoding: chunked", `28\r\n${get("/body")}`],
		["Transfer-Encoding: chunked", `5\r\nhello\r\n0\r\n\r\n${get("/body")}`],
	] as const) {
		await using one = await connectRaw({ port });
		await one.send(head("CONNECT x:1 HTTP/1.1", "Host: x:1", line) + body);
		const response = await one.readResponse();
		assert.equal(response.status, 405);
		assert.equal(response.header("connection"), "close");
		await one.send(get("/after"));
		assert.notEqual(await one.closed(3_000), "open");
		assert.equal(one.reader.available, 0);
	}
	assert.equal(upstream.requests.length, 0);
});

test("a client that resets after CONNECT harms nothing", async (t) => {
	const { client, port } = await setUp(t, "its own server");
	await client.send(head("CONNECT x:1 HTTP/1.1", "Host: x:1"));
	await client.waitForText("HTTP/1.1 405");
	await client.send("x".repeat(100_000));
	client.reset();
	for (let round = 0; round < 20; round++) {
		await using other = await connectRaw({ port });
		await other.send(head("CONNECT x:1 HTTP/1.1", "Host: x:1"));
		other.reset();
	}
	await using other = await connectRaw({ port });
	assert.equal((await other.exchange(get("/"))).status, 200);
});
