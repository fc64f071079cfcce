import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
	createGateway,
	type Gateway,
	type RouteOptions,
	route,
} from "../../src/index.ts";
import { connectRaw, type RawClient } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import {
	type RawConnection,
	type RawUpstream,
	startRawUpstream,
} from "../helpers/raw-upstream.ts";

/** Before, it takes the body of an upgrade for bytes of the new protocol. */
const readsBodies = Number(process.versions.node.split(".")[0]) >= 26;

interface Scene {
	readonly upstream: RawUpstream;
	readonly gateway: Gateway;
	readonly client: RawClient;
}

/** Whether the gateway's own server takes the upgrade, or one that embeds it: before node 22.21 those get every Upgrade. */
type Host = "own" | "embedding";

async function setUp(
	t: TestContext,
	options: Partial<RouteOptions> = {},
	host: Host = "own",
): Promise<Scene> {
	const upstream = await startRawUpstream();
	t.after(() => upstream.close());
	const gateway = createGateway({
		docs: false,
		routes: [
			route.all("/*", { upstream: upstream.url, ...options } as {
				upstream: string;
			}),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const port =
		host === "own" ? (await gateway.listen()).port : await embed(t, gateway);
	const client = await connectRaw({ port });
	t.after(() => client.close());
	return { upstream, gateway, client };
}

async function embed(t: TestContext, gateway: Gateway): Promise<number> {
	const server = createServer(gateway.handler);
	server.on("upgrade", gateway.upgrade);
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		server.close();
		server.closeAllConnections();
	});
	return (server.address() as AddressInfo).port;
}

function asks(protocol: string, method = "GET", ...lines: string[]): string {
	const upgrade = ["Connection: Upgrade", `Upgrade: ${protocol}`];
	return head(`${method} /t HTTP/1.1`, "Host: x", ...upgrade, ...lines);
}

function switches(protocol: string, ...headers: string[]): string {
	const upgrade = ["Connection: Upgrade", `Upgrade: ${protocol}`];
	return head("HTTP/1.1 101 Switching Protocols", ...upgrade, ...headers);
}

/** Switches, and gives back the upstream's end. `behind` leaves with the 101. */
async function join(
	{ upstream, client }: Scene,
	protocol = "websocket",
	early = "",
	behind = "",
	method = "GET",
): Promise<RawConnection> {
	const { promise, resolve } = Promise.withResolvers<RawConnection>();
	upstream.script = async (_request, connection) => {
		connection.takeOver();
		await connection.send(switches(protocol) + behind);
		resolve(connection);
	};
	void client.send(asks(protocol, method) + early);
	const answer = await client.readHead();
	assert.equal(answer.status, 101);
	assert.equal(answer.header("upgrade"), protocol);
	return promise;
}

for (const host of ["own", "embedding"] as const)
	suite(`tunnels of a gateway with ${host} server`, () => {
		// RFC 9110 section 7.8
		test("a protocol that the route allows is switched to", async (t) => {
			const scene = await setUp(t, { upgrades: ["foo"] }, host);
			const service = await join(scene, "foo", "early", "behind");
			await scene.client.send(" and late");
			await service.waitForText("early and late");
			await scene.client.waitForText("behind");
		});

		// docker and kubectl ask so.
		for (const method of ["POST", "PUT"])
			test(`${method} may ask for it as well`, async (t) => {
				const scene = await setUp(t, { upgrades: ["tcp"] }, host);
				const service = await join(scene, "tcp", "early", "behind", method);
				await service.waitForText("early");
				await scene.client.waitForText("behind");
				assert.equal(scene.upstream.requests[0]?.method, method);
			});

		// docker exec describes what it runs in the body.
		for (const pieces of readsBodies ? [1, 2, 3] : [])
			test(`POST may ask for it with a body that comes in ${pieces} pieces`, async (t) => {
				const scene = await setUp(t, { upgrades: ["tcp"] }, host);
				const { upstream, client } = scene;
				let service: RawConnection | null = null;
				upstream.script = async (one, connection) => {
					connection.takeOver();
					await one.whole;
					await connection.send(`${switches("tcp")}hi`);
					service = connection;
				};
				const bytes = `${asks("tcp", "POST", "Content-Length: 5")}hello`;
				const rest = pieces === 1 ? "" : bytes.slice(-3 * (pieces - 1));
				await client.send(bytes.slice(0, bytes.length - rest.length));
				for (const piece of rest.match(/.{3}/gs) ?? []) {
					await delay(30);
					await client.send(piece);
				}
				assert.equal((await client.readHead("POST")).status, 101);
				await client.waitForText("hi");
				assert.equal(upstream.requests[0]?.body.toString(), "hello");
				await client.send("input");
				await (service as RawConnection | null)?.waitForText("input");
				client.halfClose();
				await client.closed(3_500);
			});

		test("a client that leaves with its body sent ends the call", async (t) => {
			const { upstream, client } = await setUp(t, { upgrades: ["tcp"] }, host);
			upstream.script = () => undefined;
			await client.send(asks("tcp", "POST", "Content-Length: 5"));
			await delay(20);
			await client.send("hello");
			await upstream.request();
			client.halfClose();
			await upstream.connections[0]?.closed(500);
		});

		// RFC 6455 section 4.1
		test("but not for WebSocket", async (t) => {
			const { upstream, client } = await setUp(t, {}, host);
			const response = await client.exchange(
				asks("websocket", "POST", "Content-Length: 0"),
			);
			assert.equal(response.status, 200);
			assert.equal(upstream.requests[0]?.header("upgrade"), undefined);
		});

		test("then WebSocket is an ordinary request, if it is not among them", async (t) => {
			const { upstream, client } = await setUp(t, { upgrades: ["foo"] }, host);
			const answer = await client.exchange(asks("websocket"));
			assert.equal(answer.status, 200);
			assert.equal(upstream.requests[0]?.header("upgrade"), undefined);
			assert.equal(upstream.requests[0]?.header("connection"), "keep-alive");
		});

		test("a route may allow none", async (t) => {
			const { upstream, client } = await setUp(t, { upgrades: [] }, host);
			const answer = await client.exchange(asks("websocket"));
			assert.equal(answer.status, 200);
			assert.equal(upstream.requests[0]?.header("upgrade"), undefined);
		});

		test("an upstream's refusal reaches the client, body and all", async (t) => {
			const { upstream, client } = await setUp(t, {}, host);
			upstream.script = (_request, connection) =>
				connection.reply(401, "no entry", "www-authenticate: Basic");
			const answer = await client.exchange(asks("websocket"));
			assert.equal(answer.status, 401);
			assert.equal(answer.body.toString(), "no entry");
			assert.equal(answer.header("www-authenticate"), "Basic");
			assert.equal(answer.header("connection"), "close");
			await client.closed();
		});

		test("a client that leaves while the upstream is asked ends that", async (t) => {
			const { upstream, client } = await setUp(t, {}, host);
			upstream.script = () => undefined;
			await client.send(asks("websocket"));
			await upstream.request();
			client.halfClose();
			await upstream.connections[0]?.closed(500);
		});
	});

suite("tunnels", () => {
	// RFC 9110 section 7.8: nobody may switch to what was not asked for.
	for (const protocol of ["foo", "websocket, foo", "h2c"])
		test(`an upstream that switches to ${protocol} instead is a 502`, async (t) => {
			const { upstream, client } = await setUp(t);
			upstream.script = (_request, connection) =>
				connection.send(switches(protocol));
			assert.equal((await client.exchange(asks("websocket"))).status, 502);
			await upstream.connections[0]?.closed(500);
		});

	test("everything sent before the end arrives, however slowly it is read", async (t) => {
		const scene = await setUp(t);
		const service = await join(scene, "websocket");
		const size = 12 * 1024 * 1024;
		scene.client.pause();
		const before = scene.client.bytesReceived;
		const sent = service.send(Buffer.alloc(size, 1));
		service.halfClose();
		await delay(200);
		scene.client.resume();
		assert.equal(await sent, true);
		await scene.client.closed(5_000);
		assert.equal(scene.client.state, "ended");
		assert.equal(scene.client.bytesReceived - before, size);
	});

	test("a client's last words arrive as well", async (t) => {
		const scene = await setUp(t);
		const service = await join(scene, "websocket");
		service.pause();
		const size = 12 * 1024 * 1024;
		const before = service.bytesReceived;
		const sent = scene.client.send(Buffer.alloc(size, 1));
		scene.client.halfClose();
		await delay(200);
		service.resume();
		assert.equal(await sent, true);
		await service.closed(5_000);
		assert.equal(service.bytesReceived - before, size);
	});

	for (const ends of ["client", "service"] as const)
		for (const isBusy of [false, true])
			test(`the ${ends}'s end ends the other side within seconds, even one that ${isBusy ? "sends on" : "is silent"}`, async (t) => {
				const scene = await setUp(t);
				const service = await join(scene);
				const [ending, other] =
					ends === "client" ? [scene.client, service] : [service, scene.client];
				const sending = setInterval(() => {
					if (isBusy && other.isOpen) void other.send("x");
				}, 100);
				t.after(() => clearInterval(sending));
				ending.halfClose();
				await Promise.all([ending.closed(3_500), other.closed(3_500)]);
			});

	test("what a client that has ended does not read holds the service for 10 s at the most", async (t) => {
		const scene = await setUp(t);
		const service = await join(scene);
		scene.client.pause();
		void service.send(Buffer.alloc(12 * 1024 * 1024));
		scene.client.halfClose();
		await service.closed(5_000);
		const before = scene.client.bytesReceived;
		scene.client.resume();
		await scene.client.closed(5_000);
		assert.ok(scene.client.bytesReceived > before);
	});

	test("a route may leave one side open after the end of the other", async (t) => {
		const scene = await setUp(t, { upgrades: ["tcp"], upgradeHalfOpen: true });
		const service = await join(scene, "tcp");
		scene.client.halfClose();
		for (let i = 0; i < 6; i++) {
			await delay(500);
			await service.send(`${i}`);
		}
		await scene.client.waitForText("012345");
		service.halfClose();
		await scene.client.closed(1_000);
	});

	test("silence both ways for upgradeIdleMs ends it", async (t) => {
		const scene = await setUp(t, { upgradeIdleMs: 400 });
		const service = await join(scene);
		const startedMs = performance.now();
		for (const side of [scene.client, service, scene.client, service]) {
			await delay(200);
			await side.send("x");
		}
		assert.ok(scene.client.isOpen && service.isOpen, "it was cut in use");
		await Promise.all([scene.client.closed(), service.closed()]);
		assert.ok(performance.now() - startedMs > 1_200, "it was cut too early");
	});

	// RFC 6455 section 5.4: frames of others are not broken into.
	test("closing says 1001 between frames, and nothing within one", async (t) => {
		const going = "\x88\x02\x03\xe9";
		for (const [behind, says] of [
			["", true],
			["\x81\x05hello", true],
			["\x81\x05hel", false],
			["\x81", false],
		] as const) {
			const scene = await setUp(t);
			await join(scene, "websocket", "", behind);
			await scene.client.waitForText(`\r\n\r\n${behind}`);
			void scene.gateway.close({ timeoutMs: 1_000 });
			await scene.client.closed();
			assert.equal(scene.client.text.endsWith(behind + going), says);
			if (!says) assert.ok(scene.client.text.endsWith(behind));
		}
	});

	test("closing counts frames from the bytes that came with the handshake", async (t) => {
		const going = "\x88\x82\0\0\0\0\x03\xe9";
		for (const [early, says] of [
			["\x81\x85\0\0\0\0hello", true],
			["\x81\x85\0\0\0\0hel", false],
		] as const) {
			const scene = await setUp(t);
			const service = await join(scene, "websocket", early);
			await service.waitForText(early);
			void scene.gateway.close({ timeoutMs: 1_000 });
			await service.closed();
			assert.equal(service.text.endsWith(early + going), says);
			if (!says) assert.ok(service.text.endsWith(early));
		}
	});
});
