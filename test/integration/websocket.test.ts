import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";
import {
	closed,
	message,
	open,
	openPair,
	socketOf,
	startFront,
	startService,
} from "./websocket-stage.ts";

const megabyte = 1024 * 1024;

suite("a WebSocket through the gateway", () => {
	// RFC 6455 section 1.9
	test("agrees on a sub-protocol", async (t) => {
		const service = await startService(t, {
			handleProtocols: (offered) => [...offered].at(-1) ?? false,
		});
		const { url } = await startFront(t, service.url);
		const socket = await open(t, url, ["chat", "superchat"]);
		assert.equal(socket.protocol, "superchat");
		const [request] = service.requests;
		assert.equal(request?.headers["sec-websocket-protocol"], "chat,superchat");
	});

	// RFC 7692
	test("agrees on compression, which goes through untouched", async (t) => {
		const service = await startService(t, { perMessageDeflate: true });
		const { url } = await startFront(t, service.url);
		const accepted = service.accepted();
		const client = await open(t, url);
		assert.match(client.extensions, /permessage-deflate/);
		const other = await accepted;
		client.send("a".repeat(100_000));
		const { data } = await message(other);
		assert.equal(data.toString(), "a".repeat(100_000));
	});

	test("tells the service who calls, and keeps path, query and headers", async (t) => {
		const service = await startService(t);
		const { port } = await startFront(t, service.url);
		const url = `ws://127.0.0.1:${port}/room/7?token=a%20b&x=1`;
		await open(t, url, [], {
			origin: "http://page.test",
			headers: { cookie: "a=1", "x-forwarded-for": "6.6.6.6" },
		});
		const [request] = service.requests;
		assert.equal(request?.url, "/room/7?token=a%20b&x=1");
		assert.equal(request?.headers.origin, "http://page.test");
		assert.equal(request?.headers.cookie, "a=1");
		assert.equal(request?.headers["x-forwarded-for"], "127.0.0.1");
	});

	test("carries text and bytes both ways", async (t) => {
		const { client, service } = await openPair(t);
		const directions = [
			[client, service],
			[service, client],
		] as const;
		for (const [from, to] of directions) {
			from.send("h\u00e9llo \u{1f600}");
			const text = await message(to);
			assert.equal(text.data.toString(), "h\u00e9llo \u{1f600}");
			assert.equal(text.isBinary, false);
			from.send(Buffer.from([0, 255, 13, 10]));
			const bytes = await message(to);
			assert.deepEqual([...bytes.data], [0, 255, 13, 10]);
			assert.equal(bytes.isBinary, true);
		}
	});

	// RFC 6455 section 5.5.2
	test("carries pings and pongs both ways", async (t) => {
		const { client, service } = await openPair(t);
		for (const socket of [client, service]) {
			socket.ping("are you there");
			const [answer] = await once(socket, "pong");
			assert.equal(String(answer), "are you there");
		}
	});

	test("carries messages of 10 MB both ways at once", async (t) => {
		const { client, service } = await openPair(t);
		const up = randomBytes(10 * megabyte);
		const down = randomBytes(10 * megabyte);
		const got = Promise.all([message(service), message(client)]);
		client.send(up);
		service.send(down);
		const [atService, atClient] = await got;
		assert.ok(atService.data.equals(up));
		assert.ok(atClient.data.equals(down));
	});

	// RFC 6455 section 7.4
	for (const [code, reason] of [
		[1000, "done"],
		[1001, ""],
		[1011, "failed"],
		[4321, "\u00e9 of our own"],
	] as const)
		test(`carries the close code ${code} both ways`, async (t) => {
			for (const side of ["client", "service"] as const) {
				const pair = await openPair(t);
				const ends = Promise.all([closed(pair.client), closed(pair.service)]);
				pair[side].close(code, reason);
				for (const end of await ends) assert.deepEqual(end, { code, reason });
			}
		});

	test("ends as 1006 for the one whose other end has died", async (t) => {
		for (const side of ["client", "service"] as const) {
			const pair = await openPair(t);
			const other = pair[side === "client" ? "service" : "client"];
			const end = closed(other);
			socketOf(pair[side]).resetAndDestroy();
			assert.equal((await end).code, 1006);
		}
	});

	test("is reported when it has ended, as one request with status 101", async (t) => {
		const { client, service, front } = await openPair(t);
		assert.equal(front.outcomes.length, 0);
		const ends = Promise.all([closed(client), closed(service)]);
		client.close();
		await ends;
		while (front.outcomes.length === 0) await delay(5);
		const [outcome] = front.outcomes;
		assert.equal(outcome?.status, 101);
		assert.equal(outcome?.source, "upstream");
		assert.equal(outcome?.code, null);
	});
});

/** Sends megabytes until so many have been asked for, and waits until no more go out. */
async function fill(from: WebSocket, count: number): Promise<number> {
	for (let n = 0; n < count; n++) from.send(Buffer.alloc(megabyte, n));
	let before = -1;
	while (from.bufferedAmount !== before) {
		before = from.bufferedAmount;
		await delay(150);
	}
	return before;
}

suite("a slow reader", () => {
	for (const side of ["client", "service"] as const)
		test(`at the ${side} stops the sender, and gets everything in the end`, async (t) => {
			const pair = await openPair(t);
			const reader = pair[side];
			const sender = pair[side === "client" ? "service" : "client"];
			const count = 48;
			socketOf(reader).pause();
			const left = await fill(sender, count);
			// What is not left lies in the buffers of the two connections.
			assert.ok(left > 24 * megabyte, `only ${left} bytes were held back`);
			let received = 0;
			const all = new Promise<void>((resolve) => {
				reader.on("message", (data: Buffer) => {
					assert.equal(data[0], received++);
					if (received === count) resolve();
				});
			});
			socketOf(reader).resume();
			await all;
		});

	test("gets what was sent before the end", async (t) => {
		const { client, service } = await openPair(t);
		socketOf(client).pause();
		const left = await fill(service, 12);
		assert.ok(left > 0, "nothing was held back");
		let received = 0;
		client.on("message", () => received++);
		const end = closed(client);
		service.close(1000, "that was all");
		// The service is done, and its connection gone, long before the client reads.
		await delay(300);
		socketOf(client).resume();
		assert.deepEqual(await end, { code: 1000, reason: "that was all" });
		assert.equal(received, 12);
	});
});
