import assert from "node:assert/strict";
import { head } from "../../helpers/raw-http.ts";
import { table } from "../expect.ts";
import type { Case } from "../stage.ts";
import { type AnswerRow, is, judgeAnswer } from "./answers.ts";

const te = "Transfer-Encoding: chunked";
const ok = "HTTP/1.1 200 OK";

function bodiless(
	id: string,
	rule: string,
	status: number,
	bytes: string,
	method = "GET",
): AnswerRow {
	return {
		id: `bodiless-${id}`,
		rule,
		rfc: "RFC 9112 6.3",
		bytes,
		method,
		check: is(status, ""),
	};
}

const noBody: AnswerRow[] = [
	bodiless(
		"204",
		"a 204 ends at its head",
		204,
		head("HTTP/1.1 204 No Content"),
	),
	bodiless(
		"204-length",
		"a 204 with a length ends at its head",
		204,
		head("HTTP/1.1 204 No Content", "Content-Length: 5"),
	),
	bodiless(
		"204-zero",
		"a 204 with a length of 0 ends at its head",
		204,
		head("HTTP/1.1 204 No Content", "Content-Length: 0"),
	),
	bodiless(
		"204-chunked",
		"a 204 with Transfer-Encoding ends at its head",
		204,
		head("HTTP/1.1 204 No Content", te),
	),
	bodiless(
		"304",
		"a 304 ends at its head",
		304,
		head("HTTP/1.1 304 Not Modified", 'ETag: "a"'),
	),
	bodiless(
		"304-length",
		"a 304 with a length ends at its head",
		304,
		head("HTTP/1.1 304 Not Modified", "Content-Length: 5"),
	),
	bodiless(
		"304-chunked",
		"a 304 with Transfer-Encoding ends at its head",
		304,
		head("HTTP/1.1 304 Not Modified", te),
	),
	bodiless(
		"head-length",
		"an answer to HEAD ends at its head, whatever its length",
		200,
		head(ok, "Content-Length: 5"),
		"HEAD",
	),
	bodiless(
		"head-chunked",
		"an answer to HEAD ends at its head, chunked or not",
		200,
		head(ok, te),
		"HEAD",
	),
	bodiless(
		"head-none",
		"an answer to HEAD needs no framing",
		200,
		head(ok),
		"HEAD",
	),
	bodiless(
		"head-404",
		"a 404 to HEAD ends at its head",
		404,
		head("HTTP/1.1 404 Not Found", "Content-Length: 500"),
		"HEAD",
	),
	bodiless(
		"205",
		"a 205 with a length of 0 is empty",
		205,
		head("HTTP/1.1 205 Reset Content", "Content-Length: 0"),
	),
	{
		...bodiless(
			"head-keeps-length",
			"an answer to HEAD keeps its Content-Length",
			200,
			head(ok, "Content-Length: 5"),
			"HEAD",
		),
		rfc: "RFC 9110 8.6",
		check: (response) => assert.equal(response.header("content-length"), "5"),
	},
];

/** Answers that have no body, whatever their framing headers say. */
export const bodilessCases: Case[] = table(
	"Answers without a body",
	noBody,
	judgeAnswer,
);
