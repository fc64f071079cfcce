import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { reply, route } from "../../src/index.ts";
import type { RawResponse } from "../helpers/raw-client.ts";
import { request, startWireStage } from "./wire-stage.ts";

suite("one connection", () => {
	test("takes 100 pipelined requests and answers them in order, whatever the order of the upstream's answers", async (t) => {
		const stage = await startWireStage(t);
		stage.upstream.script = async (one, connection) => {
			await one.whole;
			// The later a request, the sooner its answer.
			const turns = 100 - Number(one.target.slice(1));
			for (let i = 0; i < turns % 17; i++) await new Promise(setImmediate);
			await connection.reply(200, one.target);
		};
		const client = await stage.connect();
		const wanted = Array.from({ length: 100 }, (_, i) => `/${i}`);
		const bytes = wanted.map((path, i) =>
			i % 3 === 0
				? `${request(`POST ${path}`, "Content-Length: 5")}hello`
				: i % 7 === 0
					? `${request(`POST ${path}`, "Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\n\r\n`
					: request(`GET ${path}`),
		);
		await client.send(bytes.join(""));
		const got: string[] = [];
		for (const _ of wanted)
			got.push((await client.readResponse()).body.toString());
		assert.deepEqual(got, wanted);
		assert.equal(stage.upstream.requests.length, 100);
		assert.ok(client.isOpen);
	});

	test("takes 100 pipelined requests byte by byte", async (t) => {
		const stage = await startWireStage(t, {
			routes: () => [
				route.get("/:id", { handler: (ctx) => reply(200, ctx.path.id) }),
			],
		});
		const client = await stage.connect();
		const wanted = Array.from({ length: 100 }, (_, i) => `${i}`);
		const bytes = wanted.map((id) => request(`GET /${id}`)).join("");
		void client.sendPieces(bytes);
		const got: string[] = [];
		for (const _ of wanted)
			got.push((await client.readResponse("GET", 10_000)).body.toString());
		assert.deepEqual(got, wanted);
	});

	test("serves 10,000 requests, over one connection to the upstream", async (t) => {
		const stage = await startWireStage(t);
		const client = await stage.connect();
		for (let i = 0; i < 10_000; i++) {
			const answer = await client.exchange(request(`GET /${i}`));
			if (answer.status !== 200)
				assert.fail(`${answer.status} at request ${i}`);
			if (i % 1_000 === 999) forget(stage.upstream.connections[0]?.requests);
		}
		await stage.ended(10_000);
		assert.equal(stage.upstream.connections.length, 1);
		assert.ok(
			stage.outcomes.every((one) => one.complete && one.attempts === 1),
		);
		assert.deepEqual(
			["close", "finish", "drain", "error", "end", "timeout"].filter(
				(name) => client.socket.listenerCount(name) > 5,
			),
			[],
		);
	});
});

function forget(list: unknown[] | undefined): void {
	if (list !== undefined) list.length = 0;
}

/** Header lines of so many bytes in all, their ends included. */
function fill(bytes: number, count: number): string[] {
	const each = Math.floor(bytes / count);
	return Array.from({ length: count }, (_, i) => {
		const name = `x-${i}: `;
		return name + "v".repeat(Math.max(1, each - name.length - 2));
	});
}

function countFilled(answer: RawResponse): number {
	return answer.headers.filter(([name]) => /^x-\d+$/.test(name)).length;
}

suite("an answer's head", () => {
	for (const [count, bytes] of [
		[1_000, 30_000],
		[3_000, 60_000],
		[1, 60_000],
		[10, 65_000],
	] as const)
		test(`of ${count} fields and ${bytes} bytes goes through whole`, async (t) => {
			const stage = await startWireStage(t);
			stage.upstream.script = (_one, connection) =>
				connection.reply(200, "ok", ...fill(bytes, count));
			const client = await stage.connect();
			for (const path of ["/1", "/2"]) {
				const answer = await client.exchange(request(`GET ${path}`));
				assert.equal(answer.status, 200);
				assert.equal(countFilled(answer), count);
				assert.equal(answer.body.toString(), "ok");
			}
			const size = client.text.indexOf("\r\n\r\n");
			assert.ok(size > bytes * 0.95, `${size} bytes`);
		});

	test("of more than 64 KiB is a 502, and the next request goes on", async (t) => {
		const stage = await startWireStage(t);
		stage.upstream.script = (one, connection) =>
			connection.reply(
				200,
				"ok",
				...(one.target === "/large" ? fill(70_000, 10) : []),
			);
		const client = await stage.connect();
		const large = await client.exchange(request("GET /large"));
		assert.equal(large.status, 502);
		assert.equal(
			JSON.parse(large.body.toString()).code,
			"ERR_UPSTREAM_INVALID",
		);
		assert.equal(
			(await client.exchange(request("GET /next"))).body.toString(),
			"ok",
		);
	});

	test("that never ends is cut off at 64 KiB", async (t) => {
		const stage = await startWireStage(t);
		let sent = 0;
		stage.upstream.script = async (_one, connection) => {
			await connection.send("HTTP/1.1 200 OK\r\n");
			while (await connection.send(`x-${sent}: ${"v".repeat(1_000)}\r\n`))
				sent++;
		};
		const client = await stage.connect();
		assert.equal((await client.exchange(request("GET /"))).status, 502);
		const [connection] = stage.upstream.connections;
		await connection?.until(
			() => !connection.isOpen,
			"the end of the call",
			500,
		);
	});
});

suite("a request's head", () => {
	for (const [what, lines, status] of [
		["of 999 fields goes through whole", fill(12_000, 998), 200],
		[
			"of more than 1,000 fields is a 431, not a part of it",
			fill(13_000, 1_100),
			431,
		],
		["of just under 16 KiB goes through whole", fill(16_000, 4), 200],
		["of more than 16 KiB is a 431", fill(17_000, 4), 431],
	] as const)
		test(what, async (t) => {
			const stage = await startWireStage(t);
			const client = await stage.connect();
			const answer = await client.exchange(request("GET /", ...lines));
			assert.equal(answer.status, status);
			assert.equal(stage.upstream.requests.length, status === 200 ? 1 : 0);
			const got = stage.upstream.requests[0]?.headers.filter(([name]) =>
				/^x-\d+$/.test(name),
			).length;
			assert.equal(got, status === 200 ? lines.length : undefined);
			if (status === 431) await client.closed(500);
			else assert.ok(client.isOpen);
		});
});
