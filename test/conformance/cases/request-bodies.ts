import assert from "node:assert/strict";
import { chunked, head, valuesOf } from "../../helpers/raw-http.ts";
import { assertWellFormed, onlyRequest, type Row, table } from "../expect.ts";
import { type Case, differs, request, type Stage } from "../stage.ts";

/** A body that would be a request, if it were read as one. */
const trap = request("GET /smuggled HTTP/1.1");

interface BodyRow extends Row {
	readonly method: string;
	readonly send: string;
}

const methods = [
	"GET",
	"HEAD",
	"DELETE",
	"OPTIONS",
	"POST",
	"PUT",
	"PATCH",
	"PROPFIND",
	"QUERY",
];

const onceEach: BodyRow[] = methods.flatMap((method) => [
	{
		id: `body-length-${method.toLowerCase()}`,
		rule: `the body of a ${method} with a length arrives exactly once`,
		rfc: "RFC 9110 9.3",
		method,
		send:
			request(`${method} /b HTTP/1.1`, `Content-Length: ${trap.length}`) + trap,
	},
	{
		id: `body-chunked-${method.toLowerCase()}`,
		rule: `the chunked body of a ${method} arrives exactly once`,
		rfc: "RFC 9110 9.3",
		method,
		send:
			request(`${method} /b HTTP/1.1`, "Transfer-Encoding: chunked") +
			chunked(trap),
	},
]);

/** The body arrives as a body, and the next request on the connection is the next request. */
async function arriveOnce(row: BodyRow, stage: Stage): Promise<void> {
	const client = await stage.connect();
	const response = await client.exchange(row.send, row.method);
	if (response.status < 400) {
		const next = await client
			.exchange(request("GET /after HTTP/1.1"))
			.catch(() => null);
		if (next !== null)
			assert.equal(next.status, 200, "the next request was not understood");
	}
	await stage.barrier();
	assertWellFormed(stage);
	const [one, ...others] = stage.requests.filter(
		({ target }) => target !== "/after",
	);
	if (!one) differs(`answers ${response.status}`);
	assert.equal(others.length, 0, `the body became ${others[0]?.startLine}`);
	assert.equal(one.method, row.method);
	assert.equal(
		one.body.toString("latin1"),
		trap,
		"the body was lost or changed",
	);
}

interface Scene extends Row {
	readonly play: (stage: Stage) => Promise<void>;
}

const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at)).toString(
	"latin1",
);

const bodies: Scene[] = [
	{
		id: "body-binary",
		rule: "every byte of a body survives",
		rfc: "RFC 9110 6.4",
		play: async (stage) => {
			await stage.exchange(
				request("POST /b HTTP/1.1", "Content-Length: 256") + bytes,
				"POST",
			);
			assert.equal((await onlyRequest(stage)).body.toString("latin1"), bytes);
		},
	},
	{
		id: "body-byte-by-byte",
		rule: "a request in pieces of one byte is the same request",
		rfc: "RFC 9112 2.2",
		play: async (stage) => {
			const client = await stage.connect();
			await client.sendPieces(
				request("POST /b HTTP/1.1", "Transfer-Encoding: chunked") +
					chunked("he", "llo"),
			);
			assert.equal((await client.readResponse("POST")).status, 200);
			assert.equal((await onlyRequest(stage)).body.toString(), "hello");
		},
	},
	{
		id: "body-keeps-length",
		rule: "Content-Length goes on as it was",
		rfc: "RFC 9110 8.6",
		play: async (stage) => {
			await stage.exchange(
				`${request("POST /b HTTP/1.1", "Content-Length: 5")}hello`,
				"POST",
			);
			const one = await onlyRequest(stage);
			if (one.framing.kind === "chunked") differs("forwards it chunked");
			assert.deepEqual(valuesOf(one.headers, "content-length"), ["5"]);
		},
	},
	{
		id: "body-zero-length",
		rule: "a POST with Content-Length 0 has an empty body",
		rfc: "RFC 9110 8.6",
		play: async (stage) => {
			const answer = await stage.exchange(
				request("POST /b HTTP/1.1", "Content-Length: 0"),
				"POST",
			);
			assert.equal(answer.status, 200);
			assert.equal((await onlyRequest(stage)).bodyBytes, 0);
		},
	},
	{
		id: "body-post-none",
		rule: "a POST without a body has none",
		rfc: "RFC 9112 6.3",
		play: async (stage) => {
			const answer = await stage.exchange(request("POST /b HTTP/1.1"), "POST");
			assert.equal(answer.status, 200);
			assert.equal((await onlyRequest(stage)).bodyBytes, 0);
		},
	},
	{
		id: "body-get-none",
		rule: "a GET without a body goes on without framing headers",
		rfc: "RFC 9110 8.6",
		play: async (stage) => {
			await stage.exchange(request("GET /b HTTP/1.1"));
			assert.equal((await onlyRequest(stage)).framing.kind, "none");
		},
	},
	{
		id: "body-trailers",
		rule: "trailers of a request never become headers",
		rfc: "RFC 9110 6.5.1",
		play: async (stage) => {
			const body =
				"5\r\nhello\r\n0\r\nAuthorization: trailer\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n";
			const answer = await stage.exchange(
				request(
					"POST /b HTTP/1.1",
					"Transfer-Encoding: chunked",
					"Trailer: Authorization",
				) + body,
				"POST",
			);
			assert.equal(answer.status, 200);
			const one = await onlyRequest(stage);
			assert.equal(one.body.toString(), "hello");
			assert.equal(one.header("authorization"), undefined);
			if (one.header("trailer") && one.trailers.length === 0)
				differs("promises what it does not deliver");
		},
	},
	{
		id: "body-streams-up",
		rule: "the first part of a body reaches the upstream before the last is sent",
		rfc: "RFC 9110 7.7",
		play: async (stage) => {
			const client = await stage.connect();
			await client.send(
				`${request("POST /b HTTP/1.1", "Content-Length: 10")}first`,
			);
			const one = await stage
				.arrived()
				.catch(() => differs("waits for the whole body"));
			await stage
				.carrier(one)
				.until(() => one.bodyBytes === 5, "the first part", 1_000);
			await client.send("-last");
			assert.equal((await client.readResponse("POST")).status, 200);
			assert.equal(one.body.toString(), "first-last");
		},
	},
	{
		id: "body-both-ways",
		rule: "an answer streams while its request still does",
		rfc: "RFC 9112 9.3",
		play: async (stage) => {
			stage.answer(async (one, connection) => {
				await connection.send(
					head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"),
				);
				await connection.until(() => one.body.includes("a"), "a");
				await connection.send("1\r\nA\r\n");
				await one.whole;
				await connection.send("1\r\nB\r\n0\r\n\r\n");
			});
			const client = await stage.connect();
			await client.send(
				request("POST /b HTTP/1.1", "Transfer-Encoding: chunked"),
			);
			const response = await client
				.readHead("POST")
				.catch(() => differs("waits for the whole request"));
			if (response.status !== 200) differs(`answers ${response.status}`);
			await client.send("1\r\na\r\n");
			await client
				.waitForText("A")
				.catch(() => differs("holds the answer back"));
			await client.send("1\r\nb\r\n0\r\n\r\n");
			assert.equal((await client.readRest(response)).body.toString(), "AB");
		},
	},
	{
		id: "body-cut-length",
		rule: "a body cut short never looks whole to the upstream (length)",
		rfc: "RFC 9112 8",
		play: (stage) =>
			cutShort(
				stage,
				`${request("POST /b HTTP/1.1", "Content-Length: 10")}hello`,
			),
	},
	{
		id: "body-cut-chunked",
		rule: "a body cut short never looks whole to the upstream (chunked)",
		rfc: "RFC 9112 8",
		play: (stage) =>
			cutShort(
				stage,
				`${request("POST /b HTTP/1.1", "Transfer-Encoding: chunked")}5\r\nhello\r\n`,
			),
	},
];

async function cutShort(stage: Stage, send: string): Promise<void> {
	const client = await stage.connect();
	await client.send(send);
	await stage.arrived(0, 300).catch(() => {});
	await client.close();
	const [one] = stage.requests;
	if (one) await stage.carrier(one).closed(500);
	await stage.barrier();
	assert.equal(
		stage.requests.filter(({ complete }) => complete).length,
		0,
		"it looked whole",
	);
}

/** Bodies of requests. */
export const requestBodyCases: Case[] = [
	...table("Request bodies", onceEach, arriveOnce),
	...table("Request bodies", bodies, (row, stage) => row.play(stage)),
];
