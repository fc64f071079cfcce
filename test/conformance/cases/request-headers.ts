import assert from "node:assert/strict";
import type { RawRequest } from "../../helpers/raw-upstream.ts";
import { onlyRequest, type Row, table } from "../expect.ts";
import {
	authority,
	type Case,
	differs,
	request,
	type Stage,
} from "../stage.ts";

/** Header lines of a GET, and what must be there or gone at the upstream. */
export interface HeaderRow extends Row {
	readonly lines: readonly string[];
	readonly check: (one: RawRequest) => void;
}

function gone(
	id: string,
	what: string,
	lines: string[],
	...names: string[]
): HeaderRow {
	return {
		id,
		rule: `${what} stays here`,
		rfc: "RFC 9110 7.6.1",
		lines,
		check: (one) => {
			for (const name of names)
				assert.equal(one.header(name), undefined, `${name} went through`);
		},
	};
}

/** Headers that no RFC forbids to relay: we do not, others may. */
function unwanted(id: string, name: string, value: string): HeaderRow {
	return {
		id,
		rule: `${name} stays here`,
		rfc: "headgate",
		lines: [`${name}: ${value}`],
		check: (one) => {
			if (one.header(name)) differs("relays it");
		},
	};
}

const hopByHop: HeaderRow[] = [
	gone("hop-keep-alive", "Keep-Alive", ["Keep-Alive: timeout=5"], "keep-alive"),
	gone(
		"hop-proxy-connection",
		"Proxy-Connection",
		["Proxy-Connection: keep-alive"],
		"proxy-connection",
	),
	unwanted("hop-proxy-authorization", "Proxy-Authorization", "Basic eDp5"),
	gone("hop-te", "TE", ["TE: gzip"], "te"),
	gone(
		"hop-upgrade",
		"Upgrade without Connection: upgrade",
		["Upgrade: foo/1"],
		"upgrade",
	),
	unwanted("hop-http2-settings", "HTTP2-Settings", "AAMAAABkAAQAAP__"),
	unwanted("hop-trailer", "Trailer", "X-T"),
	gone(
		"hop-nominated",
		"a header that Connection names",
		["Connection: X-Secret", "X-Secret: 1"],
		"x-secret",
	),
	gone(
		"hop-nominated-many",
		"each header that Connection names",
		["Connection: x-a , X-B,", "X-A: 1", "x-b: 2"],
		"x-a",
		"x-b",
	),
	gone(
		"hop-nominated-lines",
		"a header that a second Connection line names",
		["Connection: keep-alive", "Connection: X-Secret", "X-Secret: 1"],
		"x-secret",
	),
	gone(
		"hop-nominated-close",
		"a header named beside close",
		["Connection: close, X-Secret", "X-Secret: 1"],
		"x-secret",
	),
	gone(
		"hop-nominated-first",
		"a header that stands before the Connection that names it",
		["X-Secret: 1", "Connection: X-Secret"],
		"x-secret",
	),
	{
		id: "hop-connection",
		rule: "Connection is the gateway's own",
		rfc: "RFC 9110 7.6.1",
		lines: ["Connection: X-Secret"],
		check: (one) =>
			assert.doesNotMatch(one.header("connection") ?? "", /secret/i),
	},
];

/** Headers a client may name in Connection without effect on what the gateway itself sends. */
const nominated: HeaderRow[] = [
	{
		id: "nominate-xff",
		rule: "a client can not have X-Forwarded-For removed",
		rfc: "RFC 9110 7.6.1",
		lines: [
			"Connection: close, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host",
		],
		check: (one) => {
			assert.ok(one.header("x-forwarded-for"), "X-Forwarded-For is missing");
			assert.ok(
				one.header("x-forwarded-proto"),
				"X-Forwarded-Proto is missing",
			);
			assert.ok(one.header("x-forwarded-host"), "X-Forwarded-Host is missing");
		},
	},
	{
		id: "nominate-host",
		rule: "a client can not have Host removed",
		rfc: "RFC 9110 7.6.1",
		lines: ["Connection: Host"],
		check: (one) => assert.ok(one.header("host")),
	},
	...[
		"",
		",,",
		'"quoted"',
		"keep-alive, , close",
		"close close",
		"\xe9\xe8",
		"x;y=z",
	].map((value, at) => ({
		id: `odd-connection-${at}`,
		rule: `Connection: ${JSON.stringify(value)} does no harm`,
		rfc: "RFC 9110 7.6.1",
		lines: [`Connection: ${value}`],
		check: () => {},
	})),
];

const untroubled: HeaderRow[] = [
	["odd-upgrade", "Upgrade: h2c"],
	["odd-keep-alive", "Keep-Alive: 5"],
	["odd-te", "TE: trailers, deflate;q=0.5"],
	["odd-expect-get", "Expect: 100-continue"],
	["odd-content-type", "Content-Type: ;;;"],
].map(([id = "", line = ""]) => ({
	id,
	rule: `${line} does no harm to a GET`,
	rfc: "RFC 9110 7.6.1",
	lines: [line],
	check: () => {},
}));

const forwarding: HeaderRow[] = [
	{
		id: "xff-set",
		rule: "X-Forwarded-For, -Proto and -Host tell of the client",
		rfc: "headgate",
		lines: [],
		check: (one) => {
			assert.match(one.header("x-forwarded-for") ?? "", /127\.0\.0\.1$/);
			assert.equal(one.header("x-forwarded-proto"), "http");
			assert.equal(one.header("x-forwarded-host"), authority);
		},
	},
	spoof("xff-spoof", "X-Forwarded-For", "6.6.6.6"),
	spoof("xff-spoof-host", "X-Forwarded-Host", "evil.test"),
	spoof("xff-spoof-proto", "X-Forwarded-Proto", "evil"),
	spoof("forwarded-spoof", "Forwarded", "for=6.6.6.6"),
	spoof("xff-spoof-case", "x-FORWARDED-for", "6.6.6.6"),
	{
		id: "host-own",
		rule: "the upstream gets its own Host",
		rfc: "RFC 9110 7.2",
		lines: [],
		check: (one) => {
			if (one.header("host") === authority) differs("keeps the client's");
		},
	},
];

function spoof(id: string, name: string, value: string): HeaderRow {
	return {
		id,
		rule: `what a client says in ${name} is dropped`,
		rfc: "RFC 7239 8.1",
		lines: [`${name}: ${value}`],
		check: (one) => {
			const found = one.header(name) ?? "";
			assert.notEqual(found, value, "it went through alone");
			if (found.includes(value)) differs("appends to it");
		},
	};
}

/** Sends a GET with the row's lines and checks what arrives. */
export async function judgeHeaders(
	row: HeaderRow,
	stage: Stage,
): Promise<void> {
	const response = await stage.exchange(
		request("GET /h HTTP/1.1", ...row.lines),
	);
	assert.ok(response.status < 500, `answered ${response.status}`);
	if (response.status >= 400) differs(`answers ${response.status}`);
	row.check(await onlyRequest(stage));
}

/** Headers of requests that are the gateway's business. */
export const requestHeaderCases: Case[] = [
	...table(
		"Request headers: hop by hop",
		[...hopByHop, ...nominated, ...untroubled],
		judgeHeaders,
	),
	...table("Request headers: forwarding", forwarding, judgeHeaders),
];
