import type { TestContext } from "node:test";

const tickMs = 10;
/** A tick that is later than this is no jitter: others have the machine. */
const leastMs = 20;

/** How long this process has stood still so far, in milliseconds: what a bound on lateness has to allow for. */
export function measureStalls(t: TestContext): () => number {
	let stalledMs = 0;
	let lastMs = performance.now();
	const look = (): number => {
		const nowMs = performance.now();
		const lateMs = nowMs - lastMs - tickMs;
		if (lateMs > leastMs) stalledMs += lateMs;
		lastMs = nowMs;
		return stalledMs;
	};
	const timer = setInterval(look, tickMs);
	t.after(() => clearInterval(timer));
	return look;
}
