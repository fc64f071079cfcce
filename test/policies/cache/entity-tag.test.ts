import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	matchesStrongly,
	matchesWeakly,
	parseEntityTag,
	parseEntityTags,
} from "../../../src/policies/cache/http/entity-tag.ts";

const weak = (opaque: string) => ({ isWeak: true, opaque });
const strong = (opaque: string) => ({ isWeak: false, opaque });

suite("entity tags, RFC 9110 section 8.8.3", () => {
	const good: readonly [string, ReturnType<typeof weak>][] = [
		['"xyzzy"', strong("xyzzy")],
		['W/"xyzzy"', weak("xyzzy")],
		['""', strong("")],
		['W/""', weak("")],
		['"a,b"', strong("a,b")],
		['"a\\"', strong("a\\")],
		['"\xe9"', strong("\xe9")],
	];
	for (const [text, tag] of good) {
		test(`is one: ${text}`, () => {
			const read = parseEntityTag(text);
			assert.ok(read !== null);
			assert.deepEqual({ isWeak: read.isWeak, opaque: read.opaque }, tag);
		});
	}

	for (const text of [
		"",
		"xyzzy",
		'"xyzzy',
		'xyzzy"',
		'w/"xyzzy"',
		"W/xyzzy",
		'W"x"',
		'"a b"',
		'"a"b"',
		'"a" ',
		"'a'",
		"*",
		"W/*",
		'"a\x7f"',
	]) {
		test(`is none: ${JSON.stringify(text)}`, () => {
			assert.equal(parseEntityTag(text), null);
		});
	}

	const lists: readonly [string, readonly object[] | "*" | null][] = [
		['"a"', [strong("a")]],
		['"a", W/"b" ,\t"c"', [strong("a"), weak("b"), strong("c")]],
		['"a,b","c"', [strong("a,b"), strong("c")]],
		[', "a",, "b", ', [strong("a"), strong("b")]],
		["*", "*"],
		[" * ", "*"],
		["", null],
		[",", null],
		['*, "a"', null],
		['"a", *', null],
		['"a" "b"', null],
		['"a", b', null],
		['"a", "b', null],
		["a", null],
	];
	for (const [text, expected] of lists) {
		test(`a list: ${JSON.stringify(text)}`, () => {
			const read = parseEntityTags(text);
			const plain = Array.isArray(read)
				? read.map(({ isWeak, opaque }) => ({ isWeak, opaque }))
				: read;
			assert.deepEqual(plain, expected);
		});
	}

	// The table of RFC 9110 section 8.8.3.2.
	const comparisons: readonly [string, string, boolean, boolean][] = [
		['W/"1"', 'W/"1"', false, true],
		['W/"1"', 'W/"2"', false, false],
		['W/"1"', '"1"', false, true],
		['"1"', '"1"', true, true],
	];
	for (const [a, b, strongly, weakly] of comparisons) {
		test(`comparing ${a} and ${b} (section 8.8.3.2)`, () => {
			const [one, two] = [parseEntityTag(a), parseEntityTag(b)];
			assert.ok(one !== null && two !== null);
			assert.equal(matchesStrongly(one, two), strongly);
			assert.equal(matchesStrongly(two, one), strongly);
			assert.equal(matchesWeakly(one, two), weakly);
		});
	}
});
