import assert from "node:assert/strict";
import { head } from "../../helpers/raw-http.ts";
import type { RawRequest } from "../../helpers/raw-upstream.ts";
import {
	onlyRequest,
	type RefusalRow,
	type Row,
	refuse,
	table,
} from "../expect.ts";
import {
	authority,
	type Case,
	differs,
	request,
	type Stage,
} from "../stage.ts";

const host = `Host: ${authority}`;

/** A target that must reach the upstream as `to`, by default as it is. */
interface TargetRow extends Row {
	readonly target: string;
	readonly to?: string;
}

function verbatim(
	id: string,
	what: string,
	target: string,
	rfc = "RFC 3986 6",
): TargetRow {
	return { id, rule: `${what}: byte for byte`, rfc, target };
}

const kept: TargetRow[] = [
	verbatim("path-double-slash", "a double slash", "/a//b"),
	verbatim(
		"path-leading-slashes",
		"a path that begins with two slashes",
		"//evil.test/x",
	),
	verbatim("path-trailing-slash", "a trailing slash", "/a/b/"),
	verbatim("path-semicolon", "a semicolon", "/a;v=1/b"),
	verbatim("path-2f", "an encoded slash", "/a%2Fb"),
	verbatim("path-2f-lower", "an encoded slash in lower case", "/a%2fb"),
	verbatim("path-plus", "a plus sign", "/a+b"),
	verbatim("path-20", "an encoded space", "/a%20b"),
	verbatim("path-unreserved", "an encoded letter", "/%41b"),
	verbatim("path-utf8", "an encoded character of many bytes", "/caf%C3%A9"),
	verbatim("path-latin1", "an encoded byte that is no UTF-8", "/caf%E9"),
	verbatim(
		"path-sub-delims",
		"the delimiters a segment may hold",
		"/~a!$&'()*,=:@-_.",
	),
	verbatim("path-dots", "dots that are no dot segment", "/a..b/...c/d./.e"),
	verbatim("path-3f", "an encoded question mark", "/a%3Fb"),
	verbatim("path-23", "an encoded number sign", "/a%23b"),
	verbatim("path-25", "an encoded percent sign", "/a%252e%252e/b"),
	verbatim("path-long", "a path of 4 KiB", `/${"a".repeat(4_096)}`),
	verbatim(
		"query-order",
		"the order of a query, repeated names too",
		"/q?b=2&a=1&b=1",
	),
	verbatim("query-empty", "an empty query", "/q?"),
	verbatim("query-two-marks", "a second question mark", "/q??a=1"),
	verbatim("query-plus", "plus and %20 in a query", "/q?a=b+c&d=e%20f"),
	verbatim("query-dots", "dot segments in a query", "/q?file=/../../x"),
	verbatim(
		"query-bad-percent",
		"a lone percent sign in a query",
		"/q?a=100%&b=%zz",
	),
	verbatim("query-url", "a URL in a query", "/q?to=http://evil.test/?x=1"),
	verbatim(
		"query-brackets",
		"brackets and empty values in a query",
		"/q?a[]=1&b=&c",
	),
];

async function keep(row: TargetRow, stage: Stage): Promise<void> {
	const response = await stage.exchange(request(`GET ${row.target} HTTP/1.1`));
	await stage.barrier();
	if (stage.requests.length === 0) differs(`answers ${response.status}`);
	const one = await onlyRequest(stage);
	if (row.to && one.target === row.target) differs("forwards it as it is");
	assert.equal(one.target, row.to ?? row.target);
	assert.doesNotMatch(one.header("host") ?? "", /evil/);
}

function dots(id: string, what: string, target: string): RefusalRow {
	return {
		id,
		rule: `${what} is refused`,
		rfc: "RFC 3986 5.2.4",
		send: request(`GET ${target} HTTP/1.1`),
		mayStayOpen: true,
		orForwards: () => {},
	};
}

const traversals: RefusalRow[] = [
	dots("dots-root", "a path that leaves the root", "/../x"),
	dots("dots-deep", "a path that leaves the root further down", "/a/../../x"),
	dots("dots-inside", "a double dot segment", "/a/../b"),
	dots("dots-single", "a single dot segment", "/a/./b"),
	dots("dots-last", "a double dot segment at the end", "/a/.."),
	dots("dots-encoded", "an encoded double dot segment", "/a/%2e%2e/b"),
	dots(
		"dots-encoded-upper",
		"an encoded double dot segment in upper case",
		"/a/%2E%2E/b",
	),
	dots("dots-half-encoded", "a half-encoded double dot segment", "/a/.%2e/b"),
	dots("dots-single-encoded", "an encoded single dot segment", "/a/%2e/b"),
	dots(
		"dots-slash-encoded",
		"a double dot before an encoded slash",
		"/a/..%2fb",
	),
	dots(
		"dots-all-encoded",
		"a double dot and slashes, all encoded",
		"/a%2f%2e%2e%2fb",
	),
	dots("dots-backslash", "a double dot between backslashes", "/a\\..\\b"),
	dots(
		"dots-backslash-encoded",
		"a double dot before an encoded backslash",
		"/a/..%5cb",
	),
	dots("path-backslash", "a backslash", "/a\\b"),
	dots("path-nul", "an encoded NUL", "/a%00b"),
	dots("path-percent-end", "a percent sign at the end", "/a%"),
	dots("path-percent-half", "half a percent-encoding", "/a%2"),
	dots("path-percent-bad", "a percent-encoding that is no number", "/a%zz"),
	dots("path-fragment", "a fragment", "/a#b"),
];

const forms: RefusalRow[] = [
	{
		id: "absolute-other",
		rule: "an absolute target whose authority disagrees with Host is refused",
		rfc: "RFC 9112 3.2.2",
		send: head("GET http://other.test/t HTTP/1.1", host),
		mayStayOpen: true,
		orForwards: isTarget("/t"),
	},
	{
		id: "absolute-user",
		rule: "an absolute target with user information is refused",
		rfc: "RFC 9110 4.2.4",
		send: head(`GET http://user@${authority}/t HTTP/1.1`, host),
		mayStayOpen: true,
		orForwards: isTarget("/t"),
	},
	{
		id: "absolute-no-host",
		rule: "an absolute target needs a Host all the same",
		rfc: "RFC 9112 3.2",
		send: head(`GET http://${authority}/t HTTP/1.1`),
		mayStayOpen: true,
		orForwards: isTarget("/t"),
	},
	{
		id: "authority-get",
		rule: "GET with an authority as its target is refused",
		rfc: "RFC 9112 3.2.3",
		send: request("GET other.test:80 HTTP/1.1"),
		mayStayOpen: true,
	},
	{
		id: "asterisk-get",
		rule: "GET with an asterisk as its target is refused",
		rfc: "RFC 9112 3.2.4",
		send: request("GET * HTTP/1.1"),
		mayStayOpen: true,
	},
	{
		id: "connect",
		rule: "CONNECT is refused with 405",
		rfc: "RFC 9110 9.3.6",
		send: request("CONNECT other.test:443 HTTP/1.1"),
		statuses: [405],
		mayStayOpen: true,
	},
	{
		id: "trace",
		rule: "TRACE is refused with 405",
		rfc: "RFC 9110 9.3.8",
		send: request("TRACE /t HTTP/1.1"),
		statuses: [405],
		mayStayOpen: true,
		orForwards: isTarget("/t"),
	},
];

function isTarget(target: string): (one: RawRequest) => void {
	return (one) => {
		assert.equal(one.target, target);
		assert.doesNotMatch(one.header("host") ?? "", /@/);
	};
}

const absolute: TargetRow[] = [
	{
		id: "absolute-path",
		rule: "an absolute target that agrees with Host goes on in origin form",
		rfc: "RFC 9112 3.2.2",
		target: `http://${authority}/t/u?v=1`,
		to: "/t/u?v=1",
	},
	{
		id: "absolute-root",
		rule: "an absolute target without a path goes on as /",
		rfc: "RFC 9112 3.2.1",
		target: `http://${authority}`,
		to: "/",
	},
	{
		id: "absolute-query",
		rule: "an absolute target with a query alone goes on as /?",
		rfc: "RFC 9112 3.2.1",
		target: `http://${authority}?v=1`,
		to: "/?v=1",
	},
	{
		id: "absolute-case",
		rule: "scheme and host of an absolute target have no case",
		rfc: "RFC 9110 4.2.3",
		target: `HTTP://${authority.toUpperCase()}/t`,
		to: "/t",
	},
];

const asterisk: Row = {
	id: "options-asterisk",
	rule: "OPTIONS * is answered by the gateway",
	rfc: "RFC 9110 9.3.7",
};

async function answerAsterisk(_row: Row, stage: Stage): Promise<void> {
	const response = await stage.exchange(request("OPTIONS * HTTP/1.1"));
	await stage.barrier();
	const [one] = stage.requests;
	if (one) {
		assert.match(one.target, /^(\*|\/)$/);
		differs("forwards it");
	}
	if (response.status >= 400) differs(`answers ${response.status}`);
}

/** Request targets: what goes on byte for byte, and what goes nowhere. */
export const targetCases: Case[] = [
	...table("Paths and queries", kept, keep),
	...table("Paths and queries", traversals, refuse),
	...table("Forms of a target", forms, refuse),
	...table("Forms of a target", absolute, keep),
	...table("Forms of a target", [asterisk], answerAsterisk),
];
