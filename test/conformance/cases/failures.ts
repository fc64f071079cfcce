import assert from "node:assert/strict";
import type { RawResponse } from "../../helpers/raw-client.ts";
import { head } from "../../helpers/raw-http.ts";
import type { RawConnection } from "../../helpers/raw-upstream.ts";
import { table } from "../expect.ts";
import { type Case, differs, request, type Stage } from "../stage.ts";
import type { Scene } from "./order.ts";

const get = request("GET /f HTTP/1.1");
const post = `${request("POST /f HTTP/1.1", "Content-Length: 5")}hello`;

/** Requires a status; another 5xx is another choice. */
function assertStatus(response: RawResponse, status: number): void {
	assert.ok(response.status >= 500, `answered ${response.status}`);
	assert.equal(response.complete, true, "the answer was cut short");
	if (response.status !== status) differs(`answers ${response.status}`);
}

async function whileRefusing(
	stage: Stage,
	play: () => Promise<void>,
): Promise<void> {
	await stage.upstream.stopListening();
	try {
		await play();
	} finally {
		await stage.upstream.listen();
	}
}

const refused: Scene[] = [
	["get", get, "GET"],
	["post", post, "POST"],
	["head", request("HEAD /f HTTP/1.1"), "HEAD"],
].map(([id = "", bytes = "", method = ""]) => ({
	id: `refused-${id}`,
	rule: `an upstream that refuses connections is a 503 (${method})`,
	rfc: "RFC 9110 15.6.4",
	play: (stage) =>
		whileRefusing(stage, async () =>
			assertStatus(await stage.exchange(bytes, method), 503),
		),
}));

const answers: Scene[] = [
	{
		id: "failure-tells-nothing",
		rule: "the answer to a failure names no host, port, path or stack",
		rfc: "headgate",
		play: (stage) =>
			whileRefusing(stage, async () => {
				const response = await stage.exchange(get);
				const text = `${response.body}${response.headers.join()}`;
				const leaks = [
					"127.0.0.1",
					String(stage.upstream.port),
					"ECONN",
					"node:",
					".js",
				];
				for (const leak of leaks)
					assert.ok(!text.includes(leak), `it tells ${leak}`);
			}),
	},
	{
		id: "failure-problem",
		rule: "the answer to a failure is a problem document with a code",
		rfc: "RFC 9457",
		play: (stage) =>
			whileRefusing(stage, async () => {
				const response = await stage.exchange(get);
				if (response.header("content-type") !== "application/problem+json")
					differs(response.header("content-type") ?? "no media type");
				const problem = JSON.parse(response.body.toString()) as Record<
					string,
					unknown
				>;
				assert.equal(problem.status, response.status);
				assert.equal(typeof problem.code, "string");
			}),
	},
	{
		id: "failure-then-fine",
		rule: "after a failure the connection takes the next request",
		rfc: "RFC 9112 9.3",
		play: async (stage) => {
			const client = await stage.connect();
			await whileRefusing(stage, async () => {
				assert.ok((await client.exchange(get)).status >= 500);
			});
			if (!client.isOpen) differs("closes the connection");
			const next = await client
				.exchange(get)
				.catch(() => differs("closes the connection"));
			if (next.status >= 500) differs("waits before it asks again");
			assert.equal(next.status, 200);
		},
	},
	{
		id: "silence-get",
		rule: "silence of the upstream is a 504",
		rfc: "RFC 9110 15.6.5",
		play: async (stage) => {
			stage.answer(() => {});
			assertStatus(await stage.exchange(get), 504);
		},
	},
	{
		id: "silence-post",
		rule: "silence after a POST is a 504, and the POST is not sent again",
		rfc: "RFC 9110 9.2.2",
		play: async (stage) => {
			stage.answer(() => {});
			const response = await stage.exchange(post, "POST");
			assert.equal(stage.requests.length, 1);
			assertStatus(response, 504);
		},
	},
	{
		id: "silence-half-head",
		rule: "silence within a head is a 504",
		rfc: "RFC 9110 15.6.5",
		play: async (stage) => {
			stage.answer((_one, connection) =>
				connection.send("HTTP/1.1 200 OK\r\nX-A: "),
			);
			assertStatus(await stage.exchange(get), 504);
		},
	},
	{
		id: "silence-ends-upstream",
		rule: "after a 504 the upstream's connection is closed",
		rfc: "headgate",
		play: async (stage) => {
			stage.answer(() => {});
			await stage.exchange(get);
			await stage.carrier(await stage.arrived()).closed(500);
		},
	},
	{
		id: "silence-body",
		rule: "silence within a body breaks the answer off",
		rfc: "RFC 9112 8",
		play: async (stage) => {
			stage.answer((_one, connection) =>
				connection.send(
					`${head("HTTP/1.1 200 OK", "Content-Length: 10")}hello`,
				),
			);
			const client = await stage.connect();
			const response = await client.exchange(get);
			assert.equal(response.status, 200);
			assert.equal(response.complete, false);
			await client.closed(500);
		},
	},
];

/** Ends each connection that has carried a request before, as its next one arrives. */
function endReused(
	stage: Stage,
	end: (connection: RawConnection) => void,
): void {
	stage.answer(async (one, connection) => {
		if (connection.requests.length > 1) return end(connection);
		await one.whole;
		await connection.reply(200, "ok");
	});
}

const stale: Scene[] = [
	{
		id: "stale-idle-get",
		rule: "a kept connection that the upstream has closed does not fail a GET",
		rfc: "RFC 9112 9.3.1",
		play: async (stage) => {
			await closeIdle(stage);
			assert.equal((await stage.exchange(get)).status, 200);
		},
	},
	{
		id: "stale-idle-post",
		rule: "a kept connection that the upstream has closed never sends a POST twice",
		rfc: "RFC 9112 9.3.1",
		play: async (stage) => {
			await closeIdle(stage);
			const response = await stage.exchange(post, "POST");
			assert.ok(stage.requests.length <= 1, "sent twice");
			if (response.status !== 200) differs(`answers ${response.status}`);
		},
	},
	...(["end", "reset"] as const).flatMap((how): Scene[] => [
		{
			id: `stale-race-${how}-get`,
			rule: `a GET that meets the ${how} of a kept connection is sent once more`,
			rfc: "RFC 9112 9.3.1",
			play: async (stage) => {
				endReused(stage, (connection) =>
					how === "end" ? connection.halfClose() : connection.reset(),
				);
				const response = await stage.exchange(get);
				if (response.status !== 200) differs(`answers ${response.status}`);
				if (stage.requests.length === 1) differs("keeps no connection");
				assert.equal(stage.requests.length, 2);
			},
		},
		{
			id: `stale-race-${how}-post`,
			rule: `a POST that meets the ${how} of a kept connection is a 502, sent once`,
			rfc: "RFC 9110 9.2.2",
			play: async (stage) => {
				endReused(stage, (connection) =>
					how === "end" ? connection.halfClose() : connection.reset(),
				);
				const response = await stage.exchange(post, "POST");
				assert.equal(stage.requests.length, 1, "sent twice");
				if (response.status === 200) differs("keeps no connection");
				assertStatus(response, 502);
			},
		},
	]),
	{
		id: "no-answer-post-empty",
		rule: "a POST without a body that gets no answer is a 502, sent once",
		rfc: "RFC 9110 9.2.2",
		play: async (stage) => {
			stage.answer((_one, connection) => connection.reset());
			const response = await stage.exchange(
				request("POST /f HTTP/1.1", "Content-Length: 0"),
				"POST",
			);
			assert.equal(stage.requests.length, 1, "sent twice");
			assertStatus(response, 502);
		},
	},
	{
		id: "no-answer-get",
		rule: "a GET that gets no answer is a 502 after one more try at most",
		rfc: "RFC 9110 9.2.2",
		play: async (stage) => {
			stage.answer((_one, connection) => connection.reset());
			const response = await stage.exchange(get);
			assert.ok(
				stage.requests.length <= 2,
				`sent ${stage.requests.length} times`,
			);
			assertStatus(response, 502);
		},
	},
	{
		id: "no-retry-after-byte",
		rule: "a GET is not sent again once a byte of its answer came",
		rfc: "RFC 9110 9.2.2",
		play: async (stage) => {
			stage.answer(async (_one, connection) => {
				await connection.send("HTTP/1.1 2");
				connection.halfClose();
			});
			const response = await stage.exchange(get);
			assert.equal(stage.requests.length, 1, "sent twice");
			assertStatus(response, 502);
		},
	},
];

/** Closes the connection that the barrier left idle, and lets the target see it. */
async function closeIdle(stage: Stage): Promise<void> {
	await stage.exchange(get);
	await stage.upstream.closeConnections();
	stage.upstream.connections = [];
	await new Promise(setImmediate);
}

/** Upstreams that refuse, keep silent or close. */
export const failureCases: Case[] = [
	...table("Failures", [...refused, ...answers], (row, stage) =>
		row.play(stage),
	),
	...table("Kept connections", stale, (row, stage) => row.play(stage)),
];
