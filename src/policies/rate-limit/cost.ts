import type { Outcome } from "../../index.ts";
import { type Check, either, flag, func } from "../kit/kit.ts";
import type { Limit } from "./limit.ts";

/** Whether nobody should pay for a request that ended so: 5xx, and 499, where the client left. */
export function isUnbillable({ status }: Outcome): boolean {
	return status >= 500 || status === 499;
}

/** Of a limit or a quota. */
export const refundCheck: Check = either(
	"true, false or a function",
	flag,
	func,
);

/** @throws RangeError for what is no number from 0. */
export function checkCost(cost: number, where: string): void {
	if (Number.isFinite(cost) && cost >= 0) return;
	throw new RangeError(`${where}: cost must be a number from 0, got ${cost}`);
}

/**
 * The cost of every call at one limit. What can never pass is written as a limit of 0.
 *
 * @throws RangeError for what is no number from 0, or more than the limit ever allows.
 */
export function checkPrice(
	cost: number,
	{ name, limit, burst }: Pick<Limit, "name" | "limit" | "burst">,
	where: string,
): void {
	checkCost(cost, where);
	if (limit === 0 || cost <= burst) return;
	throw new RangeError(
		`${where}: a call costs ${cost}, more than the limit "${name}" ever allows (${burst})`,
	);
}
