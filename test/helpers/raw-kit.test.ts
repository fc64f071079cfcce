import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "./byte-reader.ts";
import { connectRaw } from "./raw-client.ts";
import { chunked, head } from "./raw-http.ts";
import { startRawUpstream } from "./raw-upstream.ts";

test("a request in pieces arrives once, byte for byte", async () => {
	await using upstream = await startRawUpstream();
	await using client = await connectRaw({ port: upstream.port });
	const bytes =
		head("POST /a HTTP/1.1", "Host: x", "Transfer-Encoding: chunked") +
		chunked("hel", "lo");
	await client.sendPieces(bytes);
	const response = await client.readResponse("POST");
	assert.equal(response.status, 200);
	assert.equal(response.body.toString(), "ok");
	assert.equal(upstream.connections[0]?.text, bytes);
	assert.equal(upstream.requests[0]?.body.toString(), "hello");
	assert.equal(client.state, "open");
});

test("the strict parser counts pipelined requests and names what is broken", async () => {
	await using upstream = await startRawUpstream();
	await using client = await connectRaw({ port: upstream.port });
	await client.send(
		`${head("GET /1 HTTP/1.1", "Host: x")}${head("GET /2 HTTP/1.1", "Host: x", "a : b")}`,
	);
	assert.equal((await client.readResponse()).status, 200);
	assert.equal((await client.readResponse()).status, 400);
	assert.equal(upstream.requests.length, 1);
	assert.equal(upstream.connections[0]?.malformed?.problem, "syntax");
	assert.equal(await client.closed(), "ended");
});

test("both framings, two lengths and bare line ends are no request", async () => {
	const rows = [
		head(
			"POST / HTTP/1.1",
			"Host: x",
			"Content-Length: 1",
			"Transfer-Encoding: chunked",
		),
		head(
			"POST / HTTP/1.1",
			"Host: x",
			"Content-Length: 1",
			"Content-Length: 1",
		),
		"GET / HTTP/1.1\nHost: x\r\n\r\n",
		head("GET / HTTP/1.1", "Host: x", "a: b\rc"),
		head("GET / HTTP/1.1", "Host: x", "Host: x"),
	];
	for (const row of rows) {
		await using upstream = await startRawUpstream();
		await using client = await connectRaw({ port: upstream.port });
		assert.equal((await client.exchange(row)).status, 400, row);
	}
});

test("an answer cut short is told from a whole one", async () => {
	await using upstream = await startRawUpstream();
	upstream.script = async (_request, connection) => {
		await connection.send(
			`${head("HTTP/1.1 200 OK", "Content-Length: 9")}half`,
		);
		// Node 22 tells a reset that comes together with bytes as an end.
		await client.waitForText("half");
		connection.reset();
	};
	await using client = await connectRaw({ port: upstream.port });
	const response = await client.exchange(head("GET / HTTP/1.1", "Host: x"));
	assert.equal(response.complete, false);
	assert.equal(await client.closed(), "reset");
});

test("interim answers are listed, trailers read, HEAD has no body", async () => {
	await using upstream = await startRawUpstream();
	upstream.script = (request, connection) =>
		connection.send(
			head("HTTP/1.1 103 Early Hints", "Link: </a>") +
				head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") +
				(request.method === "HEAD" ? "" : "2\r\nok\r\n0\r\nX-T: 1\r\n\r\n"),
		);
	await using client = await connectRaw({ port: upstream.port });
	const get = await client.exchange(head("GET / HTTP/1.1", "Host: x"));
	assert.deepEqual(
		get.informational.map((one) => one.status),
		[103],
	);
	assert.deepEqual(get.trailers, [["X-T", "1"]]);
	const bytes = head("HEAD / HTTP/1.1", "Host: x");
	const headOnly = await client.exchange(bytes, "HEAD");
	assert.equal(headOnly.body.length, 0);
	assert.equal(headOnly.complete, true);
});

test("silence is a timeout, an end without an answer a truncation", async () => {
	await using upstream = await startRawUpstream();
	upstream.script = () => {};
	await using client = await connectRaw({ port: upstream.port });
	await client.send(head("GET / HTTP/1.1", "Host: x"));
	const problem = (wanted: string) => (error: unknown) =>
		error instanceof WireError && error.problem === wanted;
	await assert.rejects(client.readHead("GET", 50), problem("timeout"));
	upstream.connections[0]?.halfClose();
	await client.closed();
	await assert.rejects(client.readHead(), problem("truncated"));
});

test("a client that does not read stops the sender; one that reads slowly gets all", async () => {
	await using upstream = await startRawUpstream();
	const size = 300_000;
	upstream.script = (_request, connection) =>
		connection.reply(200, "x".repeat(size));
	await using client = await connectRaw({ port: upstream.port });
	client.pause();
	void client.send(head("GET / HTTP/1.1", "Host: x"));
	await upstream.request();
	assert.equal(client.bytesReceived, 0);
	const stop = client.readSlowly(50_000, 5);
	const response = await client.readResponse();
	stop();
	assert.equal(response.body.length, size);
});

test("an upstream that stops listening refuses, and can listen again on its port", async () => {
	await using upstream = await startRawUpstream();
	const { port } = upstream;
	await upstream.stopListening();
	await assert.rejects(connectRaw({ port }), { code: "ECONNREFUSED" });
	await upstream.listen();
	await using client = await connectRaw({ port });
	assert.equal(
		(await client.exchange(head("GET / HTTP/1.1", "Host: x"))).status,
		200,
	);
});
