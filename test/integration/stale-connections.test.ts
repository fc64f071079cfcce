import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { RawConnection } from "../helpers/raw-upstream.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

interface Row {
	readonly start: string;
	readonly headers?: readonly string[];
	readonly body?: string;
	/** The upstream sees the request so often. */
	readonly calls: 1 | 2;
}

/** RFC 9110 section 9.2.2: only what is idempotent may be sent again, and here only what has no body. */
const rows: readonly Row[] = [
	{ start: "GET /second", calls: 2 },
	{ start: "HEAD /second", calls: 2 },
	{ start: "OPTIONS /second", calls: 2 },
	{ start: "DELETE /second", calls: 2 },
	{ start: "PUT /second", headers: ["Content-Length: 0"], calls: 2 },
	{
		start: "PUT /second",
		headers: ["Content-Length: 5"],
		body: "hello",
		calls: 1,
	},
	{
		start: "GET /second",
		headers: ["Content-Length: 5"],
		body: "hello",
		calls: 1,
	},
	{ start: "POST /second", headers: ["Content-Length: 0"], calls: 1 },
	{
		start: "POST /second",
		headers: ["Content-Length: 5"],
		body: "hello",
		calls: 1,
	},
	{
		start: "PATCH /second",
		headers: ["Content-Length: 5"],
		body: "hello",
		calls: 1,
	},
];

const endings = {
	resets: (connection: RawConnection) => connection.reset(),
	ends: (connection: RawConnection) => connection.halfClose(),
} as const;

/** Leaves one connection in the pool: a request has been answered on it. */
async function keepConnection(stage: WireStage): Promise<RawConnection> {
	const client = await stage.connect();
	await client.exchange(request("GET /first"));
	await stage.ended(1);
	return stage.upstream.connections[0] as RawConnection;
}

function seconds(stage: WireStage): number {
	return stage.upstream.requests.filter((one) => one.target === "/second")
		.length;
}

suite("a kept connection that the upstream ends when the next request comes", () => {
	for (const { start, headers = [], body = "", calls } of rows)
		for (const [how, end] of Object.entries(endings))
			test(`${how}: ${start} with ${body.length} bytes is sent ${calls === 1 ? "once" : "once more, on a fresh connection"}`, async (t) => {
				const stage = await startWireStage(t);
				const kept = await keepConnection(stage);
				stage.upstream.script = (_one, connection) =>
					connection === kept ? end(connection) : connection.reply(200, "");
				const client = await stage.connect();
				await client.send(request(start, ...headers) + body);
				const answer = await client.readResponse(
					start.slice(0, 4) === "HEAD" ? "HEAD" : "GET",
				);
				assert.equal(answer.status, calls === 2 ? 200 : 502);
				assert.equal(seconds(stage), calls);
				const { attempts } = await stage.ended(2);
				assert.equal(attempts, calls);
				assert.equal(stage.upstream.connections.length, calls);
			});

	test("is tried afresh only once", async (t) => {
		const stage = await startWireStage(t);
		await keepConnection(stage);
		stage.upstream.script = (_one, connection) => connection.reset();
		const client = await stage.connect();
		assert.equal((await client.exchange(request("GET /second"))).status, 502);
		assert.equal(seconds(stage), 2);
	});

	test("is not tried afresh once a byte of the answer has come", async (t) => {
		const stage = await startWireStage(t);
		await keepConnection(stage);
		stage.upstream.script = async (_one, connection) => {
			await connection.send("HTTP/1.1 2");
			connection.reset();
		};
		const client = await stage.connect();
		assert.equal((await client.exchange(request("GET /second"))).status, 502);
		assert.equal(seconds(stage), 1);
	});

	test("is not tried afresh for a client that has left", async (t) => {
		const stage = await startWireStage(t);
		const kept = await keepConnection(stage);
		stage.upstream.script = () => undefined;
		const client = await stage.connect();
		await client.send(request("GET /second"));
		await stage.upstream.request(1);
		client.reset();
		const { status, attempts } = await stage.ended(2);
		kept.reset();
		assert.deepEqual([status, attempts], [499, 1]);
		const next = await stage.connect();
		stage.upstream.script = (_one, connection) => connection.reply(200, "");
		await next.exchange(request("GET /third"));
		assert.equal(seconds(stage), 1);
	});
});

test("an upstream that ends its connections at any time costs no GET, and no POST is executed twice", async (t) => {
	const stage = await startWireStage(t);
	let answered = 0;
	stage.upstream.script = async (one, connection) => {
		await one.whole;
		await connection.reply(200, "");
		// Every connection ends after its second answer, at some time of its own.
		for (let turns = answered++ % 7; turns > 0; turns--)
			await new Promise(setImmediate);
		if (connection.requests.length % 2 === 0) connection.halfClose();
	};
	const client = await stage.connect();
	let lost = 0;
	for (let i = 0; i < 300; i++) {
		const get = await client.exchange(request(`GET /get/${i}`));
		assert.equal(get.status, 200, `GET ${i}`);
		const post = await client.exchange(
			`${request(`POST /post/${i}`, "Content-Length: 5")}hello`,
		);
		assert.ok(
			post.status === 200 || post.status === 502,
			`POST ${i}: ${post.status}`,
		);
		if (post.status === 502) lost++;
	}
	t.diagnostic(`${lost} of 300 POSTs met a connection that had ended`);
	const posts = stage.upstream.requests
		.map((one) => one.target)
		.filter((target) => target.startsWith("/post/"));
	assert.equal(new Set(posts).size, posts.length);
});
