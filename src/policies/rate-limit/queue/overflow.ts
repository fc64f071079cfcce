/** Lets calls over a limit wait for their turn, first come first served, in place of being refused. */
export interface Overflow {
	/** A call waits so many milliseconds at most; one that would have to wait for longer is refused at once. 1 to 3,600,000. */
	readonly queueMs: number;
	/** So many calls wait for one counter at most, in each process. 1 to 100,000. */
	readonly max: number;
}

/** @throws TypeError where no call could wait. */
export function checkOverflow(
	limit: number,
	algorithm: string,
	where: string,
): void {
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
