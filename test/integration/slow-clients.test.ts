import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
	type GatewayLimits,
	type Route,
	reply,
	route,
	type Upstream,
} from "../../src/index.ts";
import { within } from "../helpers/byte-reader.ts";
import { Authority } from "../helpers/certificates.ts";
import { connectRaw, type RawClient } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import type { RawConnection } from "../helpers/raw-upstream.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

/** More than a system keeps of a response for a client that does not read. */
const size = 30_000_000;
const sendIdleMs = 600;
/** A tick of the watch, and a busy machine. */
const soonMs = 1_500;

function start(
	t: TestContext,
	limits: Partial<GatewayLimits>,
	routes?: (target: Upstream) => readonly Route[],
): Promise<WireStage> {
	return startWireStage(t, {
		gateway: { limits },
		...(routes === undefined ? {} : { routes }),
	});
}

/** Sends a body of {@link size} after its head, with a length, in chunks, or up to the end of the connection. */
function sendsMuch(framing: "length" | "chunks" | "close") {
	return async (_one: unknown, connection: RawConnection): Promise<void> => {
		const lines = {
			length: [`Content-Length: ${size}`],
			chunks: ["Transfer-Encoding: chunked"],
			close: ["Connection: close"],
		}[framing];
		void connection.send(head("HTTP/1.1 200 OK", ...lines));
		if (framing !== "chunks") void connection.send(Buffer.alloc(size, 97));
		else {
			void connection.send(`${size.toString(16)}\r\n`);
			void connection.send(Buffer.alloc(size, 97));
			void connection.send("\r\n0\r\n\r\n");
		}
		if (framing === "close") connection.halfClose();
	};
}

async function assertCut(stage: WireStage, startMs: number): Promise<void> {
	const { status, code } = await stage.ended(1, sendIdleMs + soonMs);
	assert.ok(performance.now() - startMs >= sendIdleMs, "it was cut too early");
	assert.deepEqual([status, code], [499, "ERR_CLIENT_GONE"]);
	for (const connection of stage.upstream.connections) {
		await connection.until(() => !connection.isOpen, "its end", 500);
	}
	assert.deepEqual(stage.errors, []);
}

suite("a client that does not read its response", () => {
	for (const framing of ["length", "chunks", "close"] as const)
		for (const version of ["1.0", "1.1"])
			test(`is cut after sendIdleMs, and its service is free (${framing}, HTTP/${version})`, async (t) => {
				const stage = await start(t, { sendIdleMs });
				stage.upstream.script = sendsMuch(framing);
				const client = await stage.connect();
				client.pause();
				const startMs = performance.now();
				await client.send(`GET / HTTP/${version}\r\nHost: g\r\n\r\n`);
				await assertCut(stage, startMs);
				// It is never taken for whole.
				client.resume();
				await client.closed(5_000);
				assert.notEqual(client.state, version === "1.0" ? "ended" : "open");
				assert.ok(client.bytesReceived < size);
			});

	test("is cut as well when the service has ended", async (t) => {
		const stage = await start(t, { sendIdleMs }, () => [
			route.get("/", { handler: () => reply(200, Buffer.alloc(size)) }),
		]);
		const client = await stage.connect();
		client.pause();
		const startMs = performance.now();
		await client.send(request("GET /"));
		await assertCut(stage, startMs);
	});

	test("is cut as well where a handler streams", async (t) => {
		const ended = Promise.withResolvers<void>();
		async function* bytes(): AsyncGenerator<Buffer> {
			try {
				for (;;) yield Buffer.alloc(65_536);
			} finally {
				ended.resolve();
			}
		}
		const stage = await start(t, { sendIdleMs }, () => [
			route.get("/", { handler: () => reply(200, bytes()) }),
		]);
		const client = await stage.connect();
		client.pause();
		const startMs = performance.now();
		await client.send(request("GET /"));
		await assertCut(stage, startMs);
		await within(ended.promise, 500, "the end of the stream");
	});

	test("is cut as well over TLS", async (t) => {
		const stage = await start(t, { sendIdleMs });
		stage.upstream.script = sendsMuch("length");
		const { port } = await stage.gateway.listen({
			tls: new Authority().issue("localhost"),
		});
		const client = await connectRaw({
			port,
			tls: { rejectUnauthorized: false },
		});
		t.after(() => client.close());
		client.pause();
		const startMs = performance.now();
		await client.send(request("GET /"));
		await assertCut(stage, startMs);
	});

	test("is cut by a route's own limit", async (t) => {
		const stage = await start(t, {}, (target) => [
			route.get("/", { upstream: target, limits: { sendIdleMs } }),
		]);
		stage.upstream.script = sendsMuch("length");
		const client = await stage.connect();
		client.pause();
		const startMs = performance.now();
		await client.send(request("GET /"));
		await assertCut(stage, startMs);
	});

	test("is cut at its second response, too", async (t) => {
		const stage = await start(t, { sendIdleMs });
		const client = await stage.connect();
		await client.exchange(request("GET /"));
		stage.upstream.script = sendsMuch("length");
		client.pause();
		await client.send(request("GET /"));
		await stage.ended(2, sendIdleMs + soonMs);
		assert.equal(stage.outcomes[1]?.status, 499);
	});

	test("is one of ten that hold a pool of ten only for so long", async (t) => {
		const count = 10;
		const stage = await startWireStage(t, {
			gateway: { limits: { sendIdleMs } },
			upstream: { pool: { connections: count } },
		});
		stage.upstream.script = sendsMuch("length");
		const clients: RawClient[] = [];
		for (let i = 0; i < count; i++) clients.push(await stage.connect());
		for (const client of clients) {
			client.pause();
			void client.send(request("GET /"));
		}
		await stage.upstream.request(count - 1);
		stage.upstream.script = (_one, connection) => connection.reply(200, "ok");
		const next = await stage.connect();
		const { status } = await next.exchange(request("GET /"));
		assert.equal(status, 200);
	});
});

suite("a client that is not the slow side", { concurrency: 4 }, () => {
	const limits = { sendIdleMs: 300, bodyIdleMs: 300, minBytesPerSecond: 1e9 };

	test("is never cut while its service is slow to send", async (t) => {
		const stage = await start(t, limits);
		stage.upstream.script = async (_one, connection) => {
			await connection.send(head("HTTP/1.1 200 OK", "Content-Length: 5"));
			for (const byte of "hello") {
				await delay(1_200);
				await connection.send(byte);
			}
		};
		const client = await stage.connect();
		await client.send(request("GET /"));
		const { body, complete } = await client.readResponse("GET", 10_000);
		assert.deepEqual([body.toString(), complete], ["hello", true]);
	});

	test("is never cut while its service is slow to read", async (t) => {
		const stage = await startWireStage(t, {
			gateway: { limits },
			raw: { keepBodies: false },
		});
		stage.upstream.onConnection = (connection) => connection.pause();
		const client = await stage.connect();
		void client.send(request("POST /", `Content-Length: ${size}`));
		void client.send(Buffer.alloc(size));
		await stage.upstream.until(
			() => stage.upstream.connections.length === 1,
			"a connection",
		);
		await delay(6_000);
		stage.upstream.connections[0]?.resume();
		assert.equal((await client.readResponse("POST", 10_000)).status, 200);
	});

	test("is never cut while it waits for its response", async (t) => {
		const stage = await start(t, limits);
		stage.upstream.script = async (_one, connection) => {
			await delay(6_000);
			await connection.reply(200, "late");
		};
		const client = await stage.connect();
		await client.send(`${request("POST /", "Content-Length: 5")}hello`);
		const { body } = await client.readResponse("POST", 10_000);
		assert.equal(body.toString(), "late");
	});

	test("is never cut once it has been upgraded", async (t) => {
		const stage = await start(t, limits);
		const opened = Promise.withResolvers<RawConnection>();
		stage.upstream.script = async (_one, connection) => {
			connection.takeOver();
			const lines = ["Connection: Upgrade", "Upgrade: websocket"];
			await connection.send(head("HTTP/1.1 101 Switching Protocols", ...lines));
			opened.resolve(connection);
		};
		const client = await stage.connect();
		await client.send(
			request("GET /", "Connection: Upgrade", "Upgrade: websocket"),
		);
		assert.equal((await client.readHead()).status, 101);
		const service = await opened.promise;
		client.pause();
		void service.send(Buffer.alloc(size));
		await delay(1_000);
		client.resume();
		await client.until(() => client.bytesReceived > size, "all", 5_000);
	});
});

suite("a client that stalls for less than sendIdleMs", () => {
	test("gets its whole response", async (t) => {
		const stage = await start(t, { sendIdleMs: 2_000 });
		stage.upstream.script = sendsMuch("length");
		const client = await stage.connect();
		await client.send(request("GET /"));
		void client.readHead();
		for (let i = 0; i < 4; i++) {
			client.pause();
			await delay(700);
			client.resume();
			await delay(20);
		}
		await client.until(() => client.bytesReceived > size, "all", 10_000);
	});
});

suite("limits.minBytesPerSecond", { concurrency: 4 }, () => {
	/** A byte each 250 ms, until the connection ends. */
	async function trickle(client: RawClient): Promise<number> {
		const startMs = performance.now();
		while (client.isOpen && performance.now() - startMs < 20_000) {
			void client.send("x");
			await delay(250);
		}
		return performance.now() - startMs;
	}

	test("is a 408 for an upload that trickles, after 5 s of grace, and frees the service", async (t) => {
		const stage = await start(t, {});
		const client = await stage.connect();
		await client.send(request("POST /", "Content-Length: 1000000"));
		const tookMs = await trickle(client);
		assert.ok(tookMs > 5_000 && tookMs < 8_000, `${tookMs} ms`);
		const response = await client.readResponse();
		assert.equal(response.status, 408);
		const [connection] = stage.upstream.connections;
		await connection?.until(() => !connection.isOpen, "its end", 500);
	});

	test("leaves an upload alone that is a little faster", async (t) => {
		const stage = await start(t, { minBytesPerSecond: 10 });
		const client = await stage.connect();
		const count = 40;
		await client.send(request("POST /", `Content-Length: ${count * 5}`));
		for (let i = 0; i < count; i++) {
			await client.send("xxxxx");
			await delay(200);
		}
		assert.equal((await client.readResponse()).status, 200);
	});

	test("may be turned off by a route", async (t) => {
		const stage = await start(t, {}, (target) => [
			route.post("/", { upstream: target, limits: { minBytesPerSecond: 0 } }),
		]);
		const client = await stage.connect();
		await client.send(request("POST /", "Content-Length: 30"));
		for (let i = 0; i < 30; i++) {
			await client.send("x");
			await delay(250);
		}
		assert.equal((await client.readResponse()).status, 200);
	});

	test("is held to by clients that read", async (t) => {
		const stage = await start(t, { minBytesPerSecond: 20_000_000 });
		stage.upstream.script = sendsMuch("length");
		const client = await stage.connect();
		client.pause();
		const startMs = performance.now();
		await client.send(request("GET /"));
		await stage.ended(1, 9_000);
		assert.ok(performance.now() - startMs > 5_000);
		assert.equal(stage.outcomes[0]?.status, 499);
	});
});
