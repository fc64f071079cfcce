import assert from "node:assert/strict";
import { chunked, head } from "../../helpers/raw-http.ts";
import { table } from "../expect.ts";
import { type Case, differs, request } from "../stage.ts";
import { type AnswerRow, is, judgeAnswer } from "./answers.ts";

const te = "Transfer-Encoding: chunked";
const ok = "HTTP/1.1 200 OK";
const hints = head("HTTP/1.1 103 Early Hints", "Link: </s.css>; rel=preload");

function interim(
	id: string,
	rule: string,
	before: string,
	allowed: readonly number[],
): AnswerRow {
	return {
		id: `interim-${id}`,
		rule,
		rfc: "RFC 9110 15.2",
		bytes: `${before}${head(ok, "Content-Length: 5")}hello`,
		check: (response) => {
			is(200, "hello")(response);
			// RFC 9110 section 15.2 wants 1xx relayed; a client that asked for none discards it.
			for (const { status } of response.informational)
				if (!allowed.includes(status)) differs(`relays a ${status}`);
		},
	};
}

const informational: AnswerRow[] = [
	interim(
		"100",
		"a 100 that the client did not ask for stays here",
		"HTTP/1.1 100 Continue\r\n\r\n",
		[],
	),
	interim(
		"100-twice",
		"two 100 that the client did not ask for stay here",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
		[],
	),
	interim(
		"102",
		"a 102 passes or is dropped",
		head("HTTP/1.1 102 Processing"),
		[102],
	),
	interim("103", "a 103 passes or is dropped", hints, [103]),
	interim(
		"103-many",
		"twenty 103 pass or are dropped",
		hints.repeat(20),
		[103],
	),
	interim(
		"199",
		"an unknown 1xx passes or is dropped",
		head("HTTP/1.1 199 Odd", "X: 1"),
		[199],
	),
	interim(
		"103-length",
		"a length in a 103 has no meaning",
		head("HTTP/1.1 103 Early Hints", "Content-Length: 3"),
		[103],
	),
	{
		...interim("101", "a 101 that nobody asked for is a 502", "", []),
		bytes: head(
			"HTTP/1.1 101 Switching Protocols",
			"Upgrade: foo",
			"Connection: upgrade",
		),
		check: (response) => {
			assert.notEqual(response.status, 101, "it went through");
			if (response.status !== 502) differs(`answers ${response.status}`);
		},
	},
];

const trailers: AnswerRow[] = [
	trailer(
		"delivered",
		"trailers reach a client that takes them, or are not promised",
		[te, "Trailer: X-T"],
		"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
		true,
	),
	trailer(
		"not-asked",
		"trailers do no harm to a client that did not ask for them",
		[te, "Trailer: X-T"],
		"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
		false,
	),
	trailer(
		"unannounced",
		"trailers that were not announced do no harm",
		[te],
		"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
		true,
	),
	trailer(
		"absent",
		"an announced trailer that never comes does no harm",
		[te, "Trailer: X-T"],
		chunked("hello"),
		true,
	),
	trailer(
		"with-length",
		"Trailer beside a length does no harm",
		["Content-Length: 5", "Trailer: X-T"],
		"hello",
		true,
	),
	trailer(
		"odd-name",
		"Trailer with odd bytes does no harm",
		[te, "Trailer: (x) y, \xe9"],
		chunked("hello"),
		true,
	),
	trailer(
		"framing",
		"trailers that name framing headers do no harm",
		[te, "Trailer: Content-Length, Transfer-Encoding"],
		"5\r\nhello\r\n0\r\nContent-Length: 3\r\nTransfer-Encoding: x\r\n\r\n",
		true,
	),
	{
		...trailer(
			"with-204",
			"Trailer in a 204 does no harm",
			["Trailer: X-T"],
			"",
			true,
		),
		bytes: head("HTTP/1.1 204 No Content", "Trailer: X-T"),
		check: is(204, ""),
	},
	{
		...trailer(
			"with-head",
			"Trailer in the answer to a HEAD does no harm",
			[te, "Trailer: X-T"],
			"",
			true,
		),
		method: "HEAD",
		send: request("HEAD /a HTTP/1.1"),
		check: is(200, ""),
	},
	{
		...trailer(
			"to-http10",
			"trailers do no harm to an HTTP/1.0 client",
			[te, "Trailer: X-T"],
			"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
			false,
		),
		send: request("GET /a HTTP/1.0"),
	},
];

function trailer(
	id: string,
	rule: string,
	headers: string[],
	body: string,
	asks: boolean,
): AnswerRow {
	return {
		id: `trailer-${id}`,
		rule,
		rfc: "RFC 9110 6.5",
		bytes: head(ok, ...headers) + body,
		send: request(
			"GET /a HTTP/1.1",
			...(asks ? ["TE: trailers", "Connection: TE"] : []),
		),
		check: (response) => {
			if (id === "framing" && !response.complete) differs("breaks it off");
			is(200, "hello")(response);
			const promised = (response.header("trailer") ?? "").includes("X-T");
			const delivered = response.trailers.some(
				([name]) => name.toLowerCase() === "x-t",
			);
			if (promised && body.includes("X-T") && !delivered)
				differs("promises what it does not deliver");
			if (promised && response.framing.kind !== "chunked")
				differs("promises what can not come");
		},
	};
}

/** What comes before an answer, and after it. */
export const interimCases: Case[] = [
	...table("Interim answers", informational, judgeAnswer),
	...table("Trailers", trailers, judgeAnswer),
];
