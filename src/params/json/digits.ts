/**
 * Whether a number that was read from that text is another one than it says:
 * integers beyond ±(2^53 - 1) in plain digits, those written with a point or an
 * exponent whose digits did not survive, and what overflowed to infinity.
 */
export function losesDigits(text: string, value: number): boolean {
	if (Number.isSafeInteger(value)) return false;
	if (!Number.isFinite(value)) return true;
	if (Math.abs(value) < Number.MAX_SAFE_INTEGER) return false;
	if (/^-?\d+$/.test(text)) return true;
	return significant(text) !== significant(String(value));
}

/** The digits that count: no sign, point, exponent, or zeros around them. */
function significant(text: string): string {
	const mantissa = /^[-\d.]*/.exec(text)?.[0] ?? "";
	const digits = mantissa.replaceAll(/[-.]/g, "");
	let start = 0;
	let end = digits.length;
	// By hand: /0+$/ takes the square of a long run of zeros.
	while (digits.charCodeAt(start) === zero) start++;
	while (digits.charCodeAt(end - 1) === zero) end--;
	return digits.slice(start, end);
}

const zero = 48;
