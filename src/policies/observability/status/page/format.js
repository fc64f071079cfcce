const whole = new Intl.NumberFormat("en");
const one = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const two = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat("en", {
	notation: "compact",
	maximumSignificantDigits: 3,
});

/** What stands where nothing is known. */
export const none = "–";

/** A count: in full up to five digits. */
export function toCount(value) {
	return value < 100_000 ? whole.format(value) : compact.format(value);
}

/** So many a second. */
export function toRate(value) {
	if (value === null) return none;
	if (value >= 1_000) return toCount(Math.round(value));
	if (value >= 100) return whole.format(Math.round(value));
	return value >= 10 ? one.format(value) : two.format(value);
}

/** A duration with its unit: three digits. */
export function toDuration(ms) {
	if (ms === null) return none;
	if (ms < 1) return `${two.format(ms)} ms`;
	if (ms < 10) return `${two.format(ms)} ms`;
	if (ms < 100) return `${one.format(ms)} ms`;
	if (ms < 1_000) return `${Math.round(ms)} ms`;
	if (ms < 10_000) return `${two.format(ms / 1_000)} s`;
	if (ms < 60_000) return `${one.format(ms / 1_000)} s`;
	return toAge(ms);
}

/** A long time, in its two largest units. */
export function toAge(ms) {
	const seconds = Math.round(ms / 1_000);
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
	const hours = Math.floor(minutes / 60);
	if (hours < 48) return `${hours} h ${minutes % 60} min`;
	return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A share of one, in percent. */
export function toPercent(share) {
	if (share === null || Number.isNaN(share)) return none;
	const percent = share * 100;
	if (percent > 0 && percent < 0.01) return "<0.01 %";
	if (percent > 99.99 && percent < 100) return "99.99 %";
	return `${percent >= 10 ? one.format(percent) : two.format(percent)} %`;
}

/** Bytes in the unit that fits. */
export function toBytes(bytes) {
	if (bytes >= 2 ** 30) return `${two.format(bytes / 2 ** 30)} GiB`;
	return `${whole.format(Math.round(bytes / 2 ** 20))} MiB`;
}

/** How long ago. */
export function toAgo(ms) {
	return ms < 1_500 ? "now" : `${toAge(ms)} ago`;
}
