import type { Context } from "../../index.ts";
import type { Charge, Verdict } from "./store/store.ts";

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): lists of
 * structured fields, an item a limit. `legacy` adds the older `X-RateLimit-*` of the
 * limit that has least left.
 */
export function setLimitHeaders(
	ctx: Context,
	charges: readonly Charge[],
	verdicts: readonly Verdict[],
	legacy: boolean,
): void {
	let policies = "";
	let states = "";
	for (let i = 0; i < charges.length; i++) {
		const { limit } = charges[i] as Charge;
		const { remaining, resetMs } = verdicts[i] as Verdict;
		const separator = i === 0 ? "" : ", ";
		policies += separator + limit.policyText;
		states += `${separator}"${limit.name}";r=${remaining}`;
		if (limit.algorithm !== "concurrency") states += `;t=${toSeconds(resetMs)}`;
	}
	addItems(ctx, "ratelimit-policy", policies);
	addItems(ctx, "ratelimit", states);
	if (legacy) setLegacyHeaders(ctx, charges, verdicts);
}

/** The service's lines give way to these; those of another policy on the route stay. */
function addItems(ctx: Context, name: string, items: string): void {
	const others = ctx.responseHeader(name);
	ctx.setResponseHeader(name, others === null ? items : `${others}, ${items}`);
}

function setLegacyHeaders(
	ctx: Context,
	charges: readonly Charge[],
	verdicts: readonly Verdict[],
): void {
	const i = leastLeft(verdicts);
	const verdict = verdicts[i] as Verdict;
	const other = ctx.responseHeader("x-ratelimit-remaining");
	if (other !== null && Number(other) < verdict.remaining) return;
	ctx.setResponseHeader("x-ratelimit-limit", String(charges[i]?.limit.limit));
	ctx.setResponseHeader("x-ratelimit-remaining", String(verdict.remaining));
	ctx.setResponseHeader(
		"x-ratelimit-reset",
		String(toSeconds(verdict.resetMs)),
	);
}

/** The index of the limit that refuses, or has least left. */
export function leastLeft(verdicts: readonly Verdict[]): number {
	let least = 0;
	for (let i = 1; i < verdicts.length; i++) {
		const [one, best] = [verdicts[i], verdicts[least]] as [Verdict, Verdict];
		const isWorse =
			one.isAllowed === best.isAllowed
				? one.remaining < best.remaining
				: best.isAllowed;
		if (isWorse) least = i;
	}
	return least;
}

/** Whole seconds, rounded up: who waits so long has waited long enough. */
export function toSeconds(ms: number): number {
	return Math.ceil(ms / 1000);
}

/**
 * How long to wait after a refusal: until the last of the limits that refused lets it pass, 1 at least (RFC 9110
 * section 10.2.3). Null where one of them never would: the call costs more than it ever allows.
 */
export function retryAfterSeconds(
	charges: readonly Charge[],
	verdicts: readonly Verdict[],
): number | null {
	let seconds = 1;
	for (let i = 0; i < verdicts.length; i++) {
		const { isAllowed, retryMs } = verdicts[i] as Verdict;
		if (isAllowed) continue;
		const { limit, cost } = charges[i] as Charge;
		if (cost > limit.burst) return null;
		const knownMs = Number.isFinite(retryMs) ? retryMs : limit.windowMs;
		seconds = Math.max(seconds, toSeconds(knownMs));
	}
	return seconds;
}
