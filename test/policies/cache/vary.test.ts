import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	variantKeyOf,
	varyNamesOf,
} from "../../../src/policies/cache/http/vary.ts";

suite("Vary, RFC 9110 section 12.5.5", () => {
	const cases: readonly [string, readonly string[], readonly string[] | "*"][] =
		[
			["absent", [], []],
			["empty", ["vary", " , "], []],
			[
				"names are in lower case, sorted, each once",
				["VARY", "Origin ,accept,\tORIGIN"],
				["accept", "origin"],
			],
			[
				"several lines are one list",
				["vary", "origin", "x", "y", "Vary", "accept"],
				["accept", "origin"],
			],
			["*", ["vary", "*"], "*"],
			["* among names", ["vary", "accept, *"], "*"],
			["* on another line", ["vary", "accept", "vary", "*"], "*"],
			["what is no name is as *", ["vary", "accept;q=1"], "*"],
			["quotes are no name", ["vary", '"accept"'], "*"],
			[
				"32 names",
				["vary", Array.from({ length: 32 }, (_, i) => `a${i + 10}`).join()],
				Array.from({ length: 32 }, (_, i) => `a${i + 10}`),
			],
			[
				"33 names are as *",
				["vary", Array.from({ length: 33 }, (_, i) => `a${i}`).join()],
				"*",
			],
		];
	for (const [name, headers, expected] of cases) {
		test(name, () => {
			assert.deepEqual(varyNamesOf(headers), expected);
		});
	}
});

suite("matching requests by what Vary names, RFC 9111 section 4.1", () => {
	const same: readonly [string, readonly string[], readonly string[]][] = [
		["names in another case", ["Accept", "a"], ["ACCEPT", "a"]],
		[
			"headers that are not named",
			["accept", "a", "x", "1"],
			["x", "2", "accept", "a"],
		],
		["white space in a list", ["accept", "a, b"], ["accept", " a\t,b "]],
		["a list on two lines", ["accept", "a, b"], ["accept", "a", "accept", "b"]],
		["white space around a value", ["user-agent", " a"], ["user-agent", "a\t"]],
		[
			"two lines of a field that is no known list",
			["user-agent", "a, b"],
			["user-agent", "a", "user-agent", "b"],
		],
		["both without it", [], ["x", "1"]],
	];
	const names = ["accept", "accept-encoding", "user-agent", "x-a", "x-b"];
	for (const [name, first, second] of same) {
		test(`the same: ${name}`, () => {
			assert.equal(variantKeyOf(names, first), variantKeyOf(names, second));
		});
	}

	const different: readonly [string, readonly string[], readonly string[]][] = [
		["another value", ["accept", "a"], ["accept", "b"]],
		["absent and empty", [], ["accept", ""]],
		["absent and there", [], ["accept", "a"]],
		["another order of a list", ["accept", "a, b"], ["accept", "b, a"]],
		[
			"another order of lines",
			["accept", "a", "accept", "b"],
			["accept", "b", "accept", "a"],
		],
		[
			"another case of a value",
			["accept-encoding", "gzip"],
			["accept-encoding", "GZIP"],
		],
		[
			"another weight",
			["accept-encoding", "gzip;q=1"],
			["accept-encoding", "gzip"],
		],
		[
			"white space inside a quoted string",
			["accept", 'a;b="x , y"'],
			["accept", 'a;b="x,y"'],
		],
		[
			"white space where the field is no known list",
			["user-agent", "a,b"],
			["user-agent", "a, b"],
		],
		[
			"a value that writes the next name",
			["x-a", "1x-b=1:2"],
			["x-a", "1", "x-b", "2"],
		],
		["a value that writes an absent one", ["x-a", "1x-b!"], ["x-a", "1"]],
		[
			"values that change places",
			["x-a", "1", "x-b", "2"],
			["x-a", "2", "x-b", "1"],
		],
	];
	for (const [name, first, second] of different) {
		test(`not the same: ${name}`, () => {
			assert.notEqual(variantKeyOf(names, first), variantKeyOf(names, second));
		});
	}

	test("no names are the one empty key", () => {
		assert.equal(variantKeyOf([], ["accept", "a"]), "");
	});

	test("no two of many short value pairs share a key", () => {
		const values = ["", "1", "!", "=", ":", "x-b=1:", "1:1", "x-b!", "0:"];
		const keys = new Set<string>();
		const all = [...values, null];
		for (const a of all) {
			for (const b of all) {
				const headers = a === null ? [] : ["x-a", a];
				if (b !== null) headers.push("x-b", b);
				keys.add(variantKeyOf(["x-a", "x-b"], headers));
			}
		}
		assert.equal(keys.size, all.length ** 2);
	});
});
