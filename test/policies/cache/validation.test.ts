import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	isFreshenedBy,
	isFreshenedByHead,
	validatorsFor,
} from "../../../src/policies/cache/http/conditional.ts";
import { dateAt } from "./answers.ts";

const modified = ["Last-Modified", dateAt(-100)];

suite("validating a stored answer, RFC 9111 section 4.3.1", () => {
	const cases: readonly [string, readonly string[], readonly string[]][] = [
		["by ETag", ["ETag", '"v1"'], ["if-none-match", '"v1"']],
		[
			"by a weak ETag, as it is",
			["ETag", ' W/"v1" '],
			["if-none-match", 'W/"v1"'],
		],
		[
			"by Last-Modified, as it was sent",
			["Last-Modified", "Thursday, 15-Jan-26 11:58:20 GMT"],
			["if-modified-since", "Thursday, 15-Jan-26 11:58:20 GMT"],
		],
		[
			"by both",
			[...modified, "ETag", '"v1"'],
			["if-none-match", '"v1"', "if-modified-since", dateAt(-100)],
		],
		["by neither", ["date", dateAt(0)], []],
		[
			"not by an ETag that is none",
			["ETag", "v1", ...modified],
			["if-modified-since", dateAt(-100)],
		],
		["not by one of two ETags", ["ETag", '"a"', "ETag", '"b"'], []],
		["not by a Last-Modified that is none", ["last-modified", "x"], []],
	];
	for (const [name, own, expected] of cases) {
		test(name, () => {
			assert.deepEqual(validatorsFor(own), expected);
		});
	}
});

suite("which stored answer a 304 speaks of, RFC 9111 section 4.3.4", () => {
	const tag = (value: string): string[] => ["etag", value];
	const cases: readonly [
		string,
		readonly string[],
		readonly string[],
		boolean,
	][] = [
		["the same strong tag", tag('"a"'), tag('"a"'), true],
		["another strong tag", tag('"a"'), tag('"b"'), false],
		["a strong tag for a weak one", tag('W/"a"'), tag('"a"'), false],
		["the same weak tag", tag('W/"a"'), tag('W/"a"'), true],
		["a weak tag for a strong one", tag('"a"'), tag('W/"a"'), true],
		["a tag where none is stored", [], tag('"a"'), false],
		["a tag that is none", tag('"a"'), tag("a"), false],
		[
			"the tag decides before Last-Modified",
			[...tag('"a"'), ...modified],
			[...tag('"a"'), "last-modified", dateAt(0)],
			true,
		],
		["the same Last-Modified", modified, modified, true],
		["another Last-Modified", modified, ["last-modified", dateAt(0)], false],
		[
			"no validator: the one that was asked about",
			[...tag('"a"'), ...modified],
			[],
			true,
		],
	];
	for (const [name, own, told, expected] of cases) {
		test(`${name}: ${expected ? "this" : "not this"}`, () => {
			assert.equal(isFreshenedBy(own, told), expected);
		});
	}

	test("an answer to HEAD with the same validators and length freshens, any other makes stale (4.3.5)", () => {
		const own = [...tag('"a"'), ...modified];
		assert.equal(
			isFreshenedByHead(own, 9, [...own, "content-length", "9"]),
			true,
		);
		assert.equal(isFreshenedByHead(own, 9, own), true);
		assert.equal(isFreshenedByHead(own, 9, []), false);
		assert.equal(isFreshenedByHead(own, 9, ["content-length", "9"]), false);
		assert.equal(
			isFreshenedByHead(own, 9, [...own, "content-length", "10"]),
			false,
		);
		assert.equal(isFreshenedByHead(own, 9, tag('"b"')), false);
		assert.equal(isFreshenedByHead(tag('"a"'), 9, modified), false);
	});
});
