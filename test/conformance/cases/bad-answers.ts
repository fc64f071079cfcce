import assert from "node:assert/strict";
import type { RawClient, RawResponse } from "../../helpers/raw-client.ts";
import { chunked, head, valuesOf } from "../../helpers/raw-http.ts";
import { type Row, table } from "../expect.ts";
import { type Case, differs, request, type Stage } from "../stage.ts";

/** An answer that is none: 502, unless a safe reading of it exists. */
interface BadRow extends Row {
	readonly bytes: string;
	readonly after?: "end" | "reset";
	/** Checks what may go through instead; that counts as `differs`. */
	readonly orForwards?: (response: RawResponse) => void;
	/** Checks what may go through just as well; that counts as a pass. */
	readonly mayForward?: (response: RawResponse) => void;
}

function bad(
	id: string,
	what: string,
	bytes: string,
	rfc = "RFC 9112 4",
): BadRow {
	return { id: `bad-${id}`, rule: `${what} is a 502`, rfc, bytes };
}

/** An answer with one odd header line. */
function line(
	id: string,
	what: string,
	text: string,
	rfc = "RFC 9112 5",
): BadRow {
	const bytes = `${head("HTTP/1.1 200 OK", "X-First: 1", text, "Content-Length: 5")}hello`;
	return { ...bad(id, what, bytes, rfc), orForwards: hello };
}

function status(id: string, what: string, startLine: string): BadRow {
	return bad(id, what, `${head(startLine, "Content-Length: 5")}hello`);
}

function hello(response: RawResponse): void {
	assert.equal(response.status, 200, `answered ${response.status}`);
	assert.equal(response.body.toString("latin1"), "hello");
	assert.equal(
		response.header("x-injected"),
		undefined,
		"a header came out of another",
	);
}

const ok = "HTTP/1.1 200 OK";
const te = "Transfer-Encoding: chunked";

const heads: BadRow[] = [
	bad("garbage", "garbage", "this is not HTTP\r\n\r\n"),
	bad("binary", "binary garbage", "\x16\x03\x01\0\xff\0\x01\r\n\r\n"),
	{
		...bad("half-head", "half a head", "HTTP/1.1 200 OK\r\nContent-Le"),
		after: "end",
	},
	{
		...bad(
			"half-head-reset",
			"half a head and a reset",
			"HTTP/1.1 200 OK\r\nContent-Le",
		),
		after: "reset",
	},
	{ ...bad("no-head", "an end without a head", ""), after: "end" },
	{ ...bad("no-head-reset", "a reset without a head", ""), after: "reset" },
	status("status-099", "a status below 100", "HTTP/1.1 099 Odd"),
	status("status-000", "a status of 000", "HTTP/1.1 000 Odd"),
	status("status-1000", "a status of four digits", "HTTP/1.1 1000 Odd"),
	status("status-20", "a status of two digits", "HTTP/1.1 20 Odd"),
	status("status-word", "a status that is no number", "HTTP/1.1 abc Odd"),
	status("status-minus", "a negative status", "HTTP/1.1 -20 Odd"),
	{
		...status("version-2", "a version of 2.0", "HTTP/2.0 200 OK"),
		orForwards: hello,
	},
	status("version-icy", "another protocol's status line", "ICY 200 OK"),
	status("version-lower", "a version in lower case", "http/1.1 200 OK"),
	{
		...bad(
			"too-large",
			"a head of 300 KiB",
			`${head(ok, ...Array.from({ length: 300 }, (_, at) => `X-${at}: ${"a".repeat(1_024)}`), "Content-Length: 5")}hello`,
			"RFC 9110 5.4",
		),
		orForwards: hello,
	},
	{
		...status("http10-te", "Transfer-Encoding in HTTP/1.0", "HTTP/1.0 200 OK"),
		bytes: head("HTTP/1.0 200 OK", te) + chunked("hello"),
		after: "end",
		orForwards: hello,
	},
];

const headers: BadRow[] = [
	line("no-colon", "a header line without a colon", "nothing"),
	line("no-name", "a header without a name", ": x"),
	line("name-space", "a space in a header name", "X A: b"),
	line("name-paren", "a parenthesis in a header name", "X(A: b"),
	line("nul", "a NUL in a header value", "X-A: b\0c", "RFC 9110 5.5"),
	line(
		"control",
		"a control character in a header value",
		"X-A: b\x01c",
		"RFC 9110 5.5",
	),
	line(
		"cr",
		"a bare CR in a header value",
		"X-A: b\rX-Injected: 1",
		"RFC 9112 2.2",
	),
	{
		...line(
			"space-colon",
			"a space before a colon: removed, or the answer",
			"X-A : b",
			"RFC 9112 5.1",
		),
		mayForward: hello,
	},
	{
		...line(
			"fold",
			"a folded header: unfolded, or the answer",
			"X-A: b\r\n c",
			"RFC 9112 5.2",
		),
		mayForward: hello,
	},
	{
		...bad(
			"lf",
			"a head of bare LFs: read all the same, or the answer",
			"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
			"RFC 9112 2.2",
		),
		mayForward: hello,
	},
];

function framing(
	id: string,
	what: string,
	lines: string[],
	body = "hello",
): BadRow {
	return {
		...bad(id, what, head(ok, ...lines) + body, "RFC 9112 6.3"),
		orForwards: hello,
	};
}

const framings: BadRow[] = [
	{
		...framing(
			"two-lengths",
			"two unequal lengths",
			["Content-Length: 5", "Content-Length: 6"],
			"hello!",
		),
		orForwards: never,
	},
	{
		...framing(
			"list-lengths",
			"a list of unequal lengths",
			["Content-Length: 5, 6"],
			"hello!",
		),
		orForwards: never,
	},
	{
		...framing("equal-lengths", "two equal lengths: made one, or the answer", [
			"Content-Length: 5",
			"Content-Length: 5",
		]),
		mayForward: hello,
	},
	framing("length-word", "a length that is no number", ["Content-Length: abc"]),
	framing("length-minus", "a negative length", ["Content-Length: -5"]),
	framing("length-plus", "a length with a plus sign", ["Content-Length: +5"]),
	framing("length-overflow", "a length beyond 2^64", [
		"Content-Length: 18446744073709551621",
	]),
	{
		...framing(
			"length-te",
			"both framings: read as chunked without the length, or the answer",
			["Content-Length: 4", te],
			chunked("hello"),
		),
		mayForward: chunkedHello,
	},
	{
		...framing(
			"te-length",
			"both framings in the other order: the same, or the answer",
			[te, "Content-Length: 4"],
			chunked("hello"),
		),
		mayForward: chunkedHello,
	},
	{
		...framing("te-unknown", "an unknown transfer coding", [
			"Transfer-Encoding: cow",
		]),
		after: "end",
		orForwards: () => {},
	},
	{
		...framing(
			"te-not-final",
			"chunked that is not the final coding",
			["Transfer-Encoding: chunked, identity"],
			chunked("hello"),
		),
		after: "end",
		orForwards: hello,
	},
	{
		...framing(
			"te-twice",
			"chunked applied twice",
			["Transfer-Encoding: chunked, chunked"],
			chunked("hello"),
		),
		after: "end",
		orForwards: hello,
	},
];

function never(response: RawResponse): void {
	assert.fail(`answered ${response.status} with ${response.body.length} bytes`);
}

function chunkedHello(response: RawResponse): void {
	hello(response);
	assert.ok(
		!valuesOf(response.headers, "content-length").includes("4"),
		"the wrong length went through",
	);
}

async function judgeBad(row: BadRow, stage: Stage): Promise<void> {
	stage.answer(async (_one, connection) => {
		await connection.send(row.bytes);
		if (row.after === "end") connection.halfClose();
		if (row.after === "reset") connection.reset();
	});
	const client = await stage.connect();
	const response = await client.exchange(request("GET /a HTTP/1.1"));
	if (response.status === 502) return nextIsFine(client, stage);
	if (response.status >= 500) differs(`answers ${response.status}`);
	const check = row.mayForward ?? row.orForwards;
	assert.ok(check, `answered ${response.status}`);
	if (!response.complete) differs("cuts the answer short");
	check(response);
	if (!row.mayForward) differs("forwards what can be read of it");
}

/** Whatever the answer was, the next request on the connection is answered by the next answer. */
async function nextIsFine(client: RawClient, stage: Stage): Promise<void> {
	if (!client.isOpen) return;
	stage.answer((_one, connection) => connection.reply(200, "next"));
	const next = await client
		.exchange(request("GET /next HTTP/1.1"))
		.catch(() => null);
	if (next)
		assert.equal(
			next.body.toString(),
			"next",
			`the next answer was ${next.status}`,
		);
}

/** Answers that are broken. */
export const badAnswerCases: Case[] = table(
	"Broken answers",
	[...heads, ...headers, ...framings],
	judgeBad,
);
