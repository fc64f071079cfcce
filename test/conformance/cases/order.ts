import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { RawClient } from "../../helpers/raw-client.ts";
import { onlyRequest, type Row, table } from "../expect.ts";
import { type Case, differs, request, type Stage } from "../stage.ts";

/** A case that is a scene of its own. */
export interface Scene extends Row {
	readonly play: (stage: Stage) => Promise<void>;
}

/** Answers each request with its own target. */
function echoTargets(stage: Stage): void {
	stage.answer(async (one, connection) => {
		await one.whole;
		await connection.reply(200, one.target);
	});
}

async function bodyOfNext(client: RawClient, method = "GET"): Promise<string> {
	return (await client.readResponse(method)).body.toString();
}

const pipelining: Scene[] = [
	{
		id: "pipeline-order",
		rule: "pipelined requests are answered in order",
		rfc: "RFC 9112 9.3.2",
		play: async (stage) => {
			stage.answer(async (one, connection) => {
				// A proxy that asks for all at once gets the later answers first.
				if (one.target === "/1")
					await Promise.race([stage.arrived(2), delay(150)]);
				await connection.reply(200, one.target);
			});
			const client = await stage.connect();
			await client.send(
				["/1", "/2", "/3"]
					.map((path) => request(`GET ${path} HTTP/1.1`))
					.join(""),
			);
			for (const path of ["/1", "/2", "/3"])
				assert.equal(await bodyOfNext(client), path);
		},
	},
	{
		id: "pipeline-bodies",
		rule: "pipelined requests with bodies keep them apart",
		rfc: "RFC 9112 9.3.2",
		play: async (stage) => {
			echoTargets(stage);
			const client = await stage.connect();
			await client.send(
				`${request("POST /1 HTTP/1.1", "Content-Length: 3")}one` +
					`${request("POST /2 HTTP/1.1", "Transfer-Encoding: chunked")}3\r\ntwo\r\n0\r\n\r\n` +
					request("GET /3 HTTP/1.1"),
			);
			for (const [method, path] of [
				["POST", "/1"],
				["POST", "/2"],
				["GET", "/3"],
			])
				assert.equal(await bodyOfNext(client, method), path);
			assert.deepEqual(
				stage.requests.map((one) => one.body.toString()).sort(),
				["", "one", "two"],
			);
		},
	},
	{
		id: "pipeline-bad-second",
		rule: "the refusal of a pipelined request waits for the answers owed before it",
		rfc: "RFC 9112 9.3.2",
		play: async (stage) => {
			const sent = Promise.withResolvers<void>();
			stage.answer(async (_one, connection) => {
				await sent.promise;
				await delay(50);
				await connection.reply(200, "first");
			});
			const client = await stage.connect();
			await client.send(request("GET /1 HTTP/1.1"));
			await stage.arrived();
			await client.send(request("GET /2 HTTP/1.1", "X : bad"));
			sent.resolve();
			const first = await client.readResponse();
			assert.equal(
				first.body.toString(),
				"first",
				`answered ${first.status} first`,
			);
			const second = await client
				.readResponse()
				.catch(() => differs("closes after the first answer"));
			assert.equal(second.status, 400);
			assert.equal(stage.requests.length, 1);
		},
	},
	{
		id: "pipeline-close",
		rule: "what follows a request with Connection: close is never read",
		rfc: "RFC 9112 9.6",
		play: async (stage) => {
			const client = await stage.connect();
			await client.send(
				request("GET /1 HTTP/1.1", "Connection: close") +
					request("GET /2 HTTP/1.1"),
			);
			assert.equal((await client.readResponse()).status, 200);
			await client.closed(1_000);
			assert.equal((await onlyRequest(stage)).target, "/1");
		},
	},
];

const connections: Scene[] = [
	{
		id: "keep-alive",
		rule: "an HTTP/1.1 connection takes request after request",
		rfc: "RFC 9112 9.3",
		play: async (stage) => {
			echoTargets(stage);
			const client = await stage.connect();
			for (const path of ["/1", "/2", "/3"]) {
				await client.send(request(`GET ${path} HTTP/1.1`));
				assert.equal(await bodyOfNext(client), path);
			}
		},
	},
	{
		id: "close-said",
		rule: "the answer to Connection: close says so and the connection ends",
		rfc: "RFC 9112 9.6",
		play: async (stage) => {
			const client = await stage.connect();
			const response = await client.exchange(
				request("GET /1 HTTP/1.1", "Connection: close"),
			);
			await client.closed(1_000);
			assert.match(response.header("connection") ?? "", /close/i);
		},
	},
	{
		id: "http10-close",
		rule: "an HTTP/1.0 connection ends after its answer",
		rfc: "RFC 9112 9.3",
		play: async (stage) => {
			const client = await stage.connect();
			assert.equal(
				(await client.exchange(request("GET /1 HTTP/1.0"))).status,
				200,
			);
			await client.closed(1_000);
		},
	},
];

/** One connection, several messages. */
export const orderCases: Case[] = table(
	"Connections and order",
	[...pipelining, ...connections],
	(row, stage) => row.play(stage),
);
