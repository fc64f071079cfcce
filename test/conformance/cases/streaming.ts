import assert from "node:assert/strict";
import { chunked, head } from "../../helpers/raw-http.ts";
import { type Row, table } from "../expect.ts";
import { type Case, differs, request, type Stage } from "../stage.ts";
import type { Scene } from "./order.ts";

const ok = "HTTP/1.1 200 OK";
const te = "Transfer-Encoding: chunked";
/** How long something that has left may be on its way, in milliseconds. */
const promptMs = 400;

const scenes: Scene[] = [
	{
		id: "head-first-length",
		rule: "the head reaches the client before the first byte of a body with a length",
		rfc: "RFC 9110 7.7",
		play: (stage) => headFirst(stage, "Content-Length: 5", "hello"),
	},
	{
		id: "head-first-chunked",
		rule: "the head reaches the client before the first chunk",
		rfc: "RFC 9110 7.7",
		play: (stage) => headFirst(stage, te, chunked("hello")),
	},
	{
		id: "sse",
		rule: "each server-sent event goes on when it comes",
		rfc: "RFC 9110 7.7",
		play: async (stage) => {
			let send: (text: string) => Promise<boolean> = async () => false;
			stage.answer(async (_one, connection) => {
				send = (text) => connection.send(text);
				await send(head(ok, "Content-Type: text/event-stream", te));
				await send("9\r\ndata: 0\n\n\r\n");
			});
			const client = await stage.connect();
			await client.send(request("GET /s HTTP/1.1"));
			const response = await client.readHead();
			assert.equal(response.status, 200);
			for (let at = 1; at < 5; at += 1) {
				await send(`9\r\ndata: ${at}\n\n\r\n`);
				await client
					.waitForText(`data: ${at}`, promptMs)
					.catch(() => differs("holds an event back"));
			}
		},
	},
	{
		id: "one-write",
		rule: "a small answer that came whole leaves whole",
		rfc: "headgate",
		play: async (stage) => {
			const client = await stage.connect();
			const rounds = 20;
			for (let at = 0; at < rounds; at += 1)
				await client.exchange(request("GET /s HTTP/1.1"));
			if (client.arrivals > rounds)
				differs(`${client.arrivals} packets for ${rounds} answers`);
		},
	},
	{
		id: "slow-pieces",
		rule: "an answer in pieces of one byte is the same answer",
		rfc: "RFC 9112 2.2",
		play: async (stage) => {
			stage.answer((_one, connection) =>
				connection.sendPieces(head(ok, te) + chunked("he", "llo")),
			);
			const response = await stage.exchange(request("GET /s HTTP/1.1"));
			assert.equal(response.body.toString(), "hello");
		},
	},
];

async function headFirst(
	stage: Stage,
	framing: string,
	body: string,
): Promise<void> {
	let finish = (): Promise<boolean> => Promise.resolve(false);
	stage.answer(async (_one, connection) => {
		finish = () => connection.send(body);
		await connection.send(head(ok, framing));
	});
	const client = await stage.connect();
	await client.send(request("GET /s HTTP/1.1"));
	const response = await client
		.readHead("GET", promptMs)
		.catch(() => differs("holds the head back"));
	await finish();
	assert.equal((await client.readRest(response)).body.toString(), "hello");
}

/** More bytes than the answer has: they must never be read as the next answer. */
interface ExtraRow extends Row {
	readonly bytes: string;
	readonly method?: string;
}

const poison = `${head(ok, "X-Poison: 1", "Content-Length: 8")}poisoned`;

const extra: ExtraRow[] = [
	more(
		"length",
		"bytes beyond the length",
		`${head(ok, "Content-Length: 2")}ok${poison}`,
	),
	more(
		"chunked",
		"bytes beyond the last chunk",
		head(ok, te) + chunked("ok") + poison,
	),
	more("204", "bytes after a 204", head("HTTP/1.1 204 No Content") + poison),
	more(
		"304",
		"bytes after a 304",
		head("HTTP/1.1 304 Not Modified", "Content-Length: 5") + poison,
	),
	{
		...more(
			"head",
			"bytes after the head of an answer to HEAD",
			`${head(ok, `Content-Length: ${poison.length}`)}${poison}`,
		),
		method: "HEAD",
	},
	more(
		"zero",
		"bytes after a body of length 0",
		head(ok, "Content-Length: 0") + poison,
	),
	more(
		"garbage",
		"garbage beyond the length",
		`${head(ok, "Content-Length: 2")}ok\r\ngarbage\r\n\r\n`,
	),
];

function more(id: string, what: string, bytes: string): ExtraRow {
	return {
		id: `extra-${id}`,
		rule: `${what} never become the next answer`,
		rfc: "RFC 9112 6.3",
		bytes,
	};
}

async function judgeExtra(
	{ bytes, method = "GET" }: ExtraRow,
	stage: Stage,
): Promise<void> {
	stage.answer((one, connection) =>
		one.target === "/next"
			? connection.reply(200, "next")
			: connection.send(bytes),
	);
	const client = await stage.connect();
	const first = await client.exchange(request(`${method} /s HTTP/1.1`), method);
	assert.ok(!first.body.includes("poison"), "they went through");
	if (client.isOpen)
		await assertNext(
			client.exchange(request("GET /next HTTP/1.1")).catch(() => null),
		);
	for (let at = 0; at < 3; at += 1)
		await assertNext(stage.exchange(request("GET /next HTTP/1.1")));
	if (first.status >= 500) differs(`answers ${first.status}`);
}

async function assertNext(
	answer: Promise<{ readonly status: number; readonly body: Buffer } | null>,
): Promise<void> {
	const next = await answer;
	if (next === null || next.status === 502) return;
	assert.equal(next.body.toString(), "next", "they became the next answer");
}

const unasked: Scene = {
	id: "extra-unasked",
	rule: "an answer that nobody asked for never becomes the next answer",
	rfc: "RFC 9112 9.2",
	play: async (stage) => {
		stage.answer(async (one, connection) => {
			await connection.reply(200, one.target === "/next" ? "next" : "ok");
		});
		await stage.exchange(request("GET /s HTTP/1.1"));
		const carrier = stage.carrier(await stage.arrived());
		await carrier.send(poison);
		await carrier.endsWithin(promptMs);
		for (let at = 0; at < 3; at += 1)
			await assertNext(stage.exchange(request("GET /next HTTP/1.1")));
	},
};

/** When bytes move, and where they end. */
export const streamingCases: Case[] = [
	...table("Streaming", scenes, (row, stage) => row.play(stage)),
	...table("Bytes beyond the answer", extra, judgeExtra),
	...table("Bytes beyond the answer", [unasked], (row, stage) =>
		row.play(stage),
	),
];
