/** Lets calls over a limit wait for their turn, first come first served, in place of being refused. */
export interface Overflow {
	/** A call waits so many milliseconds at most; one that would have to wait for longer is refused at once. 1 to 3,600,000. */
	readonly queueMs: number;
	/** So many calls wait for one counter at most, in each process. 1 to 100,000. */
	readonly max: number;
}

const bounds = { queueMs: 3_600_000, max: 100_000 } as const;

/** @throws TypeError or RangeError that says what is wrong. */
export function checkOverflow(
	overflow: Overflow,
	limit: number,
	algorithm: string,
	where: string,
): void {
	if (typeof overflow !== "object" || overflow === null) {
		throw new TypeError(`${where}: overflow must be { queueMs, max }`);
	}
	const unknown = Object.keys(overflow).find(
		(name) => !Object.hasOwn(bounds, name),
	);
	if (unknown !== undefined) {
		throw new TypeError(`${where}: overflow has no option "${unknown}"`);
	}
	for (const name of ["queueMs", "max"] as const) {
		const value = overflow[name];
		if (Number.isInteger(value) && value >= 1 && value <= bounds[name])
			continue;
		throw new RangeError(
			`${where}: overflow.${name} must be an integer from 1 to ${bounds[name]}`,
		);
	}
	if (algorithm === "concurrency") {
		throw new TypeError(
			`${where}: overflow is for limits over time: when a call of concurrency ends, nobody can tell`,
		);
	}
	if (limit === 0) {
		throw new TypeError(
			`${where}: overflow of a limit of 0: nobody's turn would come`,
		);
	}
}
