import { type Context, type Decision, noteDecision } from "../../index.ts";

/** What became of a call at a limiter. `shadowed`: it would have been refused. `queued`: it was allowed after a wait. */
export type LimitOutcome =
	| "allowed"
	| "refused"
	| "shadowed"
	| "queued"
	| "store-error";

/** What a limiter decided about a request. It is noted for the log and the metrics (`decisionsOf`). */
export interface LimitDecision extends Decision {
	readonly kind: "limit";
	/** Of the policy. */
	readonly name: string;
	readonly outcome: LimitOutcome;
	/** The limit that refused, or had least left; of `store-error`, what was done about it. */
	readonly reason: string;
	/** The plan, or plans with commas between, that the caller has; null where a limit stands alone. */
	readonly plan: string | null;
	/** What that limit has left; null where nothing was counted. */
	readonly remaining: number | null;
	/** How long the call waited for its turn, in milliseconds; 0 where it did not. */
	readonly waitedMs: number;
}

/** Told of each decision. */
export type OnLimitDecision = (decision: LimitDecision, ctx: Context) => void;

/** Notes what a limiter decided, and tells who asked to be told. */
export function tellDecision(
	ctx: Context,
	decision: Omit<LimitDecision, "kind" | "waitedMs">,
	onDecision: OnLimitDecision | null,
	waitedMs = 0,
): void {
	const whole: LimitDecision = {
		kind: "limit",
		name: decision.name,
		outcome: decision.outcome,
		reason: decision.reason,
		subject: decision.subject,
		plan: decision.plan,
		remaining: decision.remaining,
		waitedMs,
	};
	noteDecision(ctx, whole);
	if (onDecision !== null) onDecision(whole, ctx);
}
