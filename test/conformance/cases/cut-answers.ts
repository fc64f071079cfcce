import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { head } from "../../helpers/raw-http.ts";
import { type Row, table } from "../expect.ts";
import { type Case, differs, request, type Stage } from "../stage.ts";

const ok = "HTTP/1.1 200 OK";
const te = "Transfer-Encoding: chunked";

/** An answer that ends too early: the client must be able to tell. */
interface CutRow extends Row {
	readonly bytes: string;
	readonly after: "end" | "reset";
	readonly version?: string;
}

const cut: CutRow[] = [
	short(
		"length-end",
		"an end within the length",
		`${head(ok, "Content-Length: 10")}hello`,
		"end",
	),
	short(
		"length-reset",
		"a reset within the length",
		`${head(ok, "Content-Length: 10")}hello`,
		"reset",
	),
	short(
		"length-at-head",
		"an end before the first byte of the body",
		head(ok, "Content-Length: 10"),
		"end",
	),
	short(
		"chunk-end",
		"an end within a chunk",
		`${head(ok, te)}a\r\nhello`,
		"end",
	),
	short(
		"chunk-reset",
		"a reset within a chunk",
		`${head(ok, te)}a\r\nhello`,
		"reset",
	),
	short(
		"chunk-between",
		"an end between two chunks",
		`${head(ok, te)}5\r\nhello\r\n`,
		"end",
	),
	short("chunk-at-head", "an end before the first chunk", head(ok, te), "end"),
	short(
		"chunk-no-last",
		"an end within the last chunk",
		`${head(ok, te)}5\r\nhello\r\n0\r\n`,
		"end",
	),
	short(
		"close-reset",
		"a reset in a body that ends with the connection",
		`${head(ok)}hello`,
		"reset",
	),
	short(
		"chunk-bad",
		"a broken chunk size",
		`${head(ok, te)}5\r\nhello\r\nxyz\r\n`,
		"end",
	),
	short(
		"chunk-overflow",
		"a chunk size beyond 2^64",
		`${head(ok, te)}10000000000000005\r\nhello\r\n0\r\n\r\n`,
		"end",
	),
	{
		...short(
			"to-http10",
			"an end within a chunk, to an HTTP/1.0 client",
			`${head(ok, te)}a\r\nhello`,
			"end",
		),
		version: "1.0",
	},
];

function short(
	id: string,
	what: string,
	bytes: string,
	after: "end" | "reset",
): CutRow {
	return {
		id: `cut-${id}`,
		rule: `${what}: the client can tell`,
		rfc: "RFC 9112 8",
		bytes,
		after,
	};
}

async function judgeCut(row: CutRow, stage: Stage): Promise<void> {
	stage.answer(async (_one, connection) => {
		await connection.send(row.bytes);
		// The head is to reach the client before the end does.
		await delay(60);
		if (row.after === "end") connection.halfClose();
		else connection.reset();
	});
	const client = await stage.connect();
	const response = await client
		.exchange(request(`GET /a HTTP/${row.version ?? "1.1"}`))
		.catch(() => differs("closes without an answer"));
	// A failure that is found before the head has left may take the whole response's place.
	if (response.status === 502) return;
	if (response.status > 502) differs(`answers ${response.status}`);
	assert.equal(response.complete, false, "it looks whole");
	await client.closed(500);
}

/** Answers that break off. */
export const cutAnswerCases: Case[] = table("Answers cut short", cut, judgeCut);
