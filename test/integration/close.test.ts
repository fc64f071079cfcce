import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { reply, route, type Upstream } from "../../src/index.ts";
import { within } from "../helpers/byte-reader.ts";
import { connectRaw, type RawClient } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import type { RawConnection } from "../helpers/raw-upstream.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

/** All that has ended is gone in far less; the deadline is 30 s. */
const soonMs = 500;
/** The second in which a request may still be on its way. */
const graceMs = 1_000;
const chunkedHead = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
const eventsHead = head(
	"HTTP/1.1 200 OK",
	"Content-Type: text/event-stream",
	"Transfer-Encoding: chunked",
);

/** Holds each request at the upstream until it is taken. */
function holdAll(stage: WireStage): () => Promise<RawConnection> {
	const held: RawConnection[] = [];
	let wake = (): void => undefined;
	stage.upstream.script = (_one, connection) => {
		held.push(connection);
		wake();
	};
	return async () => {
		const { promise, resolve } = Promise.withResolvers<void>();
		wake = resolve;
		if (held.length === 0)
			await within(promise, 2_500, "a request at the upstream");
		return held.shift() as RawConnection;
	};
}

async function begin(
	stage: WireStage,
	bytes: string,
): Promise<[RawClient, RawConnection]> {
	const next = holdAll(stage);
	const client = await stage.connect();
	await client.send(bytes);
	return [client, await next()];
}

function closeSoon(stage: WireStage): Promise<void> {
	return within(stage.gateway.close(), soonMs, "the gateway's close");
}

suite("close()", () => {
	test("ends idle connections after a second, in which a request that was on its way is served", async (t) => {
		const stage = await startWireStage(t);
		const used = await stage.connect();
		await used.exchange(request("GET /"));
		const late = await stage.connect();
		await late.exchange(request("GET /"));
		const fresh = await stage.connect();
		const startMs = performance.now();
		const closing = stage.gateway.close();
		await delay(graceMs / 2);
		const served = await late.exchange(request("GET /"));
		assert.deepEqual(
			[served.status, served.header("connection")],
			[200, "close"],
		);
		assert.equal(await late.closed(graceMs / 4), "ended");
		await within(closing, graceMs / 2 + soonMs, "the gateway's close");
		// A timer of node's may fire a millisecond before its time.
		assert.ok(performance.now() - startMs >= graceMs - 5);
		assert.equal(await used.closed(soonMs), "ended");
		assert.equal(await fresh.closed(soonMs), "ended");
		assert.equal(fresh.bytesReceived, 0);
	});

	test("takes no new connections", async (t) => {
		const stage = await startWireStage(t);
		await closeSoon(stage);
		await assert.rejects(connectRaw({ port: stage.port }), {
			code: "ECONNREFUSED",
		});
	});

	test("lets a request finish whose answer has not begun, and says that it is the last", async (t) => {
		const stage = await startWireStage(t);
		const [client, connection] = await begin(stage, request("GET /"));
		const closing = stage.gateway.close();
		await connection.reply(200, "finished");
		const answer = await client.readResponse();
		assert.equal(answer.body.toString(), "finished");
		assert.equal(answer.header("connection"), "close");
		assert.equal(await client.closed(soonMs), "ended");
		await within(closing, soonMs, "the gateway's close");
	});

	test("lets an answer finish that has begun, and then ends its connection", async (t) => {
		const stage = await startWireStage(t);
		const [client, connection] = await begin(stage, request("GET /"));
		await connection.send(`${chunkedHead}5\r\nhello\r\n`);
		await client.waitForText("hello");
		const closing = stage.gateway.close();
		await connection.send("6\r\n world\r\n0\r\n\r\n");
		const answer = await client.readResponse();
		assert.deepEqual(
			[answer.body.toString(), answer.complete],
			["hello world", true],
		);
		assert.equal(await client.closed(soonMs), "ended");
		await within(closing, soonMs, "the gateway's close");
	});

	test("lets an upload finish", async (t) => {
		const stage = await startWireStage(t);
		const [client, connection] = await begin(
			stage,
			`${request("POST /", "Content-Length: 10")}hello`,
		);
		const closing = stage.gateway.close();
		await client.send("world");
		assert.equal(
			(await connection.requests[0]?.whole)?.toString(),
			"helloworld",
		);
		await connection.reply(200, "stored");
		assert.equal((await client.readResponse()).body.toString(), "stored");
		await within(closing, soonMs, "the gateway's close");
	});

	test("answers every pipelined request that it has taken, in order, and ends behind the last", async (t) => {
		const stage = await startWireStage(t, {
			gateway: { limits: { pipelined: 3 } },
		});
		const next = holdAll(stage);
		const client = await stage.connect();
		await client.send(
			request("GET /1") +
				request("POST /2", "Content-Length: 0") +
				request("GET /3"),
		);
		const held = [await next(), await next(), await next()];
		const closing = stage.gateway.close();
		for (const connection of held.reverse())
			await connection.reply(200, connection.requests[0]?.target);
		const answers = [];
		for (let i = 0; i < 3; i++) answers.push(await client.readResponse());
		assert.deepEqual(
			answers.map((one) => one.body.toString()),
			["/1", "/2", "/3"],
		);
		assert.equal(answers[2]?.header("connection"), "close");
		assert.equal(await client.closed(soonMs), "ended");
		await within(closing, soonMs, "the gateway's close");
	});

	test("calls no upstream for what comes behind an answer that said close", async (t) => {
		const stage = await startWireStage(t);
		const [client, connection] = await begin(stage, request("GET /1"));
		const closing = stage.gateway.close();
		await connection.send(`${chunkedHead}5\r\nhello\r\n`);
		await client.waitForText("hello");
		await client.send(request("POST /2", "Content-Length: 0"));
		await connection.send("0\r\n\r\n");
		assert.equal((await client.readResponse()).header("connection"), "close");
		await closing;
		assert.deepEqual(
			stage.upstream.requests.map((one) => one.target),
			["/1"],
		);
	});

	test("ends a stream of events cleanly, its upstream's too", async (t) => {
		const stage = await startWireStage(t);
		const [client, connection] = await begin(stage, request("GET /"));
		await connection.send(`${eventsHead}9\r\ndata: 1\n\n\r\n`);
		await client.waitForText("data: 1");
		await closeSoon(stage);
		const answer = await client.readResponse();
		assert.deepEqual(
			[answer.body.toString(), answer.complete],
			["data: 1\n\n", true],
		);
		await connection.until(
			() => !connection.isOpen,
			"the end of the call",
			soonMs,
		);
	});

	test("ends a stream of events that begins only now", async (t) => {
		const stage = await startWireStage(t);
		const [client, connection] = await begin(stage, request("GET /"));
		const closing = stage.gateway.close();
		await connection.send(`${eventsHead}9\r\ndata: 1\n\n\r\n`);
		assert.ok((await client.readResponse()).complete);
		await within(closing, soonMs, "the gateway's close");
	});

	test("ends a stream of events of a handler's own", async (t) => {
		let isEnded = false;
		async function* events(): AsyncGenerator<string> {
			try {
				yield "data: 1\n\n";
				await new Promise(() => undefined);
			} finally {
				isEnded = true;
			}
		}
		const stage = await startWireStage(t, {
			routes: () => [
				route.get("/", {
					handler: () =>
						reply(200, events(), { "content-type": "text/event-stream" }),
				}),
			],
		});
		const client = await stage.connect();
		await client.send(request("GET /"));
		await client.waitForText("data: 1");
		await closeSoon(stage);
		assert.ok((await client.readResponse()).complete);
		assert.equal(
			isEnded,
			false,
			"a generator that waits for ever can not be ended",
		);
	});

	test("finishes the head that is coming in", async (t) => {
		const stage = await startWireStage(t);
		const client = await stage.connect();
		await client.send("GET / HTTP/1.1\r\nHost: g");
		// Both have been read when this one has been answered.
		const other = await stage.connect();
		await other.exchange(request("GET /"));
		await other.close();
		const closing = stage.gateway.close();
		await delay(graceMs + 100);
		await client.send("\r\n\r\n");
		const answer = await client.readResponse();
		assert.deepEqual(
			[answer.status, answer.header("connection")],
			[200, "close"],
		);
		await within(closing, soonMs, "the gateway's close");
	});

	test("gives the same promise again, whatever the second time-out", async (t) => {
		const stage = await startWireStage(t);
		const [client, connection] = await begin(stage, request("GET /"));
		const closing = stage.gateway.close();
		assert.equal(stage.gateway.close({ timeoutMs: 0 }), closing);
		await connection.reply(200, "finished");
		assert.equal((await client.readResponse()).status, 200);
		await closing;
		assert.equal(stage.gateway.close(), closing);
	});

	for (const [what, answer] of [
		["has not begun", ""],
		["has begun", `${chunkedHead}5\r\nhello\r\n`],
	] as const)
		test(`cuts a request off at its deadline whose answer ${what}`, async (t) => {
			const stage = await startWireStage(t);
			const [client, connection] = await begin(stage, request("GET /"));
			if (answer !== "") {
				await connection.send(answer);
				await client.waitForText("hello");
			}
			const startMs = performance.now();
			await stage.gateway.close({ timeoutMs: 300 });
			const tookMs = performance.now() - startMs;
			// A timer of node's may fire a millisecond before its time.
			assert.ok(tookMs >= 295 && tookMs < 300 + soonMs, `${tookMs} ms`);
			assert.notEqual(
				(await client.readResponse().catch(() => null))?.complete,
				true,
			);
			await connection.until(
				() => !connection.isOpen,
				"the end of the call",
				soonMs,
			);
			assert.equal((await stage.ended()).complete, false);
		});
});

suite("a gateway that has been closed", () => {
	test("takes no injected request and listens no more", async (t) => {
		const stage = await startWireStage(t);
		await stage.gateway.close();
		await assert.rejects(stage.gateway.inject("/"), /has been closed/);
		await assert.rejects(stage.gateway.listen(), /has been closed/);
	});

	test("has answered the injected requests that it had taken", async (t) => {
		const stage = await startWireStage(t);
		const next = holdAll(stage);
		const injected = stage.gateway.inject("/");
		const connection = await next();
		const closing = stage.gateway.close();
		await connection.reply(200, "injected");
		assert.equal((await injected).body, "injected");
		await within(closing, soonMs, "the gateway's close");
	});

	test("does not listen after all when it was closed meanwhile", async (t) => {
		const stage = await startWireStage(t, {
			routes: (target: Upstream) => [route.get("/", { upstream: target })],
		});
		const listening = stage.gateway.listen();
		await stage.gateway.close();
		const { port } = await listening.catch(() => ({ port: 0 }));
		if (port > 0)
			await assert.rejects(connectRaw({ port }), { code: "ECONNREFUSED" });
	});
});
