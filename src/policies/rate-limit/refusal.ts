import type { Place } from "./queue/throttle.ts";
import type { Demand, Hold } from "./store/hold.ts";
import type { Taken, Verdict } from "./store/store.ts";

/** Why a call is refused: what each limit said to it. */
export interface Refusal {
	/** What the call asked for. */
	readonly asked: readonly Demand[];
	/** What the store was asked for: shares of it, while the store is away. */
	readonly demands: readonly Demand[];
	/** For each of them. */
	readonly verdicts: readonly Verdict[];
}

/** What a store has said. */
export function refusalBy(
	{ asked, demands }: Hold,
	{ verdicts }: Pick<Taken, "verdicts">,
): Refusal {
	return { asked, demands, verdicts };
}

/**
 * No place to wait in, or none in time: what is told is when all that wait have passed. `verdicts` are null
 * where no store was asked: who comes behind others is judged by their line alone.
 */
export function withoutPlace(
	hold: Hold,
	{ index, waitMs }: Place,
	verdicts: readonly Verdict[] | null,
): Refusal {
	if (verdicts !== null) {
		const told = verdicts.map((verdict, i) =>
			i === index ? { ...verdict, retryMs: waitMs } : verdict,
		);
		return refusalBy(hold, { verdicts: told });
	}
	const demands = [hold.asked[index] as Demand];
	const times = { resetMs: waitMs, retryMs: waitMs };
	const verdict = { isAllowed: false, remaining: 0, ...times };
	return { asked: demands, demands, verdicts: [verdict] };
}
