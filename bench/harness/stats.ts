/** The middle of the values; NaN of none. */
export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	if (sorted.length % 2 === 1) return sorted[middle] as number;
	return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** Half the distance between the lower and the upper quartile, relative to the median: 0.03 is +-3 %. */
export function spread(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const at = (part: number) =>
		sorted[Math.round(part * (sorted.length - 1))] ?? NaN;
	return (at(0.75) - at(0.25)) / 2 / median(values);
}
