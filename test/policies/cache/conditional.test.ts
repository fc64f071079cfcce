import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	conditionalStatus,
	headersOf304,
	needsOrigin,
} from "../../../src/policies/cache/http/conditional.ts";
import { control, dateAt, receivedMs } from "./answers.ts";
import { rowsOf } from "./table.ts";

const modified = ["Last-Modified", dateAt(-100)];

function answer(
	request: readonly string[],
	headers: readonly string[],
	status = 200,
): number {
	const responseTimeMs = receivedMs;
	return conditionalStatus(request, { status, headers, responseTimeMs });
}

suite("If-None-Match, RFC 9110 section 13.1.2", () => {
	const table = `
		the tag that is stored | "v1" | "v1" | 304
		another | "v2" | "v1" | 200
		a list that has it | "a", "v1" | "v1" | 304
		a list that has not | "a", "b" | "v1" | 200
		a list with empty members | , "a",,"v1", | "v1" | 304
		a weak one for a strong one (weak comparison) | W/"v1" | "v1" | 304
		a strong one for a weak one (weak comparison) | "v1" | W/"v1" | 304
		a weak one for a weak one | W/"v1" | W/"v1" | 304
		another case | "V1" | "v1" | 200
		a comma in the tag | "a,b" | "a,b" | 304
		half of a tag with a comma | "a" | "a,b" | 200
		any | * | "v1" | 304
		one without quotes is no tag | v1 | "v1" | 200
		a list that breaks off is not guessed at | "v1", "b | "v1" | 200
		any among others is no list | *, "v1" | "v1" | 200
		a stored one without quotes is no tag | v1 | v1 | 200
	`;
	for (const [name, request, stored, expected] of rowsOf(table)) {
		test(`${name}: ${expected}`, () => {
			const conditions = ["if-none-match", String(request)];
			assert.equal(
				answer(conditions, ["ETag", String(stored)]),
				Number(expected),
			);
		});
	}

	test("several lines are one list", () => {
		const request = ["if-none-match", '"a"', "If-None-Match", '"v1"'];
		assert.equal(answer(request, ["etag", '"v1"']), 304);
	});

	test("a stored answer without ETag matches none but *", () => {
		assert.equal(answer(["if-none-match", '"v1"'], []), 200);
		assert.equal(answer(["if-none-match", "*"], []), 304);
	});

	test("a stored answer with two ETags matches neither", () => {
		const own = ["etag", '"v1"', "etag", '"v2"'];
		assert.equal(answer(["if-none-match", '"v1"'], own), 200);
	});

	test("an empty tag is a tag", () => {
		assert.equal(answer(["if-none-match", '""'], ["etag", '""']), 304);
	});
});

suite("If-Modified-Since, RFC 9110 section 13.1.3 and RFC 9111 section 4.3.2", () => {
	const since = (seconds: number): string[] => [
		"If-Modified-Since",
		dateAt(seconds),
	];
	const cases: readonly [
		string,
		readonly string[],
		readonly string[],
		number,
	][] = [
		["the stored Last-Modified", since(-100), modified, 304],
		["later than that", since(-99), modified, 304],
		["earlier than that", since(-101), modified, 200],
		[
			"in RFC 850's form",
			["if-modified-since", "Thursday, 15-Jan-26 11:58:20 GMT"],
			modified,
			304,
		],
		[
			"in asctime's form",
			["if-modified-since", "Thu Jan 15 11:58:20 2026"],
			modified,
			304,
		],
		[
			"without Last-Modified the Date counts",
			since(-10),
			["date", dateAt(-10)],
			304,
		],
		["and not before it", since(-11), ["date", dateAt(-10)], 200],
		[
			"with a Last-Modified that is none the Date counts",
			since(-10),
			["last-modified", "x", "date", dateAt(-10)],
			304,
		],
		["without either when it was received", since(0), [], 304],
		["and not before that", since(-1), [], 200],
		[
			"a date that is none is ignored",
			["if-modified-since", "yesterday"],
			modified,
			200,
		],
		["a number is no date", ["if-modified-since", "0"], modified, 200],
		[
			"another zone is no date",
			["if-modified-since", "Thu, 15 Jan 2026 12:00:00 CET"],
			modified,
			200,
		],
		["two are ignored", [...since(0), ...since(0)], modified, 200],
		[
			"ignored beside an If-None-Match that does not match (13.2.2)",
			[...since(0), "if-none-match", '"b"'],
			[...modified, "etag", '"a"'],
			200,
		],
		[
			"ignored beside an If-None-Match that can't be read",
			[...since(0), "if-none-match", "b"],
			[...modified, "etag", '"a"'],
			200,
		],
		[
			"not needed beside an If-None-Match that matches",
			[...since(-999), "if-none-match", '"a"'],
			[...modified, "etag", '"a"'],
			304,
		],
	];
	for (const [name, request, own, expected] of cases) {
		test(`${name}: ${expected}`, () => {
			assert.equal(answer(request, own), expected);
		});
	}
});

suite("conditions, RFC 9110 section 13.2", () => {
	test("count only where the answer would be a 2xx (13.2.1)", () => {
		const request = ["if-none-match", '"v1"', "if-modified-since", dateAt(0)];
		const own = ["etag", '"v1"', ...modified];
		for (const status of [199, 300, 301, 404, 410, 500, 503]) {
			assert.equal(answer(request, own, status), status);
		}
		for (const status of [200, 203, 299]) {
			assert.equal(answer(request, own, status), 304);
		}
	});

	test("without any the stored status stays", () => {
		assert.equal(answer([], ["etag", '"v1"', ...modified]), 200);
	});

	test("If-Match and If-Unmodified-Since are for the origin alone (RFC 9111 section 4.3.2)", () => {
		assert.equal(needsOrigin(["IF-MATCH", '"v1"']), true);
		assert.equal(needsOrigin(["If-Unmodified-Since", dateAt(0)]), true);
		assert.equal(
			needsOrigin([
				"if-none-match",
				"*",
				"if-modified-since",
				"x",
				"if-range",
				"x",
			]),
			false,
		);
	});
});

suite("the headers of a 304, RFC 9110 section 15.4.5", () => {
	const must = [
		...control("max-age=9"),
		"Content-Location",
		"/a",
		"Date",
		dateAt(0),
		"ETag",
		'"v1"',
		"Expires",
		dateAt(9),
		"Vary",
		"accept",
	];
	const ofContent = [
		"Content-Type",
		"a/b",
		"Content-Encoding",
		"gzip",
		"Content-Language",
		"en",
		"Content-Length",
		"5",
		"Accept-Ranges",
		"bytes",
		"Repr-Digest",
		"x",
	];

	test("are those it must have and whatever else does not describe the content", () => {
		const others = [
			"Access-Control-Allow-Origin",
			"*",
			"Content-Security-Policy",
			"x",
			"X-New",
			"1",
		];
		assert.deepEqual(
			headersOf304([...must, ...ofContent, ...modified, ...others]),
			[...must, ...others],
		);
	});

	test("have Last-Modified where there is no ETag", () => {
		assert.deepEqual(headersOf304([...ofContent, ...modified]), modified);
	});
});
