import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
	file,
	type Route,
	route,
	Type,
	type Upstream,
} from "../../src/index.ts";
import { request, startWireStage } from "./wire-stage.ts";

const limits = { headersMs: 400, bodyIdleMs: 400, keepAliveMs: 300 };
const json = "Content-Type: application/json";
const multipart = "Content-Type: multipart/form-data; boundary=b";
const filePart =
	'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nhello';

interface Row {
	readonly what: string;
	readonly send: string;
	readonly options?: (target: Upstream) => Route["options"];
}

/** RFC 9110 section 15.5.9. */
const silences: readonly Row[] = [
	{
		what: "within a body that streams",
		send: `${request("POST /", "Content-Length: 10")}hello`,
	},
	{
		what: "before the first byte of a body",
		send: request("POST /", "Content-Length: 10"),
	},
	{
		what: "within a chunk",
		send: `${request("POST /", "Transfer-Encoding: chunked")}a\r\nhello`,
	},
	{
		what: "before the last chunk",
		send: `${request("POST /", "Transfer-Encoding: chunked")}5\r\nhello\r\n`,
	},
	{
		what: "after 100 Continue",
		send: request("POST /", "Content-Length: 10", "Expect: 100-continue"),
	},
	{
		what: "within a declared body",
		send: `${request("POST /json", json, "Content-Length: 10")}{"a":`,
	},
	{
		what: "within a file",
		send: `${request("POST /form", multipart, "Content-Length: 1000")}${filePart}`,
	},
];

function routes(target: Upstream): readonly Route[] {
	return [
		route.post("/json", { upstream: target, body: Type.Object({}) }),
		route.post("/form", { upstream: target, form: { f: file() } }),
		route.all("/*", { upstream: target }),
	];
}

suite("a client's silence", () => {
	for (const { what, send } of silences)
		test(`${what} is a 408, once, and ends both connections`, async (t) => {
			const stage = await startWireStage(t, { gateway: { limits }, routes });
			const client = await stage.connect();
			const startMs = performance.now();
			await client.send(send);
			const answer = await client.readResponse();
			assert.equal(answer.status, 408);
			assert.equal(answer.header("connection"), "close");
			assert.equal(
				JSON.parse(answer.body.toString()).code,
				"ERR_REQUEST_TIMEOUT",
			);
			assert.ok(performance.now() - startMs >= limits.bodyIdleMs);
			assert.equal(await client.closed(3_000), "ended");
			await client.close();
			const { status, code } = await stage.ended();
			assert.deepEqual([status, code], [408, "ERR_REQUEST_TIMEOUT"]);
			assert.equal(stage.outcomes.length, 1);
			for (const connection of stage.upstream.connections) {
				await connection.until(
					() => !connection.isOpen,
					"the end of the call",
					500,
				);
				assert.ok(!connection.requests[0]?.complete, "it looked whole");
			}
			assert.deepEqual(stage.errors, []);
		});

	for (const [what, path, lines] of [
		["a body that streams", "/", []],
		["a declared body", "/json", [json]],
	] as const)
		test(`between the bytes of ${what} is none as long as it moves`, async (t) => {
			const stage = await startWireStage(t, { gateway: { limits }, routes });
			const client = await stage.connect();
			await client.send(request(`POST ${path}`, ...lines, "Content-Length: 8"));
			for (const piece of ['{"a"', ":", "1", " ", "}"]) {
				await delay(200);
				await client.send(piece);
			}
			assert.equal((await client.readResponse()).status, 200);
		});

	test("within an upload whose upstream does not read is not held against it", async (t) => {
		const stage = await startWireStage(t, {
			gateway: { limits },
			raw: { keepBodies: false },
		});
		stage.upstream.onConnection = (connection) => connection.pause();
		const client = await stage.connect();
		const size = 20_000_000;
		void client.send(request("POST /", `Content-Length: ${size}`));
		void client.send(Buffer.alloc(size));
		assert.equal(await client.endsWithin(3 * limits.bodyIdleMs), "open");
		stage.upstream.connections[0]?.resume();
		assert.equal((await client.readResponse()).status, 200);
	});
});

suite("a head that does not come to its end", () => {
	for (const [what, bytes] of [
		["is half there", "GET / HTTP/1.1\r\nHost: gateway.test\r\nX-A: "],
		["has not begun", ""],
	] as const)
		test(`${what}: 408`, async (t) => {
			const stage = await startWireStage(t, { gateway: { limits } });
			const client = await stage.connect();
			await client.send(bytes);
			const answer = await client.readResponse();
			assert.equal(answer.status, 408);
			assert.equal(answer.header("connection"), "close");
			await client.closed();
		});

	test("comes byte by byte: 408 all the same", async (t) => {
		const stage = await startWireStage(t, { gateway: { limits } });
		const client = await stage.connect();
		void (async () => {
			for (const byte of request("GET /", `X-Long: ${"x".repeat(1_000)}`)) {
				if (!(await client.send(byte))) return;
				await delay(20);
			}
		})();
		assert.equal((await client.readResponse()).status, 408);
	});

	test("comes behind a request that is under way: the answer to that goes first", async (t) => {
		const stage = await startWireStage(t, { gateway: { limits } });
		stage.upstream.script = async (_one, connection) => {
			await delay(3 * limits.headersMs + 1_000);
			await connection.reply(200, "first");
		};
		const client = await stage.connect();
		await client.send(`${request("GET /")}GET / HTTP/1.1\r\nHost: g`);
		const first = await client.readResponse("GET", 5_000);
		assert.deepEqual([first.status, first.body.toString()], [200, "first"]);
		assert.equal((await client.readResponse()).status, 408);
		await client.closed();
	});
});

test("a connection that has had its answers is closed when it has been idle for keepAliveMs", async (t) => {
	const stage = await startWireStage(t, { gateway: { limits } });
	const client = await stage.connect();
	await client.exchange(request("GET /"));
	await client.closed();
	assert.equal(client.reader.available, 0);
});

test("a connection is not idle while its answer is under way, nor between requests that follow sooner than keepAliveMs", async (t) => {
	const stage = await startWireStage(t, { gateway: { limits } });
	stage.upstream.script = async (_one, connection) => {
		await delay(4 * limits.keepAliveMs);
		await connection.reply(200, "late");
	};
	const client = await stage.connect();
	for (let i = 0; i < 2; i++) {
		const answer = await client.exchange(request("GET /"));
		assert.equal(answer.body.toString(), "late");
		await delay(limits.keepAliveMs / 2);
	}
	await client.closed();
});
