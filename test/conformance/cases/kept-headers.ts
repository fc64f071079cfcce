import assert from "node:assert/strict";
import { type HeaderLine, valuesOf } from "../../helpers/raw-http.ts";
import type { RawRequest } from "../../helpers/raw-upstream.ts";
import { table } from "../expect.ts";
import { type Case, differs } from "../stage.ts";
import { type HeaderRow, judgeHeaders } from "./request-headers.ts";

const kept: HeaderRow[] = [
	keep(
		"keep-duplicates",
		"repeated headers stay apart and in order",
		"RFC 9110 5.3",
		["X-Dup", "1"],
		["X-Dup", "2"],
		["X-Dup", "1"],
	),
	keep(
		"keep-cookies",
		"two Cookie lines keep both values",
		"RFC 9110 5.3",
		["Cookie", "a=1"],
		["Cookie", "b=2"],
	),
	keep("keep-authorization", "Authorization goes on", "RFC 9110 11.6.2", [
		"Authorization",
		"Bearer x.y.z",
	]),
	keep("keep-latin1", "bytes above 127 survive", "RFC 9110 5.5", [
		"X-Name",
		"caf\xe9 \xa9",
	]),
	keep("keep-utf8", "UTF-8 bytes survive", "RFC 9110 5.5", [
		"X-Name",
		"caf\xc3\xa9 \xe2\x82\xac",
	]),
	keep("keep-empty", "an empty value survives", "RFC 9110 5.5", [
		"X-Empty",
		"",
	]),
	keep(
		"keep-inner-space",
		"white space inside a value survives",
		"RFC 9110 5.5",
		["X-Space", "a  b\tc"],
	),
	keep("keep-long", "a value of 6 KiB survives", "RFC 9110 5.4", [
		"X-Long",
		"a".repeat(6_144),
	]),
	keep(
		"keep-tokens",
		"every character a name may have survives",
		"RFC 9110 5.1",
		["X-!#$%&'*+.^`|~", "1"],
	),
	keep(
		"keep-underscore",
		"a name with an underscore survives",
		"RFC 9110 5.1",
		["X_Under", "1"],
	),
	keep(
		"keep-accept-encoding",
		"Accept-Encoding is the client's",
		"RFC 9110 12.5.3",
		["Accept-Encoding", "br;q=0.1, gzip"],
	),
	keep(
		"keep-conditional",
		"conditional and range headers go on",
		"RFC 9110 13",
		["If-None-Match", '"a", W/"b"'],
		["Range", "bytes=0-1"],
	),
	keep("keep-via", "what earlier proxies said in Via stays", "RFC 9110 7.6.3", [
		"Via",
		"1.0 fred",
	]),
];

function keep(
	id: string,
	rule: string,
	rfc: string,
	...wanted: HeaderLine[]
): HeaderRow {
	return {
		id,
		rule,
		rfc,
		lines: wanted.map(([name, value]) => `${name}: ${value}`),
		check: (one) => compare(one, wanted),
	};
}

/** Same lines or the same list: joining lines is legal (RFC 9110 5.3), though not what we do. */
function compare(one: RawRequest, wanted: readonly HeaderLine[]): void {
	for (const name of new Set(wanted.map(([each]) => each))) {
		const sent = valuesOf(wanted, name);
		const found = valuesOf(one.headers, name);
		if (name === "Via")
			assert.ok(found.join().startsWith(sent.join()), "it is gone");
		else if (found.length > 0 && found.length < sent.length) {
			assert.equal(found.join().replaceAll(/[;,] ?/g, ","), sent.join());
			differs("joins the lines");
		} else {
			if (found.length === 0 && /^X[_-][!U]/.test(name))
				differs("drops the header");
			assert.deepEqual(found, sent);
		}
	}
}

const shapes: HeaderRow[] = [
	{
		id: "keep-order",
		rule: "the order of headers is kept",
		rfc: "headgate",
		lines: ["X-C: 1", "X-A: 2", "X-B: 3"],
		check: (one) => {
			const names = one.headers
				.map(([name]) => name.toLowerCase())
				.filter((name) => /^x-[abc]$/.test(name));
			assert.deepEqual(names, ["x-c", "x-a", "x-b"]);
		},
	},
	{
		id: "keep-case",
		rule: "the case of header names is kept",
		rfc: "headgate",
		lines: ["X-MiXed-CaSe: 1"],
		check: (one) => {
			assert.ok(one.header("x-mixed-case"));
			if (!one.headers.some(([name]) => name === "X-MiXed-CaSe"))
				differs("changes the case");
		},
	},
	{
		id: "add-nothing",
		rule: "nothing is put in the place of absent User-Agent, Accept and Accept-Encoding",
		rfc: "RFC 9110 7.7",
		lines: [],
		check: (one) => {
			for (const name of [
				"user-agent",
				"accept",
				"accept-encoding",
				"content-type",
			])
				assert.equal(one.header(name), undefined, `${name} was added`);
		},
	},
];

/** Headers of requests that are the client's and the upstream's business. */
export const keptHeaderCases: Case[] = table(
	"Request headers: kept",
	[...kept, ...shapes],
	judgeHeaders,
);
