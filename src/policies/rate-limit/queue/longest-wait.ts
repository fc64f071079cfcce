import type { Demand } from "../store/hold.ts";
import type { Verdict } from "../store/store.ts";

/** Of the limits that refused a call the one that it has to wait for longest; -1 where one of them does not let it wait. */
export function longestWait(
	asked: readonly Demand[],
	verdicts: readonly Verdict[],
): number {
	let longest = -1;
	let longestMs = -1;
	for (let i = 0; i < verdicts.length; i++) {
		const { isAllowed, retryMs } = verdicts[i] as Verdict;
		if (isAllowed) continue;
		const { overflow } = (asked[i] as Demand).limit;
		if (overflow === null || !Number.isFinite(retryMs)) return -1;
		if (retryMs > longestMs) [longest, longestMs] = [i, retryMs];
	}
	return longest;
}
