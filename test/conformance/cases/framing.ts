import assert from "node:assert/strict";
import { chunked, valuesOf } from "../../helpers/raw-http.ts";
import { hasBody, type RefusalRow, refuse, table } from "../expect.ts";
import { type Case, request } from "../stage.ts";

const smuggled = request("GET /smuggled HTTP/1.1");
const hello = chunked("hello");

/** A POST whose body reads `hello` in the chunked coding, and takes 15 bytes. */
function post(...headers: string[]): string {
	return request("POST /f HTTP/1.1", ...headers) + hello;
}

function length(value: string, body = "hello"): string {
	return request("POST /f HTTP/1.1", `Content-Length: ${value}`) + body;
}

const te = "Transfer-Encoding: chunked";
const section = "RFC 9112 6.3";

const twoFramings: RefusalRow[] = [
	{
		id: "cl-te",
		rule: "Content-Length with Transfer-Encoding is refused",
		rfc: section,
		send: post("Content-Length: 15", te),
		orForwards: hasBody("hello"),
	},
	{
		id: "te-cl",
		rule: "Transfer-Encoding with Content-Length is refused",
		rfc: section,
		send: post(te, "Content-Length: 15"),
		orForwards: hasBody("hello"),
	},
	{
		id: "cl-te-leftover",
		rule: "what follows a request with both framings is never a request",
		rfc: section,
		send: `${request("POST /f HTTP/1.1", "Content-Length: 6", te)}0\r\n\r\n${smuggled}`,
		orForwards: hasBody(""),
	},
	{
		id: "te-empty-cl",
		rule: "an empty Transfer-Encoding beside Content-Length is refused",
		rfc: section,
		send:
			request("POST /f HTTP/1.1", "Transfer-Encoding:", "Content-Length: 5") +
			"hello",
		orForwards: hasBody("hello"),
	},
];

const lengths: RefusalRow[] = [
	row(
		"cl-unequal",
		"two unequal Content-Length lines are refused",
		"5\r\nContent-Length: 6",
	),
	row("cl-list-unequal", "a list of unequal lengths is refused", "5, 6"),
	row("cl-plus", "a length with a plus sign is refused", "+5"),
	row("cl-minus", "a negative length is refused", "-5"),
	row("cl-hex", "a hexadecimal length is refused", "0x5"),
	row("cl-empty", "an empty length is refused", ""),
	row("cl-inner-space", "a length with a space inside is refused", "5 5"),
	row("cl-junk", "a length with a tail is refused", "5;"),
	row("cl-decimal", "a length with a decimal point is refused", "5.0"),
	row("cl-exponent", "a length with an exponent is refused", "5e0"),
	row("cl-underscore", "a length with an underscore is refused", "0_5"),
	row("cl-wrap-64", "a length beyond 2^64 is refused", "18446744073709551621"),
	row("cl-wrap-32", "a length beyond 10^30 is refused", `1${"0".repeat(29)}5`),
	{
		...row(
			"cl-equal",
			"two equal lengths become one or are refused",
			"5\r\nContent-Length: 5",
		),
		mayForward: hasBody("hello"),
	},
	{
		...row(
			"cl-list-equal",
			"a list of equal lengths becomes one or is refused",
			"5, 5",
		),
		mayForward: hasBody("hello"),
	},
	{
		...row("cl-zeros", "leading zeros of a length are digits", "005"),
		mayForward: hasBody("hello"),
	},
];

function row(id: string, rule: string, value: string): RefusalRow {
	return { id, rule, rfc: section, send: length(value) };
}

/** A Transfer-Encoding that is not chunked alone. Both readings of the body end at the same byte. */
function coding(id: string, what: string, ...lines: string[]): RefusalRow {
	return {
		id,
		rule: `${what} is refused`,
		rfc: "RFC 9112 6.1",
		send: post(...lines),
		statuses: [400, 501],
	};
}

const codings: RefusalRow[] = [
	coding(
		"te-unknown",
		"an unknown transfer coding",
		"Transfer-Encoding: xchunked",
	),
	coding(
		"te-suffix",
		"a coding that begins with chunked",
		"Transfer-Encoding: chunkedx",
	),
	coding("te-identity", "the identity coding", "Transfer-Encoding: identity"),
	coding(
		"te-not-final",
		"chunked that is not the final coding",
		"Transfer-Encoding: chunked, identity",
	),
	coding(
		"te-identity-first",
		"identity before chunked",
		"Transfer-Encoding: identity, chunked",
	),
	coding(
		"te-twice",
		"chunked applied twice",
		"Transfer-Encoding: chunked, chunked",
	),
	coding("te-two-lines", "chunked on two lines", te, te),
	coding(
		"te-two-lines-differ",
		"chunked on one line and identity on another",
		te,
		"Transfer-Encoding: identity",
	),
	coding(
		"te-two-lines-cow",
		"chunked and an unknown coding on two lines",
		te,
		"Transfer-Encoding: cow",
	),
	coding("te-quoted", "a quoted coding", 'Transfer-Encoding: "chunked"'),
	coding(
		"te-parameter",
		"chunked with a parameter",
		"Transfer-Encoding: chunked;q=1",
	),
	coding(
		"te-vertical-tab",
		"a coding after a vertical tab",
		"Transfer-Encoding: \x0bchunked",
	),
	coding(
		"te-form-feed",
		"a coding before a form feed",
		"Transfer-Encoding: chunked\x0c",
	),
	coding(
		"te-nbsp",
		"a coding after a non-breaking space",
		"Transfer-Encoding: \xa0chunked",
	),
	coding(
		"te-space-colon",
		"Transfer-Encoding with a space before its colon",
		"Transfer-Encoding : chunked",
	),
	coding(
		"te-folded",
		"a folded Transfer-Encoding",
		"Transfer-Encoding:\r\n chunked",
	),
	{
		...coding(
			"te-gzip-chunked",
			"a coding that is not forwarded (gzip)",
			"Transfer-Encoding: gzip, chunked",
		),
		orForwards: (one) =>
			assert.match(valuesOf(one.headers, "transfer-encoding").join(), /gzip/),
	},
	{
		id: "te-http10",
		rule: "Transfer-Encoding in HTTP/1.0 is refused",
		rfc: "RFC 9112 6.1",
		send: request("POST /f HTTP/1.0", te) + hello,
		orForwards: hasBody("hello"),
	},
	{
		id: "te-http10-keep-alive",
		rule: "Transfer-Encoding in HTTP/1.0 with keep-alive is refused and the connection ends",
		rfc: "RFC 9112 6.1",
		send:
			request("POST /f HTTP/1.0", te, "Connection: keep-alive") +
			hello +
			smuggled,
		orForwards: hasBody("hello"),
	},
];

const legal: RefusalRow[] = [
	same(
		"te-case",
		"the name of a coding has no case",
		"Transfer-Encoding: CHUNKED",
	),
	same(
		"te-spaces",
		"white space around a coding is none of it",
		"Transfer-Encoding:  chunked \t",
	),
	same(
		"te-tab",
		"a tab before a coding is white space",
		"Transfer-Encoding:\tchunked",
	),
	same(
		"te-name-case",
		"header names have no case",
		"tRANSFER-eNCODING: chunked",
	),
	{
		...same(
			"te-empty-member",
			"an empty list member is ignored or refused",
			"Transfer-Encoding: chunked,",
		),
		statuses: [400, 501],
	},
];

/** A legal chunked body: forwarded it must read the same; `statuses` none means it must be forwarded. */
function same(id: string, rule: string, line: string): RefusalRow {
	return {
		id,
		rule,
		rfc: "RFC 9112 6.1",
		send: post(line),
		statuses: [],
		mayForward: hasBody("hello"),
	};
}

/** How a request's length is stated, and what must never be believed. */
export const framingCases: Case[] = table(
	"Request framing",
	[...twoFramings, ...lengths, ...codings, ...legal],
	refuse,
);
