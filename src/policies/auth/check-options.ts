/** Every name of a kind of options. */
export type Known<T> = Readonly<Record<keyof T, true>>;

/**
 * A misspelt option would be a check that is not made: `scope` in place of `scopes`.
 *
 * @throws TypeError that names it.
 */
export function checkNames<T extends object>(
	options: T,
	known: Known<T>,
	place: string,
): void {
	for (const name of Object.keys(options)) {
		if (Object.hasOwn(known, name)) continue;
		throw new TypeError(`${place}: there is no option "${name}"`);
	}
}

/** Timers have 32 bits: one that is longer would end at once. */
export const longestTimeoutMs: number = 2_147_483_647;

/** @throws RangeError for what no timer can wait for. */
export function checkTimeout(timeoutMs: number, place: string): void {
	const isWhole = Number.isInteger(timeoutMs) && timeoutMs >= 1;
	if (isWhole && timeoutMs <= longestTimeoutMs) return;
	throw new RangeError(
		`${place}: timeoutMs must be an integer in 1..${longestTimeoutMs}`,
	);
}
