import { parseDigits } from "./header-list.ts";

const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const longDayNames = [
	"sunday",
	"monday",
	"tuesday",
	"wednesday",
	"thursday",
	"friday",
	"saturday",
];
const monthNames = [
	"jan",
	"feb",
	"mar",
	"apr",
	"may",
	"jun",
	"jul",
	"aug",
	"sep",
	"oct",
	"nov",
	"dec",
];

/**
 * The time an HTTP-date says, in milliseconds; null when it is none. Takes IMF-fixdate, RFC 850's and asctime's form
 * (RFC 9110 section 5.6.7), in any case (RFC 9111 section 4.2), and no zone but GMT. `nowMs` (default `Date.now()`)
 * decides the century of a two-digit year: more than 50 years ahead means the past.
 */
export function parseHttpDate(
	text: string,
	nowMs: number = Date.now(),
): number | null {
	if (text === lastText) return lastTime;
	// The longest is RFC 850's with Wednesday: 33 characters.
	if (text.length < 24 || text.length > 33) return null;
	const lower = text.toLowerCase();
	const comma = lower.indexOf(",");
	if (comma === 3) {
		lastTime = parseFixed(lower);
		lastText = text;
		return lastTime;
	}
	return comma > 0 ? parseRfc850(lower, comma, nowMs) : parseAsctime(lower);
}

/** The last IMF-fixdate, which does not depend on now: the Date of one answer is nearly always that of the one before. */
let lastText = "";
let lastTime: number | null = null;

/** The time as an IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT`; parts of a second are dropped. */
export function toHttpDate(ms: number): string {
	return new Date(ms).toUTCString();
}

/** `sun, 06 nov 1994 08:49:37 gmt` */
function parseFixed(text: string): number | null {
	if (text.length !== 29 || !text.endsWith(" gmt")) return null;
	if (!dayNames.includes(text.slice(0, 3))) return null;
	if (text[4] !== " " || text[7] !== " " || text[11] !== " ") return null;
	if (text[16] !== " ") return null;
	return toTime(
		parseDigits(text.slice(12, 16)),
		text.slice(8, 11),
		parseDigits(text.slice(5, 7)),
		text.slice(17, 25),
	);
}

/** `sunday, 06-nov-94 08:49:37 gmt` */
function parseRfc850(
	text: string,
	comma: number,
	nowMs: number,
): number | null {
	if (!longDayNames.includes(text.slice(0, comma))) return null;
	const rest = text.slice(comma + 1);
	if (rest.length !== 23 || !rest.endsWith(" gmt")) return null;
	if (rest[0] !== " " || rest[3] !== "-" || rest[7] !== "-") return null;
	if (rest[10] !== " ") return null;
	const short = parseDigits(rest.slice(8, 10));
	if (short === null) return null;
	const timeIn = (year: number): number | null =>
		toTime(
			year,
			rest.slice(4, 7),
			parseDigits(rest.slice(1, 3)),
			rest.slice(11, 19),
		);
	return inNearestCentury(short, timeIn, nowMs);
}

/** The latest year with those last two digits that is not more than 50 years ahead. */
function inNearestCentury(
	short: number,
	timeIn: (year: number) => number | null,
	nowMs: number,
): number | null {
	const now = new Date(nowMs);
	const limit = new Date(nowMs).setUTCFullYear(now.getUTCFullYear() + 50);
	let year = now.getUTCFullYear() + 50;
	year -= (((year - short) % 100) + 100) % 100;
	const time = timeIn(year);
	return time !== null && time > limit ? timeIn(year - 100) : time;
}

/** `sun nov  6 08:49:37 1994` */
function parseAsctime(text: string): number | null {
	if (text.length !== 24 || !dayNames.includes(text.slice(0, 3))) return null;
	if (text[3] !== " " || text[7] !== " " || text[10] !== " ") return null;
	if (text[19] !== " ") return null;
	const day = text[8] === " " ? text.slice(9, 10) : text.slice(8, 10);
	return toTime(
		parseDigits(text.slice(20, 24)),
		text.slice(4, 7),
		parseDigits(day),
		text.slice(11, 19),
	);
}

/** `clock` is `hh:mm:ss`. A day that its month does not have is no date; a leap second is the second before it. */
function toTime(
	year: number | null,
	monthName: string,
	day: number | null,
	clock: string,
): number | null {
	const month = monthNames.indexOf(monthName);
	const hour = parseDigits(clock.slice(0, 2));
	const minute = parseDigits(clock.slice(3, 5));
	const second = parseDigits(clock.slice(6, 8));
	if (clock[2] !== ":" || clock[5] !== ":" || month < 0) return null;
	if (year === null || day === null || day < 1) return null;
	if (hour === null || minute === null || second === null) return null;
	if (hour > 23 || minute > 59 || second > 60) return null;
	const date = new Date(0);
	date.setUTCFullYear(year, month, day);
	if (date.getUTCMonth() !== month) return null;
	return date.setUTCHours(hour, minute, Math.min(second, 59), 0);
}
