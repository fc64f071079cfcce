import {
	type Checks,
	group,
	matching,
	must,
	oneOf,
	required,
	whole,
} from "../kit/kit.ts";
import { checkOverflow, type Overflow } from "./queue/overflow.ts";
import type { Period } from "./window.ts";

/**
 * How calls are counted.
 *
 * - `gcra`: evenly, with bursts (the generic cell rate algorithm, ITU-T I.371).
 * - `sliding-window`: the last window, interpolated from two counters.
 * - `fixed-window`: whole windows, a quota. Twice the limit can pass around the change of two windows.
 * - `concurrency`: calls at the same time.
 */
export type Algorithm =
	| "gcra"
	| "sliding-window"
	| "fixed-window"
	| "concurrency";

/** How much is allowed in how long. */
export interface LimitOptions {
	/** In headers, events and errors: letters, digits and `-_.`. Unique in its policy. Default `"default"`. */
	readonly name?: string;
	/** Default `"gcra"`. */
	readonly algorithm?: Algorithm;
	/** Calls, or units of `cost`, a window; at the same time for `concurrency`. 0 lets nothing pass. */
	readonly limit: number;
	/** Length of the window in milliseconds. This or `window`, but for `concurrency`, which has none. */
	readonly windowMs?: number;
	/** The window by name: `"minute"` to `"week"`, and `"month"` for `fixed-window`. Weeks begin on Monday. */
	readonly window?: Period;
	/** What may come at once (`gcra` only). Default `limit`; 1 spaces calls evenly. */
	readonly burst?: number;
	/** A moment at which a window begins (`fixed-window` only), such as the day a customer is billed. Default: the calendar's, in UTC. */
	readonly anchor?: Date;
	/** Lets calls over the limit wait for their turn (not `concurrency`). Default: they are refused. */
	readonly overflow?: Overflow;
}

/** A limit that has been checked: what a store works with. */
export interface Limit {
	readonly name: string;
	readonly algorithm: Algorithm;
	readonly limit: number;
	/** In milliseconds. 0 for `concurrency`; of a month, 30 days: its windows are the calendar's. */
	readonly windowMs: number;
	/** What may come at once, of `gcra`; else `limit`. */
	readonly burst: number;
	/** Whether windows are calendar months rather than `windowMs` long. */
	readonly isMonthly: boolean;
	/** A moment at which a window begins, in milliseconds since the epoch. */
	readonly anchorMs: number;
	/** How calls over it wait; null where they are refused. */
	readonly overflow: Overflow | null;
	/** Its item in `RateLimit-Policy`. */
	readonly policyText: string;
}

/** A structured field carries integers of 15 digits (RFC 9651 section 3.3.1). */
const maxLimit = 999_999_999_999_999;
const nameText = /^[\w.-]{1,64}$/;
const dayMs = 86_400_000;
/** The first Monday of the epoch. */
const mondayMs = 4 * dayMs;

const periods: Readonly<Record<Period, number>> = {
	minute: 60_000,
	hour: 3_600_000,
	day: dayMs,
	week: 7 * dayMs,
	month: 30 * dayMs,
};

/** The checks of {@link LimitOptions}; `toLimit` checks how they go together. */
export const limitChecks: Checks<LimitOptions> = {
	name: matching('1 to 64 letters, digits, "-", "_" and "."', nameText),
	algorithm: oneOf("gcra", "sliding-window", "fixed-window", "concurrency"),
	limit: required(whole(0, maxLimit)),
	windowMs: whole(1, maxLimit),
	window: oneOf(...Object.keys(periods)),
	burst: whole(1, maxLimit),
	anchor: must(
		"a valid Date",
		(value: object) => value instanceof Date && !Number.isNaN(+value),
	),
	overflow: group<Overflow>({
		queueMs: required(whole(1, 3_600_000)),
		max: required(whole(1, 100_000)),
	}),
};

/**
 * Checks a limit and works out what a store needs. `place` begins the message.
 *
 * @throws TypeError or RangeError that says what is wrong.
 */
export function toLimit(options: LimitOptions, place: string): Limit {
	const { name = "default", algorithm = "gcra", limit } = options;
	const where = `${place}: limit "${name}"`;
	const windowMs = toWindowMs(options, algorithm, where);
	const burst = toBurst(options, algorithm, where);
	// What a store counts in; a greater product would be rounded.
	if (!Number.isSafeInteger(Math.max(limit, burst) * windowMs * 2)) {
		throw new RangeError(`${where}: too great for its window`);
	}
	const { anchor, window, overflow } = options;
	if (anchor !== undefined && algorithm !== "fixed-window") {
		throw new TypeError(`${where}: anchor is for fixed-window`);
	}
	if (overflow !== undefined) checkOverflow(limit, algorithm, where);
	return {
		name,
		algorithm,
		limit,
		windowMs,
		burst,
		isMonthly: window === "month",
		anchorMs: anchor?.getTime() ?? (window === "week" ? mondayMs : 0),
		overflow: overflow ?? null,
		policyText: toPolicyText(name, limit, windowMs),
	};
}

/** Checks the limits of one policy. */
export function toLimits(
	all: readonly LimitOptions[],
	place: string,
): readonly Limit[] {
	const limits = all.map((options) => toLimit(options, place));
	const names = new Set(limits.map(({ name }) => name));
	if (names.size < limits.length) {
		throw new TypeError(`${place}: two limits have the same name`);
	}
	return limits;
}

/** The limit of one of several gateways that can not see what the others count: its share, but one call at least. */
export function shareOf(limit: Limit, instances: number): Limit {
	const share = (value: number): number =>
		value === 0 ? 0 : Math.max(1, Math.floor(value / instances));
	return { ...limit, limit: share(limit.limit), burst: share(limit.burst) };
}

function toWindowMs(
	{ window, windowMs }: LimitOptions,
	algorithm: Algorithm,
	where: string,
): number {
	if (algorithm === "concurrency") {
		if (window === undefined && windowMs === undefined) return 0;
		throw new TypeError(`${where}: concurrency has no window`);
	}
	if ((window === undefined) === (windowMs === undefined)) {
		throw new TypeError(`${where}: give one of windowMs and window`);
	}
	if (windowMs !== undefined) return windowMs;
	if (window === "month" && algorithm !== "fixed-window") {
		throw new TypeError(`${where}: months are for fixed-window`);
	}
	return periods[window as Period];
}

function toBurst(
	{ burst, limit }: LimitOptions,
	algorithm: Algorithm,
	where: string,
): number {
	if (burst === undefined) return limit;
	if (algorithm !== "gcra") {
		throw new TypeError(`${where}: burst is for gcra`);
	}
	return limit === 0 ? 0 : burst;
}

/** One item of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers section 3). */
function toPolicyText(name: string, limit: number, windowMs: number): string {
	if (windowMs === 0) return `"${name}";q=${limit};qu="concurrent-requests"`;
	return `"${name}";q=${limit};w=${Math.ceil(windowMs / 1000)}`;
}
