import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { request, startWireStage } from "./wire-stage.ts";

const mebibyte = Buffer.alloc(1_048_576, 120);

// A FIN stands behind what the client has sent before it: nobody can see it without reading that. A reset does not.
test("a client that resets an upload which its upstream does not read ends the upstream call within 500 ms", async (t) => {
	const stage = await startWireStage(t, { raw: { keepBodies: false } });
	stage.upstream.onConnection = (connection) => connection.pause();
	const client = await stage.connect();
	await client.send(request("POST /", "Content-Length: 99999999"));
	let sent = 0;
	void (async () => {
		while (await client.send(mebibyte)) sent++;
	})();
	for (let last = -1; last !== sent; await delay(200)) last = sent;
	const leftMs = performance.now();
	client.reset();
	const { status, code, upstream } = await stage.ended(1, 500);
	t.diagnostic(
		`after ${sent} MiB: ${(performance.now() - leftMs).toFixed(0)} ms`,
	);
	assert.deepEqual(
		{ status, code, upstream },
		{ status: 499, code: "ERR_CLIENT_GONE", upstream: stage.upstream.url },
	);
	const [connection] = stage.upstream.connections;
	connection?.resume();
	await connection?.until(() => !connection.isOpen, "the end of the call", 500);
});
