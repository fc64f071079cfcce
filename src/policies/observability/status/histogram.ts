/** How many buckets a histogram of durations has. */
export const bucketCount = 240;

const leastMs = 0.01;
/** From one bucket to the next; what a bucket is shown as is at most 3.9 % from all that is in it. */
const growth = 1.08;
const bucketsPerLog = 1 / Math.log(growth);

/** The bucket of a duration: from 10 microseconds to 17 minutes, what lies beyond in the outermost. */
export function bucketOf(durationMs: number): number {
	if (!(durationMs > leastMs)) return 0;
	const bucket = Math.ceil(Math.log(durationMs / leastMs) * bucketsPerLog);
	return bucket < bucketCount ? bucket : bucketCount - 1;
}

/** The duration that stands for a bucket, in milliseconds: the same relative distance from both of its ends. */
export function durationOf(bucket: number): number {
	const upper = leastMs * growth ** bucket;
	return bucket === 0 ? upper : (2 * upper) / (1 + growth);
}

/** The durations below which these shares of all calls lie, in milliseconds; null where there was no call. */
export interface Quantiles {
	readonly p50Ms: number | null;
	readonly p90Ms: number | null;
	readonly p99Ms: number | null;
}

/** Reads the quantiles off a histogram that begins at `start`. */
export function quantilesOf(
	counts: Uint32Array | Float64Array,
	start = 0,
): Quantiles {
	let total = 0;
	for (let i = 0; i < bucketCount; i++) total += counts[start + i] as number;
	return {
		p50Ms: quantile(counts, start, total * 0.5),
		p90Ms: quantile(counts, start, total * 0.9),
		p99Ms: quantile(counts, start, total * 0.99),
	};
}

function quantile(
	counts: Uint32Array | Float64Array,
	start: number,
	rank: number,
): number | null {
	if (rank === 0) return null;
	let seen = 0;
	for (let i = 0; i < bucketCount; i++) {
		seen += counts[start + i] as number;
		if (seen >= rank) return durationOf(i);
	}
	return null;
}
