import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
	route,
	type Upstream,
	type UpstreamTimeouts,
	upstream,
} from "../../src/index.ts";
import { measureStalls } from "../helpers/loop-stalls.ts";
import { head } from "../helpers/raw-http.ts";
import type { RawConnection } from "../helpers/raw-upstream.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

/** A limit that is short, beside the longest time that the clock may add to it (src/proxy/deadlines.ts). */
const limitMs = 300;
const lateMs = 200;
const slackMs = 150;

interface Row {
	readonly what: string;
	readonly timeout: Partial<UpstreamTimeouts>;
	readonly code: string;
	readonly act: (connection: RawConnection) => unknown;
	/** Whether the head has been answered by then: only the end of the connection tells the client. */
	readonly isCut?: boolean;
	/** Whether the call goes to an upstream that takes connections and says nothing of TLS. */
	readonly isTls?: boolean;
}

const chunkedHead = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");

async function drip(connection: RawConnection): Promise<void> {
	await connection.send(chunkedHead);
	while (await connection.send("1\r\nx\r\n")) await delay(20);
}

const rows: readonly Row[] = [
	{
		what: "a connection that is not made",
		timeout: { connectMs: limitMs },
		code: "ERR_UPSTREAM_CONNECT_TIMEOUT",
		act: () => undefined,
		isTls: true,
	},
	{
		what: "silence before the head",
		timeout: { headersMs: limitMs },
		code: "ERR_UPSTREAM_HEADERS_TIMEOUT",
		act: () => undefined,
	},
	{
		what: "silence within the body",
		timeout: { bodyMs: limitMs },
		code: "ERR_UPSTREAM_BODY_TIMEOUT",
		act: (connection) => connection.send(`${chunkedHead}5\r\nhello\r\n`),
		isCut: true,
	},
	{
		what: "a call that never ends",
		timeout: { totalMs: limitMs },
		code: "ERR_UPSTREAM_TOTAL_TIMEOUT",
		act: drip,
		isCut: true,
	},
];

const long: UpstreamTimeouts = {
	connectMs: 60_000,
	headersMs: 60_000,
	bodyMs: 60_000,
	totalMs: 60_000,
};
const short: UpstreamTimeouts = {
	connectMs: 100,
	headersMs: 100,
	bodyMs: 100,
	totalMs: 100,
};

/** Where the limit comes from: the upstream's own, or the route's, which takes the place of one far longer or shorter. */
const places = {
	"set by the upstream": (timeout: Partial<UpstreamTimeouts>) => [
		{ ...long, ...timeout },
		{},
	],
	"made shorter by the route": (timeout: Partial<UpstreamTimeouts>) => [
		long,
		timeout,
	],
	"made longer by the route": (timeout: Partial<UpstreamTimeouts>) => [
		short,
		{ ...long, ...timeout },
	],
} as const;

async function timeOne(stage: WireStage, row: Row): Promise<number> {
	const client = await stage.connect();
	const startMs = performance.now();
	await client.send(request("GET /"));
	if (row.isCut) await client.closed();
	else {
		const answer = await client.readResponse();
		assert.equal(answer.status, 504);
		assert.equal(JSON.parse(answer.body.toString()).code, row.code);
	}
	return performance.now() - startMs;
}

suite("defaults", () => {
	test("silence before the head is borne for 60 s, and so is silence within the body", () => {
		const { headersMs, bodyMs } = upstream("http://x").timeout;
		assert.deepEqual([headersMs, bodyMs], [60_000, 60_000]);
	});

	test("the silence of an event stream is no silence", async (t) => {
		const stage = await startWireStage(t, {
			upstream: { timeout: { headersMs: 300, bodyMs: 300 } },
		});
		stage.upstream.script = async (_one, connection) => {
			const type = "Content-Type: text/event-stream; charset=utf-8";
			await connection.send(
				head("HTTP/1.1 200 OK", type, "Transfer-Encoding: chunked"),
			);
			await delay(1_000);
			await connection.send("9\r\ndata: 1\n\n\r\n");
			await delay(1_000);
			await connection.send("0\r\n\r\n");
		};
		const client = await stage.connect();
		await client.send(request("GET /"));
		const { body, complete } = await client.readResponse();
		assert.deepEqual([body.toString(), complete], ["data: 1\n\n", true]);
	});
});

suite("a time-out", () => {
	for (const row of rows)
		for (const [place, split] of Object.entries(places))
			test(`for ${row.what}, ${place}: not early, and at most two ticks late`, async (t) => {
				const [own, override] = split(row.timeout) as [
					UpstreamTimeouts,
					Partial<UpstreamTimeouts>,
				];
				const stage = await startWireStage(t, {
					upstream: { timeout: own },
					routes: (target: Upstream) => {
						const tls = upstream(
							target.origins[0]?.replace("http:", "https:") as string,
							{ timeout: own },
						);
						return [
							route.all("/*", {
								upstream: row.isTls ? tls : target,
								timeout: override,
							}),
						];
					},
				});
				stage.upstream.script = (_one, connection) => row.act(connection);
				if (row.isTls)
					stage.upstream.onConnection = (connection) =>
						void connection.takeOver();
				const stalledMs = measureStalls(t);
				// At every point of the clock's tick.
				const calls = Array.from({ length: 20 }, async (_, i) => {
					await delay(i * 13);
					return timeOne(stage, row);
				});
				const took = (await Promise.all(calls)).sort((a, b) => a - b);
				const [least = 0, most = 0] = [took[0], took.at(-1)];
				t.diagnostic(`${least.toFixed(0)} to ${most.toFixed(0)} ms`);
				assert.ok(least >= limitMs, `${least} ms`);
				const mostMs = limitMs + lateMs + slackMs + stalledMs();
				assert.ok(most <= mostMs, `${most} ms, not ${mostMs}`);
				for (const outcome of stage.outcomes)
					assert.equal(outcome.code, row.code);
				if (row.isTls) return;
				for (const connection of stage.upstream.connections) {
					await connection.until(
						() => !connection.isOpen,
						"the end of the call",
						500,
					);
				}
			});

	test("does not cut a download that moves", async (t) => {
		const stage = await startWireStage(t, {
			upstream: { timeout: { headersMs: limitMs, bodyMs: limitMs } },
		});
		stage.upstream.script = async (_one, connection) => {
			await connection.send(chunkedHead);
			for (let i = 0; i < 6; i++) {
				await delay(150);
				await connection.send("1\r\nx\r\n");
			}
			await connection.send("0\r\n\r\n");
		};
		const client = await stage.connect();
		const answer = await client.exchange(request("GET /"));
		assert.equal(answer.body.toString(), "xxxxxx");
	});

	test("does not cut an upload that moves, however slowly it does", async (t) => {
		const stage = await startWireStage(t, {
			upstream: { timeout: { headersMs: limitMs, bodyMs: limitMs } },
		});
		const client = await stage.connect();
		await client.send(request("POST /", "Content-Length: 6"));
		for (let i = 0; i < 6; i++) {
			await delay(150);
			await client.send("x");
		}
		assert.equal((await client.readResponse()).status, 200);
	});

	test("does not blame an upstream for a process that stood still", async (t) => {
		const stage = await startWireStage(t, {
			upstream: { timeout: { headersMs: limitMs } },
		});
		stage.upstream.script = (_one, connection) =>
			connection.reply(200, "in time");
		const client = await stage.connect();
		await client.send(request("GET /"));
		const [one] = [await stage.upstream.request()];
		assert.equal(one.target, "/");
		// The answer is there already, unread, while this runs.
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * limitMs);
		assert.equal((await client.readResponse()).status, 200);
	});
});
