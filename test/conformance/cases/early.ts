import assert from "node:assert/strict";
import { onlyRequest, table } from "../expect.ts";
import { type Case, differs, request, type Stage } from "../stage.ts";
import type { Scene } from "./order.ts";

const early: Scene[] = [
	{
		id: "early-answer",
		rule: "an answer before the end of its request says close and the connection ends",
		rfc: "RFC 9112 9.3",
		play: (stage) => answerEarly(stage, 200),
	},
	{
		id: "early-refusal",
		rule: "a refusal before the end of its request says close and the connection ends",
		rfc: "RFC 9112 9.3",
		play: (stage) => answerEarly(stage, 413),
	},
];

/** The upstream answers at the head; what is left of the body holds a request that no one may read. */
async function answerEarly(stage: Stage, status: number): Promise<void> {
	stage.answer((_one, connection) => connection.reply(status, "early"));
	const rest = request("GET /smuggled HTTP/1.1");
	const client = await stage.connect();
	await client.send(
		`${request("POST /b HTTP/1.1", `Content-Length: ${10 + rest.length}`)}0123456789`,
	);
	const response = await client.readResponse("POST");
	assert.equal(response.status, status);
	const state = await client.endsWithin(300);
	await client.send(rest);
	await stage.barrier();
	assert.equal(
		stage.requests.length,
		1,
		`the rest became ${stage.requests[1]?.startLine}`,
	);
	if (state === "open") differs("stays open and reads the rest");
	if (!/close/i.test(response.header("connection") ?? ""))
		differs("ends without saying close");
}

const expectation: Scene[] = [
	{
		id: "expect-continue",
		rule: "a client that waits for 100 Continue gets it, and its body arrives once",
		rfc: "RFC 9110 10.1.1",
		play: async (stage) => {
			continueWhereAsked(stage);
			const client = await stage.connect();
			await client.send(
				request(
					"POST /b HTTP/1.1",
					"Content-Length: 5",
					"Expect: 100-continue",
				),
			);
			const interim = await client.readAnyHead("POST");
			assert.equal(interim.status, 100);
			await client.send("hello");
			const response = await client.readResponse("POST");
			assert.equal(response.status, 200);
			assert.equal(response.informational.length, 0, "a second 100");
			assert.equal((await onlyRequest(stage)).body.toString(), "hello");
		},
	},
	{
		id: "expect-eager",
		rule: "a client that does not wait for 100 Continue is served as well",
		rfc: "RFC 9110 10.1.1",
		play: async (stage) => {
			continueWhereAsked(stage);
			const bytes = `${request("POST /b HTTP/1.1", "Content-Length: 5", "Expect: 100-continue")}hello`;
			const response = await stage.exchange(bytes, "POST");
			assert.equal(response.status, 200);
			assert.equal((await onlyRequest(stage)).body.toString(), "hello");
		},
	},
	{
		id: "expect-http10",
		rule: "HTTP/1.0 clients get no 100 Continue",
		rfc: "RFC 9110 10.1.1",
		play: async (stage) => {
			continueWhereAsked(stage);
			const bytes = `${request("POST /b HTTP/1.0", "Content-Length: 5", "Expect: 100-continue")}hello`;
			const response = await stage.exchange(bytes, "POST");
			assert.equal(response.status, 200);
			assert.equal(response.informational.length, 0);
		},
	},
	{
		id: "expect-case",
		rule: "100-continue has no case",
		rfc: "RFC 9110 10.1.1",
		play: async (stage) => {
			continueWhereAsked(stage);
			const client = await stage.connect();
			await client.send(
				request(
					"POST /b HTTP/1.1",
					"Content-Length: 5",
					"Expect: 100-Continue",
				),
			);
			assert.equal((await client.readAnyHead("POST")).status, 100);
			await client.send("hello");
			assert.equal((await client.readResponse("POST")).status, 200);
		},
	},
	{
		id: "expect-unknown",
		rule: "an unknown expectation is refused with 417 or ignored",
		rfc: "RFC 9110 10.1.1",
		play: async (stage) => {
			const bytes = `${request("POST /b HTTP/1.1", "Content-Length: 5", "Expect: miracles")}hello`;
			const { status } = await stage.exchange(bytes, "POST");
			assert.ok(status === 417 || status === 200, `answered ${status}`);
		},
	},
	{
		id: "expect-refused",
		rule: "a request that is refused gets its final status instead of the 100",
		rfc: "RFC 9110 10.1.1",
		play: async (stage) => {
			const client = await stage.connect();
			await client.send(
				request(
					"POST /a/%2e%2e/b HTTP/1.1",
					"Content-Length: 5",
					"Expect: 100-continue",
				),
			);
			const first = await client
				.readAnyHead("POST")
				.catch(() => differs("forwards it"));
			if (first.status === 100) differs("sends 100 to all");
			if (stage.requests.length > 0) differs("forwards it");
			assert.equal(first.status, 400);
		},
	},
];

function continueWhereAsked(stage: Stage): void {
	stage.answer(async (one, connection) => {
		if (one.header("expect") && one.version === "HTTP/1.1")
			await connection.send("HTTP/1.1 100 Continue\r\n\r\n");
		await one.whole;
		await connection.reply(200, "ok");
	});
}

/** Answers that come before the request is whole. */
export const earlyCases: Case[] = table(
	"Early answers and 100 Continue",
	[...early, ...expectation],
	(row, stage) => row.play(stage),
);
