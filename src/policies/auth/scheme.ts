import {
	type Context,
	type Decision,
	type Dependency,
	type DocsContribution,
	dependency,
	HttpError,
	type MaybePromise,
	type Needs,
	type NeedValues,
	noteDecision,
	type Reply,
} from "../../index.ts";
import { type Checks, func, text } from "../kit/kit.ts";
import {
	AuthError,
	type RefusalOutcome,
	RefusedWithReply,
} from "./refusals.ts";

/** What a scheme decided about a request. It is noted for the log and the metrics (`decisionsOf`). */
export interface AuthDecision extends Decision {
	readonly kind: "auth";
	readonly outcome: "accepted" | RefusalOutcome;
}

/** What every scheme takes. */
export interface SchemeOptions {
	/** The realm in the challenge of a 401. Default `"api"`. */
	readonly realm?: string;
	/** Told of each decision. Default none. */
	readonly onDecision?: (decision: AuthDecision, ctx: Context) => void;
	/** Milliseconds since the epoch. Default `Date.now`. */
	readonly now?: () => number;
}

/** The checks of {@link SchemeOptions}. */
export const schemeChecks: Checks<SchemeOptions> = {
	realm: text,
	onDecision: func,
	now: func,
};

/** What a scheme is made of. */
export interface SchemeDefinition<N extends Needs, T> {
	readonly name: string;
	readonly needs: N;
	readonly docs: DocsContribution;
	/** Keeps the credential from the service. */
	readonly withhold: (values: NeedValues<N>, ctx: Context) => void;
	/** Whether the service gets the credential that was accepted. Default false. */
	readonly forwards?: boolean | undefined;
	/** Whether it can make the request wait. */
	readonly mayWait: boolean;
	/** The identity; throws an {@link AuthError} where there is none. */
	readonly identify: (values: NeedValues<N>, ctx: Context) => MaybePromise<T>;
	readonly onDecision: SchemeOptions["onDecision"];
}

type Withhold = (values: never, ctx: Context) => void;
const withholds = new WeakMap<Dependency, Withhold>();

/** What keeps a scheme's credential from the service; null for a dependency that is none of ours. */
export function withholdOf(scheme: Dependency): Withhold | null {
	return withholds.get(scheme) ?? null;
}

/** An authentication scheme as a dependency: it withholds its credential, identifies, and notes what it decided. */
export function scheme<const N extends Needs, T>(
	definition: SchemeDefinition<N, T>,
): Dependency<T> {
	const { name, docs, withhold, forwards, mayWait, identify } = definition;
	const tell = toTeller(name, definition.onDecision);
	const accept = (ctx: Context, identity: T): T => {
		tell(ctx, "accepted", null, subjectOf(identity));
		return identity;
	};
	const refuse = (ctx: Context, error: unknown): Reply => {
		// Stopped because the client had left: nothing was decided.
		if ((error as Error | undefined)?.name === "AbortError") throw error;
		tell(ctx, outcomeOf(error), reasonOf(error), null);
		if (error instanceof RefusedWithReply) return error.reply;
		throw error;
	};
	const resolve = (
		values: NeedValues<N>,
		ctx: Context,
	): MaybePromise<T | Reply> => {
		if (forwards !== true) withhold(values, ctx);
		let identity: MaybePromise<T>;
		try {
			identity = identify(values, ctx);
		} catch (error) {
			return refuse(ctx, error);
		}
		if (!(identity instanceof Promise)) return accept(ctx, identity);
		return identity.then(
			(value) => accept(ctx, value),
			(error) => refuse(ctx, error),
		);
	};
	const made = dependency(definition.needs, resolve, { name, docs, mayWait });
	withholds.set(made, withhold as Withhold);
	return made as Dependency<T>;
}

function toTeller(name: string, onDecision: SchemeOptions["onDecision"]) {
	return (
		ctx: Context,
		outcome: AuthDecision["outcome"],
		reason: string | null,
		subject: string | null,
	): void => {
		const decision = { kind: "auth", name, outcome, reason, subject } as const;
		noteDecision(ctx, decision);
		onDecision?.(decision, ctx);
	};
}

function outcomeOf(error: unknown): RefusalOutcome {
	if (error instanceof AuthError) return error.outcome;
	if (!(error instanceof HttpError)) return "unavailable";
	if (error.status === 401) return "refused";
	return error.status < 500 ? "forbidden" : "unavailable";
}

function reasonOf(error: unknown): string | null {
	return error instanceof AuthError ? error.reason : "failed";
}

/** Whom an identity names, where it has an `id`: for the log. */
function subjectOf(identity: unknown): string | null {
	if (typeof identity !== "object" || identity === null) return null;
	const { id } = identity as { readonly id?: unknown };
	return typeof id === "string" ? id : null;
}
