import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	hasHeader,
	headerValue,
	headerValues,
	isToken,
	listMembers,
	parseDigits,
	tokenLength,
	trimSpace,
} from "../../../src/policies/cache/http/header-list.ts";

suite("a header list", () => {
	const headers = ["A", "1", "bb", "2", "a", "3", "odd"];

	test("gives every line of a name in any case, in order", () => {
		assert.deepEqual(headerValues(headers, "a"), ["1", "3"]);
		assert.deepEqual(headerValues(headers, "bb"), ["2"]);
		assert.deepEqual(headerValues(headers, "c"), []);
	});

	test("combines the lines of a name (RFC 9110 section 5.3)", () => {
		assert.equal(headerValue(headers, "a"), "1, 3");
		assert.equal(headerValue(headers, "bb"), "2");
		assert.equal(headerValue(headers, "c"), null);
		assert.equal(headerValue(["a", "", "a", ""], "a"), ", ");
	});

	test("takes no value for a name, and no name without a value", () => {
		assert.equal(hasHeader(headers, "2"), false);
		assert.equal(hasHeader(headers, "odd"), false);
		assert.equal(headerValue(headers, "odd"), null);
		assert.deepEqual(headerValues(headers, "odd"), []);
		assert.equal(hasHeader(["A", ""], "a"), true);
	});
});

suite("members of a list, RFC 9110 section 5.6.1", () => {
	const cases: readonly [string, readonly string[]][] = [
		["", []],
		[" , \t,", []],
		["a", ["a"]],
		["a,b , c\t", ["a", "b", "c"]],
		['a="x,y",b', ['a="x,y"', "b"]],
		['a="x,y" ,b', ['a="x,y"', "b"]],
		['"x,y"', ['"x,y"']],
		['"x,y",b', ['"x,y"', "b"]],
		['W/"x,y",b', ['W/"x,y"', "b"]],
		['a="x\\",y",b', ['a="x\\",y"', "b"]],
		['a="x,y";q=1,b', ['a="x,y";q=1', "b"]],
		['a="x,y', ['a="x', "y"]],
		['a="x,y\\"', ['a="x', 'y\\"']],
		['a"x,y"', ['a"x', 'y"']],
		['a",b', ['a"', "b"]],
		['a=",b', ['a="', "b"]],
		['",b', ['"', "b"]],
		['a,"', ["a", '"']],
		['a="x,y"z,b', ['a="x', 'y"z', "b"]],
		['a="",b=""', ['a=""', 'b=""']],
	];
	for (const [text, members] of cases) {
		test(JSON.stringify(text), () => {
			assert.deepEqual(listMembers(text), members);
		});
	}
});

suite("tokens, RFC 9110 section 5.6.2", () => {
	test("are made of these characters and no others", () => {
		let found = "";
		for (let code = 0; code < 0x200; code += 1) {
			const one = String.fromCharCode(code);
			assert.equal(tokenLength(`a${one}`), isToken(one) ? 2 : 1);
			if (isToken(one)) found += one;
		}
		assert.equal(
			found,
			"!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~",
		);
	});

	test("have one character at least", () => {
		assert.equal(isToken(""), false);
		assert.equal(tokenLength(""), 0);
		assert.equal(tokenLength("max-age=5"), 7);
	});
});

suite("digits", () => {
	const cases: readonly [string, number | null][] = [
		["0", 0],
		["007", 7],
		["999999999999999", 999_999_999_999_999],
		["0999999999999999", 999_999_999_999_999],
		["1000000000000000", Number.POSITIVE_INFINITY],
		["", null],
		[" 1", null],
		["1 ", null],
		["-1", null],
		["/", null],
		[":", null],
		["1e3", null],
	];
	for (const [text, number] of cases) {
		test(JSON.stringify(text), () => {
			assert.equal(parseDigits(text), number);
		});
	}
});

test("optional white space is spaces and tabs and nothing else", () => {
	assert.equal(trimSpace(" \ta b\t "), "a b");
	assert.equal(trimSpace("a"), "a");
	assert.equal(trimSpace(" \t "), "");
	assert.equal(trimSpace("\xa0a\n"), "\xa0a\n");
});
