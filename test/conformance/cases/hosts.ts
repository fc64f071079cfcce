import assert from "node:assert/strict";
import { head } from "../../helpers/raw-http.ts";
import { type RefusalRow, type Row, refuse, table } from "../expect.ts";
import {
	authority,
	type Case,
	differs,
	request,
	type Stage,
} from "../stage.ts";
import { bad } from "./heads.ts";

const host = `Host: ${authority}`;

const hosts: RefusalRow[] = [
	bad(
		"host-none",
		"HTTP/1.1 without Host",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1"),
	),
	bad(
		"host-two",
		"a second, other Host",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1", host, "Host: evil.test"),
	),
	bad(
		"host-two-equal",
		"a second, equal Host",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1", host, host),
	),
	bad(
		"host-two-10",
		"a second Host in HTTP/1.0",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.0", host, "Host: evil.test"),
	),
	bad(
		"host-space",
		"a Host with a space",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1", "Host: a b"),
	),
	bad(
		"host-slash",
		"a Host with a slash",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1", "Host: a/b"),
	),
	bad(
		"host-user",
		"a Host with user information",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1", "Host: user@a"),
	),
	bad(
		"host-port-word",
		"a Host with a port that is no number",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1", "Host: a:bc"),
	),
	bad(
		"host-two-ports",
		"a Host with two ports",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1", "Host: a:1:2"),
	),
	bad(
		"host-list",
		"a Host that is a list",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1", "Host: a, b"),
	),
	bad(
		"host-bracket",
		"a Host with an open bracket",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1", "Host: [::1"),
	),
	bad(
		"host-query",
		"a Host with a question mark",
		"RFC 9112 3.2",
		head("GET /h HTTP/1.1", "Host: a?b"),
	),
	{
		id: "host-empty",
		rule: "an empty Host is refused, or replaced by the upstream's own",
		rfc: "RFC 9112 3.2",
		send: head("GET /h HTTP/1.1", "Host:"),
		mayForward: ownHost,
	},
].map((row) => ({ ...row, mayStayOpen: true, orForwards: ownHost }));

/** The odd Host must not have gone on as it was. */
function ownHost(one: { header(name: string): string | undefined }): void {
	const value = one.header("host") ?? "";
	assert.match(
		value,
		/^[\w.-]+(:\d+)?$/,
		`Host went through as ${JSON.stringify(value)}`,
	);
	assert.notEqual(value, "evil.test", "the second Host won");
}

const legal: Row[] = [
	{ id: "host-10-none", rule: "HTTP/1.0 needs no Host", rfc: "RFC 9112 3.2" },
	{
		id: "line-leading-crlf",
		rule: "an empty line before a request is skipped",
		rfc: "RFC 9112 2.2",
	},
	{ id: "host-port", rule: "a Host may have a port", rfc: "RFC 9112 3.2" },
	{
		id: "host-ipv6",
		rule: "a Host may be an IPv6 address",
		rfc: "RFC 9112 3.2",
	},
];
const legalBytes: Readonly<Record<string, string>> = {
	"host-10-none": head("GET /h HTTP/1.0"),
	"line-leading-crlf": `\r\n${request("GET /h HTTP/1.1")}`,
	"host-port": head("GET /h HTTP/1.1", "Host: gateway.test:8080"),
	"host-ipv6": head("GET /h HTTP/1.1", "Host: [::1]:8080"),
};

async function pass(row: Row, stage: Stage): Promise<void> {
	const response = await stage.exchange(legalBytes[row.id] ?? "");
	if (response.status >= 400) differs(`answers ${response.status}`);
	assert.equal(response.status, 200);
}

const limits: RefusalRow[] = [
	{
		id: "limit-head",
		rule: "a head of 40 KiB is refused with 431",
		rfc: "RFC 6585 5",
		send: request("GET /h HTTP/1.1", ...long(40, 1_024)),
		statuses: [431],
		mayStayOpen: true,
		orForwards: (one) =>
			assert.equal(countLong(one), 40, "only part of the headers went through"),
	},
	{
		id: "limit-header",
		rule: "a header of 40 KiB is refused with 431",
		rfc: "RFC 6585 5",
		send: request("GET /h HTTP/1.1", ...long(1, 40_960)),
		statuses: [431],
		mayStayOpen: true,
		orForwards: (one) =>
			assert.equal(countLong(one), 1, "the header was dropped"),
	},
	{
		id: "limit-target",
		rule: "a target of 40 KiB is refused with 414 or 431",
		rfc: "RFC 9110 15.5.15",
		send: request(`GET /${"a".repeat(40_960)} HTTP/1.1`),
		statuses: [414, 431],
		mayStayOpen: true,
		orForwards: () => {},
	},
	{
		id: "limit-count",
		rule: "more than 1,000 headers are refused with 431, never forwarded in part",
		rfc: "RFC 6585 5",
		send: request("GET /h HTTP/1.1", ...long(1_100, 1)),
		statuses: [431],
		mayStayOpen: true,
		orForwards: (one) =>
			assert.equal(
				countLong(one),
				1_100,
				"only part of the headers went through",
			),
	},
];

function long(count: number, bytes: number): string[] {
	return Array.from(
		{ length: count },
		(_, at) => `X-L${at}: ${"a".repeat(bytes)}`,
	);
}

function countLong(one: {
	readonly headers: readonly (readonly [string, string])[];
}): number {
	return one.headers.filter(([name]) => /^x-l\d+$/i.test(name)).length;
}

/** Host, and how much a head may hold. */
export const hostCases: Case[] = [
	...table("Host", hosts, refuse),
	...table("Host", legal, pass),
	...table("Limits", limits, refuse),
];
