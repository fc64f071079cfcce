import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { defaults } from "../../src/model/upstream.ts";
import type { RawResponse } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import type { RawConnection } from "../helpers/raw-upstream.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

const methods = ["GET", "POST", "HEAD"] as const;
type Method = (typeof methods)[number];

/** What a client may be left with: an answer of the gateway's own, the upstream's whole answer, or one that is cut. */
type Fate =
	| { readonly status: number; readonly code: string }
	| "whole"
	| "cut";

interface Death {
	readonly how: string;
	readonly act: (connection: RawConnection) => unknown;
	readonly fate: Fate;
	/** HEAD ends at the head: what would have followed it is of no account (RFC 9112 section 6.3). Default: the same fate. */
	readonly headFate?: Fate;
}

const gone: Fate = { status: 502, code: "ERR_UPSTREAM_RESET" };
const invalid: Fate = { status: 502, code: "ERR_UPSTREAM_INVALID" };
const chunkedHead = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
const lengthHead = head("HTTP/1.1 200 OK", "Content-Length: 10");

const deaths: readonly Death[] = [
	{
		how: "resets before its head",
		act: (connection) => connection.reset(),
		fate: gone,
	},
	{
		how: "ends before its head",
		act: (connection) => connection.halfClose(),
		fate: gone,
	},
	{
		how: "ends within its head",
		act: async (connection) => {
			await connection.send("HTTP/1.1 200 OK\r\nContent-Le");
			connection.halfClose();
		},
		fate: gone,
	},
	{
		how: "resets within its head",
		act: async (connection) => {
			await connection.send("HTTP/1.1 200 OK\r\nContent-Le");
			connection.reset();
		},
		fate: gone,
	},
	{
		how: "answers with garbage",
		act: (connection) => connection.send("\x16\x03\x01 nothing at all\r\n\r\n"),
		fate: invalid,
	},
	{
		how: "answers with a head that is none",
		act: (connection) => connection.send("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
		fate: invalid,
	},
	{
		how: "says nothing",
		act: () => undefined,
		fate: { status: 504, code: "ERR_UPSTREAM_HEADERS_TIMEOUT" },
	},
	{
		how: "says nothing after half a head",
		act: (connection) => connection.send("HTTP/1.1 200 OK\r\nContent-Le"),
		fate: { status: 504, code: "ERR_UPSTREAM_HEADERS_TIMEOUT" },
	},
	{
		how: "ends within a chunk",
		act: async (connection) => {
			await connection.send(`${chunkedHead}a\r\nhello`);
			connection.halfClose();
		},
		fate: "cut",
		headFate: "whole",
	},
	{
		how: "resets between chunks",
		act: async (connection) => {
			await connection.send(`${chunkedHead}5\r\nhello\r\n`);
			connection.reset();
		},
		fate: "cut",
		headFate: "whole",
	},
	{
		how: "sends a chunk that is none",
		act: (connection) => connection.send(`${chunkedHead}5\r\nhello\r\nzz\r\n`),
		// undici reports it after the head has left.
		fate:
			defaults.client === "undici"
				? "cut"
				: { status: 502, code: "ERR_UPSTREAM_INVALID" },
		headFate: "whole",
	},
	{
		how: "goes silent between chunks",
		act: (connection) => connection.send(`${chunkedHead}5\r\nhello\r\n`),
		fate: "cut",
		headFate: "whole",
	},
	{
		how: "ends within its length",
		act: async (connection) => {
			await connection.send(`${lengthHead}hello`);
			connection.halfClose();
		},
		fate: "cut",
		headFate: "whole",
	},
	{
		how: "resets within its length",
		act: async (connection) => {
			await connection.send(`${lengthHead}hello`);
			connection.reset();
		},
		fate: "cut",
		headFate: "whole",
	},
	{
		how: "ends before the first byte of its length",
		act: async (connection) => {
			await connection.send(lengthHead);
			connection.halfClose();
		},
		fate: "cut",
		headFate: "whole",
	},
	{
		how: "resets within a body that ends with the connection",
		act: async (connection) => {
			await connection.send(`${head("HTTP/1.1 200 OK")}hello`);
			// node 22 tells bytes and a reset that come together as an end: the bytes are read first.
			for (let turn = 0; turn < 10; turn++) {
				await new Promise((resolve) => setImmediate(resolve));
			}
			connection.reset();
		},
		fate: "cut",
		headFate: "whole",
	},
	{
		how: "sends more than its length",
		act: (connection) =>
			connection.send(
				`${lengthHead}helloworld${chunkedHead}5\r\nevil!\r\n0\r\n\r\n`,
			),
		fate: "whole",
	},
	{
		how: "sends more than its last chunk",
		act: (connection) =>
			connection.send(`${chunkedHead}5\r\nhello\r\n0\r\n\r\nand more`),
		fate: "whole",
	},
];

/** Sends a request whose upstream dies, and gives back the answer; null where the connection ended without one. */
async function meet(
	stage: WireStage,
	method: Method,
): Promise<[RawResponse | null, boolean]> {
	const client = await stage.connect();
	const body = method === "POST" ? "hello" : "";
	const lines = body === "" ? [] : [`Content-Length: ${body.length}`];
	void client.send(request(`${method} /`, ...lines) + body);
	const answer = await client.readResponse(method).catch(() => null);
	if (answer?.complete !== true) await client.closed(500);
	return [answer, client.isOpen];
}

function assertFate(
	fate: Fate,
	answer: RawResponse | null,
	method: Method,
): void {
	if (fate === "cut") {
		assert.notEqual(answer?.complete, true, "it looks whole");
		assert.ok(
			answer === null || answer.status === 200,
			"error text after the head",
		);
		assert.doesNotMatch(answer?.body.toString() ?? "", /ERR_/);
	} else if (fate === "whole") {
		assert.equal(answer?.status, 200);
		assert.equal(answer?.complete, true);
		assert.match(
			answer?.body.toString() ?? "",
			method === "HEAD" ? /^$/ : /^hello(?:world)?$/,
		);
	} else assertProblem(fate, answer, method);
}

function assertProblem(
	fate: Exclude<Fate, string>,
	answer: RawResponse | null,
	method: Method,
): void {
	assert.equal(answer?.status, fate.status);
	assert.equal(answer?.header("content-type"), "application/problem+json");
	if (method === "HEAD") return;
	const { code, detail, ...rest } = JSON.parse(answer?.body.toString() ?? "");
	assert.equal(code, fate.code);
	assert.match(detail, /^[A-Z][a-z ]+\.$/);
	assert.deepEqual(Object.keys(rest).sort(), ["status", "title", "type"]);
}

/** Nothing of where the upstream is, or of what went wrong inside (RFC 9209 tells it to the log alone). */
function assertSilent(stage: WireStage, answer: RawResponse | null): void {
	const text = `${answer?.startLine} ${JSON.stringify(answer?.headers)} ${answer?.body.toString()}`;
	assert.doesNotMatch(
		text,
		/127\.0\.0\.1|localhost|ECONN|EPIPE|UND_ERR|HPE_|undici|node:|\.ts|\bat /,
	);
	assert.ok(!text.includes(String(stage.upstream.port)), "it names the port");
}

async function assertGoesOn(stage: WireStage): Promise<void> {
	stage.upstream.script = (_one, connection) => connection.reply(200, "next");
	const client = await stage.connect();
	const answer = await client.exchange(request("GET /next"));
	assert.deepEqual([answer.status, answer.body.toString()], [200, "next"]);
}

suite("an upstream that", () => {
	for (const method of methods) {
		for (const { how, act, fate, headFate } of deaths)
			test(`${how}: ${method}`, async (t) => {
				const stage = await startWireStage(t, {
					upstream: { timeout: { headersMs: 300, bodyMs: 300 } },
				});
				stage.upstream.script = (_one, connection) => act(connection);
				const due = method === "HEAD" ? (headFate ?? fate) : fate;
				const [answer, isOpen] = await meet(stage, method);
				assertFate(due, answer, method);
				assertSilent(stage, answer);
				// What was answered whole leaves the client's connection as it was (RFC 9112 section 9.3).
				assert.equal(isOpen, due !== "cut");
				assert.equal(stage.upstream.requests.length, 1);
				const outcome = await stage.ended();
				assert.equal(outcome.attempts, 1);
				assert.equal(outcome.complete, due !== "cut");
				await assertGoesOn(stage);
				assert.deepEqual(stage.errors, []);
			});
		test(`refuses connections: ${method}`, async (t) => {
			const stage = await startWireStage(t);
			await stage.upstream.stopListening();
			const [answer] = await meet(stage, method);
			assertFate(
				{ status: 503, code: "ERR_UPSTREAM_UNREACHABLE" },
				answer,
				method,
			);
			assertSilent(stage, answer);
			await stage.upstream.listen();
			await assertGoesOn(stage);
		});
	}
});
