import type { Context } from "./types.ts";

/** What something in front of a request decided about it: who calls, whether a limit lets it pass. The log and the metrics read it. */
export interface Decision {
	/** What was decided upon: `auth`, `limit`. */
	readonly kind: string;
	/** What decided: `jwt`, `api-key`, or the name of a limit. */
	readonly name: string;
	/** One of few, so that it can be a label: `accepted`, `refused`. */
	readonly outcome: string;
	/** Why, as one of few; null where the outcome says all. */
	readonly reason: string | null;
	/** Whom it is about, such as a consumer's id; null where nobody is known. Never a credential. */
	readonly subject: string | null;
}

const key: unique symbol = Symbol("headgate.decisions");
const none: readonly Decision[] = Object.freeze([]);

/** Adds a decision about a request, for whoever reads {@link decisionsOf} later. */
export function noteDecision(ctx: Context, decision: Decision): void {
	const known = ctx.state.get(key) as Decision[] | undefined;
	if (known === undefined) ctx.state.set(key, [decision]);
	else known.push(decision);
}

/** Everything that was decided about a request until now, in order. */
export function decisionsOf(ctx: Context): readonly Decision[] {
	// To ask for the state would make it: those who only look do not.
	if ((ctx as { hasState?: boolean }).hasState === false) return none;
	return (ctx.state.get(key) as Decision[] | undefined) ?? none;
}
