import assert from "node:assert/strict";
import { test } from "node:test";
import {
	bucketCount,
	bucketOf,
	durationOf,
	quantilesOf,
} from "../../../../src/policies/observability/status/histogram.ts";

/** Numbers that look random and are the same each time (Park and Miller, 1988). */
function* numbers(seed: number): Generator<number> {
	let state = seed;
	while (true) {
		state = (state * 48_271) % 2_147_483_647;
		yield state / 2_147_483_647;
	}
}

function isWithin(value: number | null, exact: number, share: number): boolean {
	return value !== null && Math.abs(value - exact) <= exact * share;
}

test("a duration between 10 microseconds and 15 minutes is kept within 4 percent", () => {
	for (let ms = 0.0101; ms < 900_000; ms *= 1.013) {
		const shown = durationOf(bucketOf(ms));
		assert.ok(isWithin(shown, ms, 0.04), `${ms} is shown as ${shown}`);
	}
});

test("what lies beyond the ends is kept in the outermost buckets", () => {
	for (const ms of [0, -1, Number.NaN, 0.001]) assert.equal(bucketOf(ms), 0);
	assert.equal(bucketOf(1e9), bucketCount - 1);
	assert.equal(bucketOf(Number.POSITIVE_INFINITY), bucketCount - 1);
});

test("quantiles of skewed durations are within 5 percent of the exact ones", () => {
	const random = numbers(7);
	const counts = new Uint32Array(bucketCount);
	const all = Array.from({ length: 20_000 }, () => {
		const ms = 0.2 * Math.exp(8 * (random.next().value as number) ** 2);
		const bucket = bucketOf(ms);
		counts[bucket] = (counts[bucket] as number) + 1;
		return ms;
	}).sort((a, b) => a - b);
	const { p50Ms, p90Ms, p99Ms } = quantilesOf(counts);
	for (const [value, share] of [
		[p50Ms, 0.5],
		[p90Ms, 0.9],
		[p99Ms, 0.99],
	] as const) {
		const exact = all[Math.ceil(all.length * share) - 1] as number;
		assert.ok(isWithin(value, exact, 0.05), `${value} for ${exact}`);
	}
});

test("without calls there are no quantiles", () => {
	const none = { p50Ms: null, p90Ms: null, p99Ms: null };
	assert.deepEqual(quantilesOf(new Uint32Array(bucketCount)), none);
});
