import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const mebibyte = 1_048_576;
const leastBytes = 4 * mebibyte;
const mostBytes = 16 * mebibyte;
/** The share of the time between two collections that one may take. */
const mostShare = 0.2;

type CollectYoung = (options: { readonly type: "minor" }) => void;

let collect: CollectYoung | null | undefined;
let passedBytes = 0;
let limitBytes: number = leastBytes;
let lastMs = 0;

/**
 * Takes note of body bytes that have passed. node lets the memory of passed
 * chunks lie until the young generation is full of the small objects that hold
 * them: tens of MiB of fresh pages for each large body. Collecting them every few
 * MiB has the same pages used again, which bounds the growth and halves the CPU of
 * a large body (bench/README.md). It leans on V8's `gc`; without it nothing is done.
 */
export function passBytes(count: number): void {
	passedBytes += count;
	if (passedBytes > limitBytes) recycle();
}

function recycle(): void {
	passedBytes = 0;
	collect ??= findCollect();
	if (collect === null) {
		limitBytes = Number.POSITIVE_INFINITY;
		return;
	}
	const startMs = performance.now();
	collect({ type: "minor" });
	const endMs = performance.now();
	// With much alive a collection is dear: then it is made less often.
	const isDear = endMs - startMs > (endMs - lastMs) * mostShare;
	limitBytes = isDear ? Math.min(limitBytes * 2, mostBytes) : leastBytes;
	lastMs = endMs;
}

/** V8's collector, which is there in contexts made while the flag is set. */
function findCollect(): CollectYoung | null {
	try {
		setFlagsFromString("--expose-gc");
		const found: unknown = runInNewContext("gc");
		setFlagsFromString("--no-expose-gc");
		return typeof found === "function" ? (found as CollectYoung) : null;
	} catch {
		return null;
	}
}
