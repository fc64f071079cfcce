/** A window by its name. */
export type Period = "minute" | "hour" | "day" | "week" | "month";

/** The part of a limit that says when its windows begin. */
interface Windowed {
	readonly isMonthly: boolean;
	readonly windowMs: number;
	readonly anchorMs: number;
}

/** When the window of that moment begins. Times are milliseconds since the epoch. */
export function windowStart(limit: Windowed, nowMs: number): number {
	const { windowMs, anchorMs } = limit;
	if (!limit.isMonthly) {
		return anchorMs + Math.floor((nowMs - anchorMs) / windowMs) * windowMs;
	}
	const month = monthOf(nowMs);
	const start = monthStart(anchorMs, month);
	return start <= nowMs ? start : monthStart(anchorMs, month - 1);
}

/** When the window that begins at `startMs` ends. */
export function windowEnd(limit: Windowed, startMs: number): number {
	if (!limit.isMonthly) return startMs + limit.windowMs;
	return monthStart(limit.anchorMs, monthOf(startMs) + 1);
}

/** Months since the year 0. */
function monthOf(ms: number): number {
	const date = new Date(ms);
	return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** A month begins on the anchor's day and time of day; where it has no such day, on its last. */
function monthStart(anchorMs: number, month: number): number {
	const anchor = new Date(anchorMs);
	const [year, index] = [Math.floor(month / 12), month % 12];
	const lastDay = new Date(Date.UTC(year, index + 1, 0)).getUTCDate();
	const day = Math.min(anchor.getUTCDate(), lastDay);
	const timeMs = ((anchorMs % dayMs) + dayMs) % dayMs;
	return Date.UTC(year, index, day) + timeMs;
}

const dayMs = 86_400_000;
