import assert from "node:assert/strict";
import type { RawResponse } from "../../helpers/raw-client.ts";
import { chunked, head } from "../../helpers/raw-http.ts";
import { type Row, table } from "../expect.ts";
import { type Case, request, type Stage } from "../stage.ts";

/** Bytes of an answer, and what the client must make of them. */
export interface AnswerRow extends Row {
	readonly bytes: string;
	/** What the upstream does after them. Default: keeps the connection. */
	readonly after?: "end" | "reset";
	readonly method?: string;
	/** The whole request, where it is not a plain one. */
	readonly send?: string;
	readonly check: (response: RawResponse) => void;
}

/** A check of status and body. */
export function is(
	status: number,
	body: string,
): (response: RawResponse) => void {
	return (response) => {
		assert.equal(response.status, status, `answered ${response.status}`);
		assert.equal(response.complete, true, "the body was cut short");
		assert.equal(response.body.toString("latin1"), body);
	};
}

const te = "Transfer-Encoding: chunked";
const ok = "HTTP/1.1 200 OK";
const gzip =
	"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0";
const allBytes = Buffer.from(
	Array.from({ length: 256 }, (_, at) => at),
).toString("latin1");

const bodies: AnswerRow[] = [
	row(
		"length",
		"a body with a length arrives whole",
		"6.3",
		`${head(ok, "Content-Length: 5")}hello`,
		is(200, "hello"),
	),
	row(
		"chunked",
		"a chunked body arrives whole",
		"7.1",
		head(ok, te) + chunked("he", "llo"),
		is(200, "hello"),
	),
	row(
		"chunk-ext",
		"chunk extensions of an answer are skipped",
		"7.1.1",
		`${head(ok, te)}5;a=b\r\nhello\r\n0;c\r\n\r\n`,
		is(200, "hello"),
	),
	row(
		"chunk-case",
		"chunk sizes of an answer are hexadecimal in either case",
		"7.1",
		`${head(ok, te)}A\r\n0123456789\r\n00\r\n\r\n`,
		is(200, "0123456789"),
	),
	{
		...row(
			"close",
			"a body that ends with the connection arrives whole",
			"6.3",
			`${head(ok)}hello`,
			is(200, "hello"),
		),
		after: "end",
	},
	{
		...row(
			"http10",
			"an answer in HTTP/1.0 arrives whole",
			"6.3",
			`${head("HTTP/1.0 200 OK")}hello`,
			is(200, "hello"),
		),
		after: "end",
	},
	row(
		"http10-length",
		"an answer in HTTP/1.0 with a length arrives whole",
		"6.3",
		`${head("HTTP/1.0 200 OK", "Content-Length: 5")}hello`,
		is(200, "hello"),
	),
	row(
		"empty",
		"an empty body is an empty body",
		"6.3",
		head(ok, "Content-Length: 0"),
		is(200, ""),
	),
	row(
		"empty-chunked",
		"an empty chunked body is an empty body",
		"7.1",
		`${head(ok, te)}0\r\n\r\n`,
		is(200, ""),
	),
	row(
		"binary",
		"every byte of an answer survives",
		"6.4",
		head(ok, "Content-Length: 256") + allBytes,
		is(200, allBytes),
	),
	row(
		"keeps-length",
		"Content-Length reaches the client",
		"8.6",
		`${head(ok, "Content-Length: 5")}hello`,
		(response) => assert.equal(response.header("content-length"), "5"),
		"RFC 9110",
	),
	row(
		"gzip",
		"a content coding is not touched",
		"8.4",
		head(ok, "Content-Encoding: gzip", `Content-Length: ${gzip.length}`) + gzip,
		(response) => {
			is(200, gzip)(response);
			assert.equal(response.header("content-encoding"), "gzip");
		},
		"RFC 9110",
	),
	row(
		"redirect",
		"a redirect is not followed",
		"15.4",
		head("HTTP/1.1 302 Found", "Location: /elsewhere", "Content-Length: 0"),
		(response) => {
			is(302, "")(response);
			assert.equal(response.header("location"), "/elsewhere");
		},
		"RFC 9110",
	),
	row(
		"te-case",
		"the name of a transfer coding has no case",
		"6.1",
		head(ok, "Transfer-Encoding: Chunked") + chunked("hello"),
		is(200, "hello"),
	),
];

function row(
	id: string,
	rule: string,
	section: string,
	bytes: string,
	check: (response: RawResponse) => void,
	rfc = "RFC 9112",
): AnswerRow {
	return {
		id: `body-down-${id}`,
		rule,
		rfc: `${rfc} ${section}`,
		bytes,
		check,
	};
}

const oldClients: AnswerRow[] = [
	{
		...row(
			"to-http10",
			"an HTTP/1.0 client gets no chunks",
			"6.1",
			head(ok, te) + chunked("he", "llo"),
			(response) => {
				is(200, "hello")(response);
				assert.equal(response.header("transfer-encoding"), undefined);
			},
		),
		send: request("GET /a HTTP/1.0"),
	},
	{
		...row(
			"to-http10-keep-alive",
			"an HTTP/1.0 client that asks for keep-alive gets no chunks",
			"6.1",
			head(ok, te) + chunked("he", "llo"),
			(response) => {
				is(200, "hello")(response);
				assert.equal(response.header("transfer-encoding"), undefined);
			},
		),
		send: request("GET /a HTTP/1.0", "Connection: keep-alive"),
	},
];

/** The upstream answers with the row's bytes; the client checks them, and that the next answer is the next. */
export async function judgeAnswer(row: AnswerRow, stage: Stage): Promise<void> {
	const { method = "GET", send = request(`${method} /a HTTP/1.1`) } = row;
	stage.answer(async (_one, connection) => {
		await connection.send(row.bytes);
		if (row.after === "end") connection.halfClose();
		if (row.after === "reset") connection.reset();
	});
	const client = await stage.connect();
	const response = await client.exchange(send, method);
	row.check(response);
	if (send.includes("HTTP/1.0") || !client.isOpen) return;
	stage.answer((_one, connection) => connection.reply(200, "next"));
	const next = await client
		.exchange(request("GET /next HTTP/1.1"))
		.catch(() => null);
	if (next)
		assert.equal(
			next.body.toString(),
			"next",
			"the next answer was not the next",
		);
}

/** Bodies of answers. */
export const answerCases: Case[] = table(
	"Answer bodies",
	[...bodies, ...oldClients],
	judgeAnswer,
);
