import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseCacheControl } from "../../../src/policies/cache/http/cache-control.ts";
import { freshnessOf } from "../../../src/policies/cache/http/freshness.ts";
import { control, dateAt, freshness, receivedMs } from "./answers.ts";

suite("what may be done with a stale answer, RFC 9111 section 4.2.4", () => {
	const windows = "stale-while-revalidate=5, stale-if-error=9";
	const cases: readonly [string, boolean][] = [
		["max-age=1", false],
		["max-age=1, must-revalidate", true],
		["max-age=1, proxy-revalidate", true],
		["max-age=1, no-cache", true],
		["s-maxage=1", true],
		["s-maxage=x", true],
		['max-age=1, no-cache="a"', false],
		['max-age=1, private="a"', false],
	];
	for (const [value, never] of cases) {
		test(`${value}: ${never ? "nothing" : "what its windows say"}`, () => {
			const stored = freshness(control(`${value}, ${windows}`));
			assert.equal(stored.neverStale, never);
			assert.equal(stored.staleWhileRevalidateSeconds, never ? 0 : 5);
			assert.equal(stored.staleIfErrorSeconds, never ? 0 : 9);
		});
	}

	test("windows count beside s-maxage where that was asked for, but not beside must-revalidate", () => {
		const options = { staleBesideSMaxAge: true };
		const stored = freshness(control(`s-maxage=1, ${windows}`), options);
		assert.equal(stored.neverStale, false);
		assert.equal(stored.staleWhileRevalidateSeconds, 5);
		const strict = freshness(
			control(`s-maxage=1, must-revalidate, ${windows}`),
			options,
		);
		assert.equal(strict.neverStale, true);
	});

	test("only no-cache without fields wants a validation for each use (5.2.2.4)", () => {
		assert.equal(freshness(control("no-cache, max-age=9")).mustValidate, true);
		assert.equal(
			freshness(control('no-cache="a", max-age=9')).mustValidate,
			false,
		);
	});
});

test("freshness takes an answer as it came: times, status, headers and what was parsed of them", () => {
	const headers = [
		...control("max-age=60, immutable"),
		"Age",
		"5",
		"Date",
		dateAt(-2),
	];
	assert.deepEqual(
		freshnessOf({
			status: 200,
			headers,
			directives: parseCacheControl(headers),
			requestTimeMs: receivedMs - 1000,
			responseTimeMs: receivedMs,
		}),
		{
			source: "max-age",
			lifetimeSeconds: 60,
			initialAgeSeconds: 6,
			responseTimeMs: receivedMs,
			mustValidate: false,
			neverStale: false,
			immutable: true,
			staleWhileRevalidateSeconds: 0,
			staleIfErrorSeconds: 0,
		},
	);
});
