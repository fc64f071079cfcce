import assert from "node:assert/strict";
import { table } from "../expect.ts";
import type { Case } from "../stage.ts";
import { type HeaderRow, judgeHeaders } from "./response-headers.ts";

function status(code: string, rfc = "RFC 9110 15"): HeaderRow {
	return {
		id: `answer-status-${code}`,
		rule: `a status of ${code} goes through`,
		rfc,
		lines: [],
		startLine: `HTTP/1.1 ${code} Reason`,
		check: (response) => assert.equal(response.status, Number(code)),
	};
}

const statuses: HeaderRow[] = [
	...[
		"201",
		"206",
		"226",
		"299",
		"300",
		"302",
		"401",
		"418",
		"451",
		"499",
		"500",
		"503",
		"599",
		"777",
		"999",
	].map((code) => status(code)),
	{
		...status("200"),
		id: "answer-no-reason",
		rule: "a status line needs no reason phrase",
		startLine: "HTTP/1.1 200 ",
	},
	{
		...status("200"),
		id: "answer-no-reason-space",
		rule: "a status line needs no space before its missing reason phrase",
		startLine: "HTTP/1.1 200",
	},
	{
		...status("200"),
		id: "answer-reason-bytes",
		rule: "bytes above 127 in a reason phrase do no harm",
		startLine: "HTTP/1.1 200 caf\xe9",
	},
];

/** Statuses that go through. */
export const statusCases: Case[] = table("Statuses", statuses, judgeHeaders);
