import assert from "node:assert/strict";
import type { RawResponse } from "../../helpers/raw-client.ts";
import { head, valuesOf } from "../../helpers/raw-http.ts";
import { type Row, table } from "../expect.ts";
import { type Case, differs, request, type Stage } from "../stage.ts";

/** Header lines of an answer, and what must have become of them at the client. */
export interface HeaderRow extends Row {
	readonly lines: readonly string[];
	readonly check: (response: RawResponse) => void;
	readonly startLine?: string;
}

function gone(
	id: string,
	what: string,
	name: string,
	...lines: string[]
): HeaderRow {
	return {
		id: `answer-${id}`,
		rule: `${what} stays here`,
		rfc: "RFC 9110 7.6.1",
		lines,
		check: (response) =>
			assert.equal(response.header(name), undefined, `${name} went through`),
	};
}

const hopByHop: HeaderRow[] = [
	gone(
		"hop-nominated",
		"a header that Connection names",
		"x-secret",
		"Connection: X-Secret",
		"X-Secret: 1",
	),
	gone(
		"hop-nominated-first",
		"a header before the Connection that names it",
		"x-secret",
		"X-Secret: 1",
		"Connection: keep-alive, x-secret",
	),
	gone("hop-upgrade", "Upgrade in a plain answer", "upgrade", "Upgrade: h2c"),
	gone(
		"hop-proxy-connection",
		"Proxy-Connection",
		"proxy-connection",
		"Proxy-Connection: keep-alive",
	),
	{
		...gone(
			"hop-proxy-authenticate",
			"Proxy-Authenticate",
			"proxy-authenticate",
			"Proxy-Authenticate: Basic",
		),
		rfc: "headgate",
		check: (response) => {
			if (response.header("proxy-authenticate")) differs("relays it");
		},
	},
	gone("hop-te", "TE", "te", "TE: trailers"),
	{
		...gone(
			"hop-keep-alive",
			"the upstream's Keep-Alive",
			"keep-alive",
			"Keep-Alive: timeout=77",
		),
		check: (response) =>
			assert.doesNotMatch(response.header("keep-alive") ?? "", /77/),
	},
	{
		...gone(
			"hop-connection",
			"the upstream's Connection: close",
			"connection",
			"Connection: close",
		),
		check: (response) => {
			if (/close/i.test(response.header("connection") ?? ""))
				differs("closes the client's connection too");
		},
	},
	{
		...gone(
			"nominate-length",
			"",
			"x",
			"Connection: Content-Length, Content-Type",
			"Content-Type: text/plain",
		),
		rule: "an upstream can not spoil the framing by naming Content-Length in Connection",
		check: (response) => assert.equal(response.complete, true),
	},
];

function keep(
	id: string,
	rule: string,
	rfc: string,
	...lines: string[]
): HeaderRow {
	return {
		id: `answer-${id}`,
		rule,
		rfc,
		lines,
		check: (response) => {
			const wanted = lines.map(toPair);
			for (const [name] of wanted)
				assert.deepEqual(
					valuesOf(response.headers, name),
					wanted.filter(([each]) => each === name).map(([, value]) => value),
				);
		},
	};
}

function toPair(line: string): [string, string] {
	const colon = line.indexOf(": ");
	return [line.slice(0, colon), line.slice(colon + 2)];
}

const kept: HeaderRow[] = [
	keep(
		"set-cookie",
		"Set-Cookie lines stay apart",
		"RFC 6265 3",
		"Set-Cookie: a=1; Path=/",
		"Set-Cookie: b=2, c",
		"Set-Cookie: a=1; Path=/",
	),
	keep(
		"duplicates",
		"repeated headers stay apart and in order",
		"RFC 9110 5.3",
		"X-Dup: 1",
		"X-Dup: 2",
		"X-Dup: 1",
	),
	keep(
		"authenticate",
		"two WWW-Authenticate lines stay apart",
		"RFC 9110 11.6.1",
		"WWW-Authenticate: Basic",
		"WWW-Authenticate: Bearer",
	),
	keep(
		"latin1",
		"bytes above 127 survive",
		"RFC 9110 5.5",
		"X-Name: caf\xe9 \xa9",
	),
	keep(
		"utf8",
		"UTF-8 bytes survive",
		"RFC 9110 5.5",
		"X-Name: caf\xc3\xa9 \xe2\x82\xac",
	),
	keep("empty", "an empty value survives", "RFC 9110 5.5", "X-Empty: "),
	keep(
		"long",
		"a value of 6 KiB survives",
		"RFC 9110 5.4",
		`X-Long: ${"a".repeat(6_144)}`,
	),
	keep(
		"many",
		"90 headers survive",
		"RFC 9110 5.4",
		...Array.from({ length: 90 }, (_, at) => `X-N${at}: ${at}`),
	),
	keep(
		"date",
		"the upstream's Date is the only one",
		"RFC 9110 6.6.1",
		"Date: Mon, 01 Jan 2024 00:00:00 GMT",
	),
	keep(
		"server",
		"the upstream's Server is the only one",
		"RFC 9110 10.2.4",
		"Server: raw",
	),
	keep(
		"etag",
		"validators survive",
		"RFC 9110 8.8",
		'ETag: W/"a b"',
		"Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT",
	),
	keep(
		"location",
		"Location is not rewritten",
		"RFC 9110 10.2.2",
		"Location: http://127.0.0.1:1/x?y=%2F",
	),
	keep(
		"cache",
		"caching headers survive",
		"RFC 9111 5",
		"Cache-Control: no-cache",
		"Vary: a, b",
		"Age: 7",
		"Expires: 0",
	),
	{
		...keep(
			"via",
			"what earlier proxies said in Via stays",
			"RFC 9110 7.6.3",
			"Via: 1.0 fred",
		),
		check: (response) =>
			assert.ok(
				(response.header("via") ?? "").startsWith("1.0 fred"),
				"it is gone",
			),
	},
	{
		...keep(
			"order",
			"the order of headers is kept",
			"headgate",
			"X-C: 1",
			"X-A: 2",
			"X-B: 3",
		),
		check: (response) => {
			const names = response.headers
				.map(([name]) => name.toLowerCase())
				.filter((name) => /^x-[abc]$/.test(name));
			assert.deepEqual(names, ["x-c", "x-a", "x-b"]);
		},
	},
	{
		...keep(
			"case",
			"the case of header names is kept",
			"headgate",
			"X-MiXed-CaSe: 1",
		),
		check: (response) => {
			assert.ok(response.header("x-mixed-case"));
			if (!response.headers.some(([name]) => name === "X-MiXed-CaSe"))
				differs("changes the case");
		},
	},
];

/** The upstream answers with the row's head and a body of two bytes. */
export async function judgeHeaders(
	row: HeaderRow,
	stage: Stage,
): Promise<void> {
	const { startLine = "HTTP/1.1 200 OK", lines } = row;
	stage.answer((_one, connection) =>
		connection.send(`${head(startLine, ...lines, "Content-Length: 2")}ok`),
	);
	const response = await stage.exchange(request("GET /h HTTP/1.1"));
	const wanted = startLine.split(" ")[1];
	if (row.id === "answer-long" && response.status >= 500)
		differs(`answers ${response.status}`);
	assert.equal(String(response.status), wanted, `answered ${response.status}`);
	assert.equal(response.body.toString(), "ok");
	row.check(response);
}

/** Heads of answers. */
export const responseHeaderCases: Case[] = [
	...table("Answer headers: hop by hop", hopByHop, judgeHeaders),
	...table("Answer headers: kept", kept, judgeHeaders),
];
