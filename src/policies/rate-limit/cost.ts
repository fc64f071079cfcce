import type { Outcome } from "../../index.ts";

/** Whether nobody should pay for a request that ended so: 5xx, and 499, where the client left. */
export function isUnbillable({ status }: Outcome): boolean {
	return status >= 500 || status === 499;
}

/** @throws RangeError for what is no number from 0. */
export function checkCost(cost: number, where: string): void {
	if (Number.isFinite(cost) && cost >= 0) return;
	throw new RangeError(`${where}: cost must be a number from 0, got ${cost}`);
}
