import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	apparentAge,
	correctedInitialAge,
	currentAge,
	isFresh,
	parseAge,
	toAge,
} from "../../../src/policies/cache/http/freshness.ts";
import { control, dateAt, freshness, receivedMs } from "./answers.ts";

const date = ["Date", dateAt(0)];

suite("age, RFC 9111 section 4.2.3", () => {
	test("apparent age is the time between Date and arrival, never below 0", () => {
		assert.equal(apparentAge(receivedMs - 5000, receivedMs), 5);
		assert.equal(apparentAge(receivedMs, receivedMs), 0);
		assert.equal(apparentAge(receivedMs + 60_000, receivedMs), 0);
	});

	test("apparent age counts no part of a second, which Date can't say", () => {
		assert.equal(apparentAge(receivedMs, receivedMs + 999), 0);
		assert.equal(apparentAge(receivedMs + 999, receivedMs + 1001), 1);
	});

	const cases: readonly [string, number, number, number, number][] = [
		["nothing", 0, 0, 0, 0],
		["Age alone", 0, 30, 0, 30],
		["Age and the delay of the answer", 0, 30, 2, 32],
		["the delay alone", 0, 0, 2, 2],
		["Date where it is older than Age", -60, 30, 2, 60],
		["Age where it is older than Date", -10, 30, 2, 32],
		["a Date in the future counts as none", 3600, 30, 2, 32],
	];
	for (const [name, dateSeconds, ageSeconds, delay, expected] of cases) {
		test(`corrected initial age: ${name}`, () => {
			assert.equal(
				correctedInitialAge({
					dateMs: receivedMs + dateSeconds * 1000,
					ageSeconds,
					requestTimeMs: receivedMs - delay * 1000,
					responseTimeMs: receivedMs,
				}),
				expected,
			);
		});
	}

	test("a clock that went back while the answer came makes nothing younger", () => {
		const times = {
			requestTimeMs: receivedMs + 9000,
			responseTimeMs: receivedMs,
		};
		assert.equal(
			correctedInitialAge({ dateMs: receivedMs, ageSeconds: 3, ...times }),
			3,
		);
	});

	test("current age adds the time it has been stored", () => {
		const stored = freshness([...control("max-age=60"), ...date, "Age", "10"]);
		assert.equal(currentAge(stored, receivedMs + 20_500), 30.5);
		assert.equal(currentAge(stored, receivedMs - 20_000), 10);
	});

	test("of two Dates the earlier counts", () => {
		const stored = freshness(["Date", dateAt(-5), "Date", dateAt(-50)]);
		assert.equal(stored.initialAgeSeconds, 50);
	});

	test("it is fresh until its age reaches its lifetime (4.2)", () => {
		const stored = freshness([...control("max-age=60"), ...date, "Age", "10"]);
		assert.equal(
			isFresh(stored, currentAge(stored, receivedMs + 49_999)),
			true,
		);
		assert.equal(
			isFresh(stored, currentAge(stored, receivedMs + 50_000)),
			false,
		);
	});

	test("an Age beyond the lifetime makes it stale on arrival", () => {
		const stored = freshness([...control("max-age=60"), "Age", "61"]);
		assert.equal(isFresh(stored, currentAge(stored, receivedMs)), false);
	});

	test("s-maxage counts the same age", () => {
		const stored = freshness([...control("s-maxage=60"), "Age", "59"]);
		assert.equal(isFresh(stored, currentAge(stored, receivedMs)), true);
	});
});

suite("Age, RFC 9111 section 5.1", () => {
	const cases: readonly [string, readonly string[], number][] = [
		["absent", [], 0],
		["a number", ["age", "30"], 30],
		["with white space", ["AGE", " 30\t"], 30],
		["of a list the first member", ["age", "30, 60"], 30],
		["of two lines the first", ["age", "30", "age", "60"], 30],
		["a first member that is none is ignored", ["age", "x, 60"], 0],
		["negative is ignored", ["age", "-30"], 0],
		["with a fraction is ignored", ["age", "30.5"], 0],
		["quoted is ignored", ["age", '"30"'], 0],
		["empty is ignored", ["age", ""], 0],
		["huge is 2^31", ["age", "9".repeat(50)], 2_147_483_648],
	];
	for (const [name, headers, seconds] of cases) {
		test(name, () => {
			assert.equal(parseAge(headers), seconds);
		});
	}

	test("is sent in whole seconds, at most 2^31", () => {
		assert.equal(toAge(30.9), "30");
		assert.equal(toAge(0), "0");
		assert.equal(toAge(1e12), "2147483648");
	});
});
