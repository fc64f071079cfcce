import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	maxDeltaSeconds,
	noDirectives,
	parseCacheControl,
} from "../../../src/policies/cache/http/cache-control.ts";
import { checkDirectives } from "./directive-cases.ts";

suite("Cache-Control, RFC 9111 section 5.2", () => {
	checkDirectives([
		["nothing in it says nothing", [""], {}],
		["commas alone say nothing", [" , ,, "], {}],
		[
			"names are taken in any case",
			["NO-STORE, Max-AGE=5"],
			{ noStore: true, maxAge: 5 },
		],
		[
			"what is unknown is ignored",
			['foo, bar=1, baz="x, no-store", max-age=5'],
			{ maxAge: 5 },
		],
		[
			"a name that only begins like a known one is unknown",
			["no-storex, xno-cache, max-agee=5"],
			{},
		],
		[
			"white space around directives is dropped",
			[" \tno-store ,\t max-age=5 "],
			{ noStore: true, maxAge: 5 },
		],
		[
			"several lines are one list",
			["no-store", "max-age=5"],
			{ noStore: true, maxAge: 5 },
		],
		[
			"the quoted form is taken where the token form is due",
			['max-age="5"'],
			{ maxAge: 5 },
		],
		[
			"the token form is taken where the quoted form is due",
			["private=X-A"],
			{ privateFields: ["x-a"] },
		],
		["escapes in a quoted string are undone", ['max-age="\\5"'], { maxAge: 5 }],
		[
			"a quote that never closes hides no directive behind it",
			['foo="a, no-store'],
			{ noStore: true },
		],
		[
			"a quote inside a word hides no directive behind it",
			['a"b, no-store, c"d'],
			{ noStore: true },
		],
		[
			"a quote that is cut short hides no directive behind it",
			['a",no-store'],
			{ noStore: true },
		],
		[
			"a quote that is cut short behind = hides none either",
			['a=",no-store'],
			{ noStore: true },
		],
		[
			"a quote that is cut short makes a number one that can't be read",
			['max-age=60", public'],
			{ maxAge: 0, isPublic: true, allowsAuthorization: true },
		],
		[
			"a quote on one line hides nothing on the next",
			['foo="a', 'no-store, b="c"'],
			{ noStore: true },
		],
		[
			"a semicolon separates nothing, and what forbids still counts",
			["no-store; max-age=5"],
			{ noStore: true },
		],
		["an empty name is ignored", ["=5, max-age=7"], { maxAge: 7 }],
	]);
});

suite("delta-seconds, RFC 9111 section 1.2.2", () => {
	checkDirectives([
		["zero", ["max-age=0"], { maxAge: 0 }],
		["leading zeros", ["max-age=0060"], { maxAge: 60 }],
		[
			"a thousand leading zeros",
			[`max-age=${"0".repeat(1000)}60`],
			{ maxAge: 60 },
		],
		["2^31 is kept", ["max-age=2147483648"], { maxAge: maxDeltaSeconds }],
		[
			"one more than 2^31 is 2^31",
			["max-age=2147483649"],
			{ maxAge: maxDeltaSeconds },
		],
		[
			"a thousand digits are 2^31",
			[`max-age=${"9".repeat(1000)}`],
			{ maxAge: maxDeltaSeconds },
		],
	]);
});

suite("freshness that can't be read is none, RFC 9111 section 4.2.1", () => {
	const bad = [
		"max-age",
		"max-age=",
		"max-age=-1",
		"max-age=+1",
		"max-age=1.5",
		"max-age=1e3",
		"max-age=0x10",
		"max-age=abc",
		"max-age=60s",
		'max-age=""',
		'max-age="60',
		'max-age="60"x',
		'max-age=" 60"',
		"max-age='60'",
		"max-age =60",
		"max-age= 60",
		"max-age=6 0",
		"max-age=60;",
		"max-age=\u0661",
	];
	checkDirectives(bad.map((line) => [line, [line], { maxAge: 0 }]));
	checkDirectives([
		[
			"s-maxage=x is none, and no leave for Authorization",
			["s-maxage=x"],
			{ sMaxAge: 0 },
		],
		["max-age: of two the smaller", ["max-age=60, max-age=30"], { maxAge: 30 }],
		[
			"max-age: of two the smaller, in the other order",
			["max-age=30", "max-age=60"],
			{ maxAge: 30 },
		],
		[
			"max-age: one that can't be read beside one that can",
			["max-age=60, max-age=x"],
			{ maxAge: 0 },
		],
		[
			"s-maxage: one that can't be read beside one that can",
			["s-maxage=x, s-maxage=60"],
			{ sMaxAge: 0 },
		],
	]);
});

suite("Pragma, RFC 9111 section 5.4", () => {
	const cases: readonly [string, readonly string[], boolean][] = [
		[
			"no-cache counts where there is no Cache-Control",
			["pragma", "no-cache"],
			true,
		],
		["in any case and among others", ["PRAGMA", "foo, No-Cache"], true],
		[
			"not beside a Cache-Control",
			["pragma", "no-cache", "cache-control", "max-age=5"],
			false,
		],
		[
			"not beside an empty Cache-Control",
			["cache-control", "", "pragma", "no-cache"],
			false,
		],
		["nothing else counts", ["pragma", "cache, xno-cache"], false],
	];
	for (const [name, headers, noCache] of cases) {
		test(name, () => {
			assert.equal(parseCacheControl(headers).noCache, noCache);
		});
	}

	test("no header at all is the one constant that costs nothing", () => {
		assert.equal(parseCacheControl(["accept", "*/*"]), noDirectives);
		assert.ok(Object.isFrozen(noDirectives));
	});
});

test("a Cache-Control of 64 KiB of quotes, commas or escapes is read in time that grows with its length", () => {
	for (const piece of [
		'"',
		',"',
		'="',
		'\\"',
		'a="\\',
		",",
		'" ',
		'no-cache="a",',
	]) {
		const value = piece.repeat(65_536 / piece.length);
		const start = process.cpuUsage();
		parseCacheControl(["cache-control", value]);
		const { user, system } = process.cpuUsage(start);
		assert.ok(
			user + system < 400_000,
			`${JSON.stringify(piece)} took ${user + system} us`,
		);
	}
});
