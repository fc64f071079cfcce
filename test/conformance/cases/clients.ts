import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { RawClient } from "../../helpers/raw-client.ts";
import { head } from "../../helpers/raw-http.ts";
import type { RawConnection } from "../../helpers/raw-upstream.ts";
import { table } from "../expect.ts";
import { type Case, differs, request, type Stage } from "../stage.ts";
import type { Scene } from "./order.ts";

const te = "Transfer-Encoding: chunked";
const streamHead = head("HTTP/1.1 200 OK", te);
/** How long an upstream call may outlive its client, in milliseconds. */
const goneMs = 500;

/** How a client can leave. */
const ways = {
	closes: (client: RawClient) => client.close(),
	resets: async (client: RawClient) => client.reset(),
} as const;

interface Moment {
	readonly id: string;
	readonly what: string;
	/** Brings the request there and gives back the client and the upstream's connection. */
	readonly reach: (stage: Stage) => Promise<[RawClient, RawConnection]>;
}

const moments: Moment[] = [
	{
		id: "before-answer",
		what: "before the answer",
		reach: (stage) => begin(stage, request("GET /c HTTP/1.1"), ""),
	},
	{
		id: "after-head",
		what: "after the head of the answer",
		reach: async (stage) => {
			const [client, connection] = await begin(
				stage,
				request("GET /c HTTP/1.1"),
				streamHead,
			);
			await client
				.waitForText("\r\n\r\n")
				.catch(() => differs("holds the head back"));
			return [client, connection];
		},
	},
	{
		id: "mid-download",
		what: "within the answer",
		reach: async (stage) => {
			const [client, connection] = await begin(
				stage,
				request("GET /c HTTP/1.1"),
				`${streamHead}5\r\nhello\r\n`,
			);
			await client.waitForText("hello");
			return [client, connection];
		},
	},
	{
		id: "mid-flood",
		what: "within an answer that floods",
		reach: async (stage) => {
			const [client, connection] = await begin(
				stage,
				request("GET /c HTTP/1.1"),
				head("HTTP/1.1 200 OK", "Content-Length: 99999999"),
			);
			void flood(connection, 90);
			await client.waitForBytes(1_000_000);
			return [client, connection];
		},
	},
	{
		id: "mid-upload",
		what: "within its own body",
		reach: (stage) =>
			begin(
				stage,
				`${request("POST /c HTTP/1.1", "Content-Length: 10")}hello`,
				"",
			),
	},
	{
		id: "mid-chunked-upload",
		what: "within its own chunked body",
		reach: (stage) =>
			begin(stage, `${request("POST /c HTTP/1.1", te)}5\r\nhello\r\n`, ""),
	},
];

async function begin(
	stage: Stage,
	bytes: string,
	answer: string,
): Promise<[RawClient, RawConnection]> {
	stage.answer((_one, connection) => connection.send(answer));
	const client = await stage.connect();
	await client.send(bytes);
	const one = await stage
		.arrived(0, 1_000)
		.catch(() => differs("waits for the whole request"));
	return [client, stage.carrier(one)];
}

/** Sends blocks of 1 MiB as fast as they go; gives back how many went. */
async function flood(
	connection: { send(bytes: Uint8Array): Promise<boolean> },
	blocks: number,
): Promise<number> {
	const block = Buffer.alloc(1_048_576, 120);
	for (let sent = 0; sent < blocks; sent += 1)
		if (!(await connection.send(block))) return sent;
	return blocks;
}

const gone: Scene[] = moments.flatMap(({ id, what, reach }) =>
	(Object.keys(ways) as (keyof typeof ways)[]).map((way) => ({
		id: `gone-${id}-${way}`,
		rule: `a client that ${way} ${what} ends the upstream call within ${goneMs} ms`,
		rfc: "RFC 9110 9.2.2",
		play: async (stage) => {
			const [client, connection] = await reach(stage);
			await ways[way](client);
			await connection.closed(goneMs);
			assert.ok(
				!stage.requests.some((one) => one.method === "POST" && one.complete),
				"its body looked whole",
			);
		},
	})),
);

const slow: Scene[] = [
	{
		id: "slow-head",
		rule: "a head that does not come to its end is a 408, and the connection ends",
		rfc: "RFC 9110 15.5.9",
		play: (stage) =>
			stall(stage, "GET /c HTTP/1.1\r\nHost: gateway.test\r\nX-A: "),
	},
	{
		id: "slow-body",
		rule: "silence within a request body is a 408, and the connection ends",
		rfc: "RFC 9110 15.5.9",
		play: async (stage) => {
			// The upstream waits for the rest and says nothing.
			stage.answer((one) => one.whole);
			await stall(
				stage,
				`${request("POST /c HTTP/1.1", "Content-Length: 10")}hello`,
			);
			const [one] = stage.requests;
			if (one) await stage.carrier(one).closed(500);
			assert.ok(!one?.complete, "it looked whole");
		},
	},
	{
		id: "half-head-then-gone",
		rule: "half a head and an end reach no upstream",
		rfc: "RFC 9112 8",
		play: async (stage) => {
			const client = await stage.connect();
			await client.send("GET /c HTTP/1.1\r\nHost: gateway.test\r\nX-A");
			client.halfClose();
			await client.closed();
			await stage.barrier();
			assert.equal(stage.requests.length, 0);
		},
	},
	{
		id: "pressure-down",
		rule: "a client that stops reading stops the upstream",
		rfc: "headgate",
		play: async (stage) => {
			let sent = 0;
			stage.answer(async (_one, connection) => {
				await connection.send(
					head("HTTP/1.1 200 OK", "Content-Length: 99999999"),
				);
				const counting = {
					send: async (bytes: Uint8Array) =>
						(await connection.send(bytes)) && ++sent > 0,
				};
				await flood(counting, 90);
			});
			const client = await stage.connect();
			client.pause();
			void client.send(request("GET /c HTTP/1.1"));
			await stage.arrived();
			assert.ok((await settled(() => sent)) < 32, `it took ${sent} MiB`);
		},
	},
	{
		id: "pressure-up",
		rule: "an upstream that stops reading stops the client",
		rfc: "headgate",
		play: async (stage) => {
			stage.upstream.onConnection = (connection) => connection.pause();
			await stage.upstream.closeConnections();
			const client = await stage.connect();
			void client.send(request("POST /c HTTP/1.1", "Content-Length: 99999999"));
			let sent = 0;
			const counting = {
				send: async (bytes: Uint8Array) =>
					(await client.send(bytes)) && ++sent > 0,
			};
			void flood(counting, 90);
			assert.ok((await settled(() => sent)) < 32, `it took ${sent} MiB`);
		},
	},
];

/** Waits until a count has not moved for a while, and gives it back. */
async function settled(count: () => number): Promise<number> {
	let last = -1;
	for (let calm = 0; calm < 4; calm = count() === last ? calm + 1 : 0) {
		last = count();
		await delay(60);
	}
	return last;
}

async function stall(stage: Stage, bytes: string): Promise<void> {
	const client = await stage.connect();
	await client.send(bytes);
	const response = await client.readResponse("GET", 2_400).catch(() => null);
	await client.closed(400);
	if (response === null) differs("closes without an answer");
	if (response.status !== 408) differs(`answers ${response.status}`);
}

/** Clients that leave, and clients that are slow. */
export const clientCases: Case[] = [
	...table("Clients that leave", gone, (row, stage) => row.play(stage)),
	...table("Slow clients and services", slow, (row, stage) => row.play(stage)),
];
