import assert from "node:assert/strict";
import { head } from "../../helpers/raw-http.ts";
import { type RefusalRow, refuse, table } from "../expect.ts";
import { authority, type Case, request } from "../stage.ts";

const host = `Host: ${authority}`;

/** A request that is refused. */
export function bad(
	id: string,
	what: string,
	rfc: string,
	send: string,
): RefusalRow {
	return { id, rule: `${what} is refused`, rfc, send };
}

/** A request with one odd header line. */
function line(
	id: string,
	what: string,
	text: string,
	rfc = "RFC 9112 5",
): RefusalRow {
	return bad(id, what, rfc, request("GET /h HTTP/1.1", text, "X-Last: 1"));
}

const syntax: RefusalRow[] = [
	line(
		"header-space-colon",
		"a space before a colon",
		"X-A : b",
		"RFC 9112 5.1",
	),
	line("header-tab-colon", "a tab before a colon", "X-A\t: b", "RFC 9112 5.1"),
	line("header-fold", "a folded header", "X-A: b\r\n c", "RFC 9112 5.2"),
	line(
		"header-fold-tab",
		"a header folded with a tab",
		"X-A: b\r\n\tc",
		"RFC 9112 5.2",
	),
	line("header-no-colon", "a header line without a colon", "nothing"),
	line("header-no-name", "a header without a name", ": b"),
	line("header-name-paren", "a parenthesis in a header name", "X(A: b"),
	line("header-name-space", "a space in a header name", "X A: b"),
	line("header-name-slash", "a slash in a header name", "X/A: b"),
	line("header-name-8bit", "a byte above 127 in a header name", "X\xe9: b"),
	line("header-nul", "a NUL in a header value", "X-A: b\0c", "RFC 9110 5.5"),
	line("header-name-nul", "a NUL in a header name", "X\0A: b", "RFC 9110 5.1"),
	line("header-cr", "a bare CR in a header value", "X-A: b\rc", "RFC 9112 2.2"),
	line(
		"header-cr-inject",
		"a header behind a bare CR",
		"X-A: b\rX-B: c",
		"RFC 9112 2.2",
	),
	line(
		"header-control",
		"a control character in a header value",
		"X-A: b\x01c",
		"RFC 9110 5.5",
	),
	line("header-del", "a DEL in a header value", "X-A: b\x7fc", "RFC 9110 5.5"),
	bad(
		"header-lf",
		"a bare LF between headers",
		"RFC 9112 2.2",
		`GET /h HTTP/1.1\r\n${host}\nX-A: b\r\n\r\n`,
	),
	bad(
		"head-lf",
		"a head of bare LFs",
		"RFC 9112 2.2",
		`GET /h HTTP/1.1\n${host}\n\n`,
	),
	bad(
		"head-lf-end",
		"a head that ends in a bare LF",
		"RFC 9112 2.2",
		`GET /h HTTP/1.1\r\n${host}\r\n\n`,
	),
	bad(
		"header-first-space",
		"white space before the first header",
		"RFC 9112 2.2",
		`GET /h HTTP/1.1\r\n ${host}\r\n${host}\r\n\r\n`,
	),
].map((row) => ({ ...row, orForwards: cleaned }));

/** Forwarded all the same, the strict parser took it: what was hidden in a value must not have come out. */
function cleaned(one: {
	readonly headers: readonly (readonly [string, string])[];
}): void {
	const names = one.headers.map(([name]) => name.toLowerCase());
	assert.ok(!names.includes("x-b"), "a second header came out of the first");
}

const startLines: RefusalRow[] = [
	start(
		"line-two-spaces",
		"two spaces in the request line",
		"GET  /h HTTP/1.1",
	),
	start("line-tab", "a tab in the request line", "GET\t/h\tHTTP/1.1"),
	start("line-target-space", "a space in the target", "GET /a b HTTP/1.1"),
	start("line-trailing-space", "a space after the version", "GET /h HTTP/1.1 "),
	start("line-nul", "a NUL in the target", "GET /a\0b HTTP/1.1"),
	start("line-cr", "a bare CR in the target", "GET /a\rb HTTP/1.1"),
	start(
		"line-control",
		"a control character in the target",
		"GET /a\x01b HTTP/1.1",
	),
	start("line-method", "a method that is no token", "GE(T /h HTTP/1.1"),
	start("line-no-version", "a request line without a version", "GET /h"),
	start("line-lower-version", "a version in lower case", "GET /h http/1.1"),
	start("line-version-junk", "a version with a tail", "GET /h HTTP/1.1x"),
	start("line-no-target", "a request line without a target", "GET HTTP/1.1"),
	start("line-relative", "a target without a leading slash", "GET h HTTP/1.1"),
	{
		...start("line-version-2", "HTTP/2.0 in a request line", "GET /h HTTP/2.0"),
		statuses: [400, 505],
	},
	{
		...start(
			"line-version-12",
			"HTTP/1.2 in a request line",
			"GET /h HTTP/1.2",
		),
		statuses: [400, 505],
		orForwards: () => {},
	},
	{
		...bad(
			"preface",
			"the preface of HTTP/2",
			"RFC 9113 3.4",
			"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		),
		statuses: [400, 405, 505],
	},
	bad(
		"tls-hello",
		"a TLS hello on a plain port",
		"RFC 9112 3",
		"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
	),
];

function start(id: string, what: string, text: string): RefusalRow {
	return {
		...bad(id, what, "RFC 9112 3", head(text, host)),
		orForwards: () => {},
	};
}

/** Request lines and header lines. */
export const headCases: Case[] = table(
	"Request syntax",
	[...syntax, ...startLines],
	refuse,
);
