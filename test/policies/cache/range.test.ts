import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	contentRangeOf,
	rangeOf,
	unsatisfiedRange,
} from "../../../src/policies/cache/http/range.ts";
import { dateAt, receivedMs } from "./answers.ts";
import { rowsOf } from "./table.ts";

interface Asked {
	readonly method?: string;
	readonly status?: number;
	readonly length?: number;
	readonly stored?: readonly string[];
}

/** What comes of it: `200` where Range is ignored, `416`, or the Content-Range of each part. */
function answer(request: readonly string[], asked: Asked = {}): string {
	const { method = "GET", status = 200, length = 10, stored = [] } = asked;
	const head = { status, headers: stored, responseTimeMs: receivedMs };
	const found = rangeOf(method, request, head, length);
	if (found === null) return "200";
	if (found.status === 416) return `416 ${unsatisfiedRange(length)}`;
	return found.ranges.map((range) => contentRangeOf(range, length)).join(" + ");
}

suite("Range, RFC 9110 section 14.2", () => {
	const table = `
		from the start (14.1.2) | bytes=0-4 | 10 | bytes 0-4/10
		one byte | bytes=0-0 | 10 | bytes 0-0/10
		the last byte | bytes=9-9 | 10 | bytes 9-9/10
		the whole | bytes=0-9 | 10 | bytes 0-9/10
		to beyond the end | bytes=5-99 | 10 | bytes 5-9/10
		open-ended | bytes=5- | 10 | bytes 5-9/10
		open-ended from the start | bytes=0- | 10 | bytes 0-9/10
		a suffix | bytes=-3 | 10 | bytes 7-9/10
		a suffix as long as the whole | bytes=-10 | 10 | bytes 0-9/10
		a suffix longer than the whole | bytes=-11 | 10 | bytes 0-9/10
		the unit in another case (14.1) | BYTES=0-4 | 10 | bytes 0-4/10
		leading zeros | bytes=000-004 | 10 | bytes 0-4/10
		to a place of 400 digits | bytes=5-${"9".repeat(400)} | 10 | bytes 5-9/10
		a suffix of 400 digits | bytes=-${"9".repeat(400)} | 10 | bytes 0-9/10
		from the end on (15.5.17) | bytes=10- | 10 | 416 bytes */10
		beyond the end | bytes=10-20 | 10 | 416 bytes */10
		from a place of 400 digits | bytes=${"9".repeat(400)}- | 10 | 416 bytes */10
		a suffix of nothing | bytes=-0 | 10 | 416 bytes */10
		several beyond the end | bytes=10-11,12- | 10 | 416 bytes */10
		of an empty body | bytes=0- | 0 | 416 bytes */0
		a suffix of an empty body can't be told | bytes=-5 | 0 | 200
		a suffix of nothing of an empty body | bytes=-0 | 0 | 416 bytes */0
		last before first is invalid (14.1.1) | bytes=5-4 | 10 | 200
		another unit (14.1) | items=0-4 | 10 | 200
		no unit | 0-4 | 10 | 200
		a colon | bytes: 0-4 | 10 | 200
		nothing | bytes= | 10 | 200
		commas alone | bytes=,, | 10 | 200
		a dash alone | bytes=- | 10 | 200
		no dash | bytes=5 | 10 | 200
		two dashes | bytes=0--4 | 10 | 200
		a sign | bytes=+0-4 | 10 | 200
		a fraction | bytes=0-4.5 | 10 | 200
		hexadecimal | bytes=0x0-0x4 | 10 | 200
		white space around the dash | bytes=0 - 4 | 10 | 200
		white space before the equals sign | bytes =0-4 | 10 | 200
		letters | bytes=a-b | 10 | 200
		one of several that is invalid | bytes=0-1,5-4 | 10 | 200
		one of several that can't be read | bytes=0-1,x | 10 | 200
	`;
	for (const [name, range, length, expected] of rowsOf(table)) {
		test(`${name}: ${expected}`, () => {
			const request = ["Range", String(range)];
			assert.equal(answer(request, { length: Number(length) }), expected);
		});
	}

	test("is ignored with any method but GET", () => {
		for (const method of ["HEAD", "POST", "PUT", "get"]) {
			assert.equal(answer(["range", "bytes=0-4"], { method }), "200");
		}
	});

	test("is ignored where the stored status is not 200", () => {
		for (const status of [203, 204, 301, 404, 503]) {
			assert.equal(answer(["range", "bytes=0-4"], { status }), "200");
		}
	});

	test("is ignored when it comes twice", () => {
		assert.equal(answer(["range", "bytes=0-4", "Range", "bytes=0-4"]), "200");
	});

	test("absent, the whole is sent", () => {
		assert.equal(answer([]), "200");
	});
});

suite("several ranges, RFC 9110 section 14.2", () => {
	const table = `
		two | bytes=0-1,4-5 | bytes 0-1/10 + bytes 4-5/10
		with white space and empty members | bytes= 0-1 ,, 4-5\t, | bytes 0-1/10 + bytes 4-5/10
		one after the other | bytes=0-1,2-3 | bytes 0-1/10 + bytes 2-3/10
		with a suffix | bytes=0-1,-2 | bytes 0-1/10 + bytes 8-9/10
		one that is beyond the end is left out (15.3.7) | bytes=0-1,50-60 | bytes 0-1/10
		a suffix of nothing is left out | bytes=0-1,-0 | bytes 0-1/10
		eight | bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7 | bytes 0-0/10 + bytes 1-1/10 + bytes 2-2/10 + bytes 3-3/10 + bytes 4-4/10 + bytes 5-5/10 + bytes 6-6/10 + bytes 7-7/10
		nine are ignored | bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8 | 200
		overlapping ones are ignored | bytes=0-5,5-9 | 200
		the whole many times is ignored | bytes=0-,0-,0- | 200
		a suffix that overlaps is ignored | bytes=0-5,-5 | 200
		out of order is ignored | bytes=4-5,0-1 | 200
	`;
	for (const [name, range, expected] of rowsOf(table)) {
		test(`${name}`, () => {
			assert.equal(answer(["range", String(range)]), expected);
		});
	}
});

suite("If-Range, RFC 9110 section 13.1.5", () => {
	const old = ["Last-Modified", dateAt(-100), "Date", dateAt(0)];
	const part = "bytes 0-4/10";
	const cases: readonly [string, string, readonly string[], string][] = [
		["the stored tag", '"v1"', ["etag", '"v1"'], part],
		["another tag", '"v2"', ["etag", '"v1"'], "200"],
		["a weak tag is not compared strongly", 'W/"v1"', ["etag", '"v1"'], "200"],
		["a stored weak tag is not either", '"v1"', ["etag", 'W/"v1"'], "200"],
		["two weak ones are not either", 'W/"v1"', ["etag", 'W/"v1"'], "200"],
		["a tag where none is stored", '"v1"', old, "200"],
		["a list is not allowed", '"v1", "v2"', ["etag", '"v1"'], "200"],
		["* is not allowed", "*", ["etag", '"v1"'], "200"],
		["the stored Last-Modified", dateAt(-100), old, part],
		["in another form of date", "Thursday, 15-Jan-26 11:58:20 GMT", old, part],
		["a later date is not the same", dateAt(-99), old, "200"],
		["an earlier date is not the same", dateAt(-101), old, "200"],
		["a date that is none", "yesterday", old, "200"],
		["an empty one", "", old, "200"],
		[
			"a date where there is no Last-Modified",
			dateAt(0),
			["Date", dateAt(0)],
			"200",
		],
		[
			"a date where there is no Date",
			dateAt(-100),
			["Last-Modified", dateAt(-100)],
			"200",
		],
		[
			"a Last-Modified 60 s before Date is strong (8.8.2.2)",
			dateAt(-60),
			["Last-Modified", dateAt(-60), "Date", dateAt(0)],
			part,
		],
		[
			"a Last-Modified 59 s before Date is weak (8.8.2.2)",
			dateAt(-59),
			["Last-Modified", dateAt(-59), "Date", dateAt(0)],
			"200",
		],
	];
	for (const [name, value, stored, expected] of cases) {
		test(`${name}: ${expected}`, () => {
			const request = ["range", "bytes=0-4", "If-Range", value];
			assert.equal(answer(request, { stored }), expected);
		});
	}

	test("that does not match makes no 416 either", () => {
		const request = ["range", "bytes=99-", "if-range", '"v2"'];
		assert.equal(answer(request, { stored: ["etag", '"v1"'] }), "200");
	});

	test("without Range says nothing", () => {
		assert.equal(
			answer(["if-range", '"v1"'], { stored: ["etag", '"v1"'] }),
			"200",
		);
	});

	test("given twice can't be held against anything", () => {
		const request = [
			"range",
			"bytes=0-4",
			"if-range",
			'"v1"',
			"if-range",
			'"v1"',
		];
		assert.equal(answer(request, { stored: ["etag", '"v1"'] }), "200");
	});
});
