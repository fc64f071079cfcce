import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	parseHttpDate,
	toHttpDate,
} from "../../../src/policies/cache/http/http-date.ts";

const example = Date.UTC(1994, 10, 6, 8, 49, 37);
const now = Date.UTC(2026, 5, 15);

suite("HTTP-date, RFC 9110 section 5.6.7", () => {
	const good: readonly [name: string, text: string, time: number][] = [
		["IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", example],
		["RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", example],
		["asctime", "Sun Nov  6 08:49:37 1994", example],
		[
			"asctime with two digits",
			"Wed Nov 16 08:49:37 1994",
			Date.UTC(1994, 10, 16, 8, 49, 37),
		],
		[
			"in any case (RFC 9111 section 4.2)",
			"sUN, 06 nOV 1994 08:49:37 gmt",
			example,
		],
		[
			"a weekday that is not the day's",
			"Mon, 06 Nov 1994 08:49:37 GMT",
			example,
		],
		[
			"the 29th of February",
			"Thu, 29 Feb 2024 00:00:00 GMT",
			Date.UTC(2024, 1, 29),
		],
		[
			"a leap second is the second before it",
			"Sat, 31 Dec 2016 23:59:60 GMT",
			Date.UTC(2016, 11, 31, 23, 59, 59),
		],
		[
			"the first year",
			"Sat, 01 Jan 0000 00:00:00 GMT",
			Date.parse("0000-01-01T00:00:00Z"),
		],
		[
			"a year below 100 is that year",
			"Sun, 06 Nov 0094 08:49:37 GMT",
			Date.parse("0094-11-06T08:49:37Z"),
		],
		[
			"the last year",
			"Fri, 31 Dec 9999 23:59:59 GMT",
			Date.UTC(9999, 11, 31, 23, 59, 59),
		],
		[
			"two digits, 50 years ahead",
			"Monday, 15-Jun-76 00:00:00 GMT",
			Date.UTC(2076, 5, 15),
		],
		[
			"two digits, a second more than 50 years ahead",
			"Monday, 15-Jun-76 00:00:01 GMT",
			Date.UTC(1976, 5, 15, 0, 0, 1),
		],
		[
			"two digits, 51 years ahead",
			"Monday, 15-Jun-77 00:00:00 GMT",
			Date.UTC(1977, 5, 15),
		],
		["two digits, this year", "Monday, 15-Jun-26 00:00:00 GMT", now],
		[
			"two digits, the turn of the century",
			"Saturday, 01-Jan-00 00:00:00 GMT",
			Date.UTC(2000, 0, 1),
		],
		[
			"two digits, the 29th of a year that had it",
			"Saturday, 29-Feb-00 00:00:00 GMT",
			Date.UTC(2000, 1, 29),
		],
	];
	for (const [name, text, time] of good) {
		test(`is read: ${name}`, () => {
			assert.equal(parseHttpDate(text, now), time);
		});
	}

	const bad: readonly string[] = [
		"",
		"0",
		"-1",
		"now",
		"1994-11-06T08:49:37Z",
		"784111777",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 EST",
		"Sun, 06 Nov 1994 08:49:37 +0000",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT",
		"Sun,06 Nov 1994 08:49:37 GMT",
		"Sun 06 Nov 1994 08:49:37 GMT",
		"Sun, 06  Nov 1994 8:49:37 GMT",
		"Sun, 06-Nov-1994 08:49:37 GMT",
		"Xyz, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Xyz 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 32 Nov 1994 08:49:37 GMT",
		"Wed, 29 Feb 2023 00:00:00 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov 1994 08-49-37 GMT",
		"Sun, 06 Nov 1994 -8:49:37 GMT",
		"Sun, 0x Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov x994 08:49:37 GMT",
		"Sun, 06 Nov 1994 x8:49:37 GMT",
		"Sun, 06 Nov 1994 08:x9:37 GMT",
		"Sun, 06 Nov 1994 08:49:x7 GMT",
		"Sun, 06 Nov 1994 08-49:37 GMT",
		"Sun, 06 Nov 1994 08:49-37 GMT",
		"Sun, 06-Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov-1994 08:49:37 GMT",
		"Sun, 06 Nov 1994-08:49:37 GMT",
		"Sun,-06 Nov 1994 08:49:37 GMT",
		"Sunday,-06-Nov-94 08:49:37 GMT",
		"Sunday, 06 Nov-94 08:49:37 GMT",
		"Sunday, 06-Nov 94 08:49:37 GMT",
		"Sunday, 06-Nov-94-08:49:37 GMT",
		"Xunday, 06-Nov-94 08:49:37 GMT",
		"Xun Nov  6 08:49:37 1994",
		"Sun-Nov  6 08:49:37 1994",
		"Sun Nov--6 08:49:37 1994",
		"Sun Nov  6-08:49:37 1994",
		"Sun Nov  6 08:49:37-1994",
		"Sun, 06 Nov 199４ 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
		" Sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06-Nov-94 08:49:37 GMT",
		"Sunday, 06 Nov 94 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 EST",
		"Sunday, 06-Nov-9x 08:49:37 GMT",
		"Sunday, 29-Feb-01 00:00:00 GMT",
		"Sun Nov 6 08:49:37 1994",
		"Sun Nov  6 08:49:37 94  ",
		"Sun Nov  6 08:49:37 1994 GMT",
		"Sun Nov  0 08:49:37 1994",
	];
	for (const text of bad) {
		test(`is none: ${JSON.stringify(text)}`, () => {
			assert.equal(parseHttpDate(text, now), null);
		});
	}

	test("is written as an IMF-fixdate, parts of a second dropped", () => {
		assert.equal(toHttpDate(example + 999), "Sun, 06 Nov 1994 08:49:37 GMT");
	});

	test("what is written is read again, over four centuries", () => {
		for (
			let ms = Date.UTC(1800, 0, 1);
			ms < Date.UTC(2200, 0, 1);
			ms += 86_399_000 * 37
		) {
			assert.equal(parseHttpDate(toHttpDate(ms), now), ms);
		}
	});
});
