/**
 * The text of a checked value in a form or query: numbers in decimal, dates as
 * ISO 8601, other objects as JSON; null where there is nothing to send.
 */
export function toFieldText(value: unknown): string | null {
	switch (typeof value) {
		case "string":
			return value;
		case "number":
			return toDecimal(value);
		case "boolean":
		case "bigint":
			return String(value);
		case "object":
			if (value === null) return null;
			return value instanceof Date
				? value.toISOString()
				: JSON.stringify(value);
		default:
			return null;
	}
}

/** The texts of a value that may be repeated: one for each item of an array. */
export function toFieldTexts(value: unknown): string[] {
	const items: readonly unknown[] = Array.isArray(value) ? value : [value];
	return items.map(toFieldText).filter((text) => text !== null);
}

/** Without an exponent: services that read digits only are common. */
function toDecimal(value: number): string {
	const text = String(value);
	const e = text.indexOf("e");
	if (e < 0) return text;
	const sign = value < 0 ? "-" : "";
	const [whole, fraction = ""] = text.slice(sign.length, e).split(".");
	const digits = `${whole}${fraction}`;
	// How many digits stand before the point; an exponent is only written far outside of them.
	const point = (whole as string).length + Number(text.slice(e + 1));
	return point > 0
		? `${sign}${digits.padEnd(point, "0")}`
		: `${sign}0.${"0".repeat(-point)}${digits}`;
}
