import assert from "node:assert/strict";
import { chunked } from "../../helpers/raw-http.ts";
import { endingOf, onlyRequest, type Row, table } from "../expect.ts";
import { type Case, differs, request, type Stage } from "../stage.ts";

const open = request("POST /c HTTP/1.1", "Transfer-Encoding: chunked");

/** A chunked body, as bytes after the head. */
interface ChunkRow extends Row {
	readonly body: string;
}

function chunk(id: string, what: string, body: string): ChunkRow {
	return { id, rule: `${what} ends the request`, rfc: "RFC 9112 7.1", body };
}

const end = "0\r\n\r\n";
const broken: ChunkRow[] = [
	chunk(
		"chunk-overflow",
		"a chunk size beyond 2^64",
		`10000000000000005\r\nhello\r\n${end}`,
	),
	chunk(
		"chunk-overflow-long",
		"a chunk size of 30 digits",
		`${"0".repeat(4)}${"F".repeat(26)}\r\nhello\r\n${end}`,
	),
	chunk("chunk-0x", "a chunk size with 0x", `0x5\r\nhello\r\n${end}`),
	chunk("chunk-plus", "a chunk size with a plus sign", `+5\r\nhello\r\n${end}`),
	chunk("chunk-minus", "a negative chunk size", `-5\r\nhello\r\n${end}`),
	chunk("chunk-empty-size", "an empty chunk size", `\r\nhello\r\n${end}`),
	chunk(
		"chunk-junk-size",
		"a chunk size that is no number",
		`xyz\r\nhello\r\n${end}`,
	),
	chunk(
		"chunk-leading-space",
		"a space before a chunk size",
		` 5\r\nhello\r\n${end}`,
	),
	chunk("chunk-lf-size", "a bare LF after a chunk size", `5\nhello\r\n${end}`),
	chunk("chunk-cr-size", "a bare CR after a chunk size", `5\rhello\r\n${end}`),
	chunk("chunk-no-crlf", "a chunk without its CRLF", `5\r\nhello${end}`),
	chunk("chunk-lf-data", "a bare LF after a chunk", `5\r\nhello\n${end}`),
	chunk(
		"chunk-too-long",
		"a chunk longer than its size",
		`3\r\nhello\r\n${end}`,
	),
	chunk(
		"chunk-ext-lf",
		"a bare LF in a chunk extension",
		`5;a\nb\r\nhello\r\n${end}`,
	),
	chunk(
		"chunk-ext-cr",
		"a bare CR in a chunk extension",
		`5;a\rb\r\nhello\r\n${end}`,
	),
	chunk(
		"chunk-ext-nul",
		"a NUL in a chunk extension",
		`5;a\0b\r\nhello\r\n${end}`,
	),
	chunk(
		"chunk-lf-last",
		"a bare LF after the last chunk",
		`5\r\nhello\r\n0\n\n`,
	),
	chunk(
		"chunk-trailer-space",
		"a trailer with a space before its colon",
		`5\r\nhello\r\n0\r\nX : y\r\n\r\n`,
	),
	chunk(
		"chunk-trailer-junk",
		"a trailer without a colon",
		`5\r\nhello\r\n0\r\njunk\r\n\r\n`,
	),
];

/** A broken body must not look whole to the upstream, and the connection ends. */
async function breakOff(row: ChunkRow, stage: Stage): Promise<void> {
	const client = await stage.connect();
	void client.send(open + row.body + request("GET /smuggled HTTP/1.1"));
	const { answer, open: stays } = await endingOf(client, false);
	await stage.barrier();
	const [whole] = stage.requests.filter((one) => one.complete);
	if (whole) {
		assert.equal(whole.method, "POST", `the upstream saw ${whole.startLine}`);
		assert.equal(whole.body.toString("latin1"), "hello");
		differs("takes it");
	}
	assertRefused(answer?.status, stays);
}

function assertRefused(status: number | undefined, stays: boolean): void {
	if (status === undefined) {
		assert.ok(!stays, "neither an answer nor a close");
		differs("closes without an answer");
	}
	if (status !== 400) differs(`answers ${status}`);
	if (stays) differs("answers 400 and stays open");
}

const legal: ChunkRow[] = [
	ok("chunk-ext", "a chunk extension is skipped", `5;a=b\r\nhello\r\n${end}`),
	ok(
		"chunk-ext-quoted",
		"a quoted chunk extension is skipped",
		`5;a="b;c"\r\nhello\r\n${end}`,
	),
	ok(
		"chunk-upper-hex",
		"chunk sizes are hexadecimal in either case",
		`A\r\n0123456789\r\na\r\n0123456789\r\n${end}`,
	),
	ok(
		"chunk-zeros",
		"leading zeros of a chunk size are digits",
		`0005\r\nhello\r\n000\r\n\r\n`,
	),
	ok(
		"chunk-many",
		"many small chunks are one body",
		chunked(..."hello, chunks".split("")),
	),
	ok("chunk-none", "a body of the last chunk alone is empty", end),
];

function ok(id: string, rule: string, body: string): ChunkRow {
	return { id, rule, rfc: "RFC 9112 7.1", body };
}

const legalBodies: Readonly<Record<string, string>> = {
	"chunk-upper-hex": "01234567890123456789",
	"chunk-many": "hello, chunks",
	"chunk-none": "",
};

async function pass(row: ChunkRow, stage: Stage): Promise<void> {
	const response = await stage.exchange(open + row.body, "POST");
	if (response.status >= 400) {
		assert.equal(stage.requests.filter((one) => one.complete).length, 0);
		differs(`answers ${response.status}`);
	}
	const one = await onlyRequest(stage);
	assert.equal(one.body.toString("latin1"), legalBodies[row.id] ?? "hello");
}

const bounded: ChunkRow[] = [
	ok(
		"chunk-ext-long",
		"a chunk extension of 64 KiB is refused",
		`5;${"a".repeat(65_536)}\r\nhello\r\n${end}`,
	),
	ok(
		"chunk-trailers-long",
		"trailers of 64 KiB are refused",
		`5\r\nhello\r\n0\r\nX: ${"a".repeat(65_536)}\r\n\r\n`,
	),
];

/** More than a head may hold: refused, or forwarded without it. */
async function bound(row: ChunkRow, stage: Stage): Promise<void> {
	const client = await stage.connect();
	void client.send(open + row.body);
	const { answer, open: stays } = await endingOf(client, true);
	await stage.barrier();
	if (answer === null) {
		assert.ok(!stays, "neither an answer nor a close");
		differs("closes without an answer");
	}
	if (answer.status < 400) differs("takes it");
	assert.equal(stage.requests.filter((one) => one.complete).length, 0);
}

/** The chunked coding in requests. */
export const chunkCases: Case[] = [
	...table("Chunked requests", broken, breakOff),
	...table("Chunked requests", legal, pass),
	...table("Chunked requests", bounded, bound),
];
