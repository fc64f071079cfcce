import {
	type Context,
	type DocsContribution,
	HttpError,
	type MaybePromise,
	type Outcome,
} from "../../index.ts";
import {
	type Checks,
	flag,
	func,
	having,
	oneOf,
	text,
	whole,
} from "../kit/kit.ts";
import {
	type LimitOutcome,
	type OnLimitDecision,
	tellDecision,
} from "./decision.ts";
import { leastLeft, retryAfterSeconds, setLimitHeaders } from "./headers.ts";
import { type Place, Throttle } from "./queue/throttle.ts";
import { type Refusal, refusalBy, withoutPlace } from "./refusal.ts";
import { GuardedStore, type OnStoreError } from "./store/guarded-store.ts";
import { type Demand, Hold, lastHold } from "./store/hold.ts";
import { memoryStore } from "./store/memory-store.ts";
import type { LimitStore, Taken, Verdict } from "./store/store.ts";

/** How limits are enforced, and where they are counted. */
export interface EnforcementOptions {
	/** Of the policy: in the log and the metrics, and what its counters are kept under. */
	readonly name?: string;
	/** Where calls are counted. Default: in this process, `memoryStore()`. */
	readonly store?: LimitStore;
	/**
	 * While the store can not be asked: count here, against the limit divided by
	 * `instances`; let everything pass; or refuse everything with 503. Default `"local"`.
	 */
	readonly onStoreError?: "local" | "allow" | "deny";
	/** Gateways that share the store. Default 1. */
	readonly instances?: number;
	/** Calls that wait by `overflow` at the same time, for all counters together, in each process; more are refused. Default 10,000. */
	readonly maxWaiting?: number;
	/** `"shadow"` counts and reports, and refuses nothing. Default `"reject"`. */
	readonly enforce?: "reject" | "shadow";
	/** Whether `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds) are sent too. Default false. */
	readonly legacyHeaders?: boolean;
	/** Told of each decision. Default none. */
	readonly onDecision?: OnLimitDecision;
	/** Milliseconds since the epoch, for what is counted in this process. Default `Date.now`. */
	readonly now?: () => number;
}

/** The checks of {@link EnforcementOptions}. */
export const enforcementChecks: Checks<EnforcementOptions> = {
	name: text,
	store: having("take", "giveBack"),
	onStoreError: oneOf("local", "allow", "deny"),
	instances: whole(1),
	maxWaiting: whole(1),
	enforce: oneOf("reject", "shadow"),
	legacyHeaders: flag,
	onDecision: func,
	now: func,
};

/**
 * Admits requests to limits: all that are asked for at once, or none. What
 * `rateLimit` and the plans are made of.
 */
export class Limiter {
	readonly name: string;
	readonly #store: GuardedStore;
	readonly #onStoreError: OnStoreError;
	readonly #throttle: Throttle;
	readonly #isShadow: boolean;
	readonly #legacyHeaders: boolean;
	readonly #onDecision: OnLimitDecision | null;
	#isOpen = false;

	/** @throws TypeError for a store without a name. */
	constructor(name: string, options: EnforcementOptions) {
		if (options.store !== undefined && options.name === undefined) {
			throw new TypeError(
				`${name}: with a store a policy needs a name: its counters are kept under it`,
			);
		}
		const { now = Date.now, instances = 1, maxWaiting = 10_000 } = options;
		this.name = name;
		this.#onStoreError = options.onStoreError ?? "local";
		this.#isShadow = options.enforce === "shadow";
		this.#legacyHeaders = options.legacyHeaders ?? false;
		this.#onDecision = options.onDecision ?? null;
		const countsLocally =
			options.store !== undefined && this.#onStoreError === "local";
		const denies = this.#onStoreError === "deny" && !this.#isShadow;
		this.#store = new GuardedStore(
			options.store ?? memoryStore({ now }),
			countsLocally ? memoryStore({ now }) : null,
			denies ? "deny" : countsLocally ? "local" : "allow",
			instances,
			(hold) => this.#tellWithoutStore(hold),
		);
		const clock = options.now ?? (() => performance.now());
		this.#throttle = new Throttle(maxWaiting, clock, (hold) =>
			this.#store.take(hold),
		);
	}

	/** Called when it is first put on a route. */
	open(): void {
		if (this.#isOpen) return;
		this.#isOpen = true;
		this.#store.store.open?.();
	}

	async close(): Promise<void> {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		this.#throttle.close();
		await this.#store.store.close?.();
	}

	/** What the docs say about a route that is limited. */
	get docs(): DocsContribution {
		if (this.#isShadow) return {};
		const busy = { description: "Limits can not be checked now." };
		const mayDeny = this.#onStoreError === "deny";
		return {
			responses: {
				429: { description: "Too many requests.", headers: documentedHeaders },
				...(mayDeny ? { 503: busy } : {}),
			},
		};
	}

	/**
	 * Lets a request pass that all its limits allow, at once or when its turn has come, and sets the headers that
	 * say what is left. `group` is one for all requests that share a counter; `subject` is whom the log may name, `plan` what gave the limits.
	 *
	 * @throws HttpError 429 when one of them does not, 503 when the store can not be asked and nothing passes then.
	 */
	admit(
		ctx: Context,
		demands: readonly Demand[],
		group: string,
		subject: string | null = null,
		plan: string | null = null,
	): MaybePromise<void> {
		if (demands.length === 0) return;
		const { store } = this.#store;
		const hold = new Hold(ctx, this, store, demands, group, subject, plan);
		const order = this.#throttle.nextOrder();
		const behind = this.#throttle.placeBehind(hold);
		if (behind !== null) return this.#queue(hold, order, behind, null);
		const taken = this.#store.take(hold);
		if (!(taken instanceof Promise)) return this.#conclude(hold, order, taken);
		return taken.then((value) => this.#conclude(hold, order, value));
	}

	/** Frees and refunds at the end of a request. Needed where a demand can be undone or is of `concurrency`. */
	finish(ctx: Context, outcome: Outcome): void {
		for (let hold = lastHold(ctx); hold !== null; hold = hold.previous) {
			if (hold.owner === this) hold.end(outcome);
		}
	}

	#conclude(
		hold: Hold,
		order: number,
		taken: Taken | null,
	): MaybePromise<void> {
		if (taken === null) return;
		if (taken.isAllowed) {
			hold.taken = taken;
			// The client left while the store was asked.
			if (hold.outcome !== null) hold.end(hold.outcome);
			else this.#pass(hold, taken, "allowed", 0);
			return;
		}
		if (this.#isShadow) {
			return this.#tell(hold, hold.demands, taken.verdicts, "shadowed", 0);
		}
		const place = this.#throttle.placeAfter(hold, taken.verdicts);
		if (place === null) return this.#refuse(hold, refusalBy(hold, taken), 0);
		return this.#queue(hold, order, place, taken.verdicts);
	}

	/** Lets a call wait for its turn, or refuses it where there is no place. `verdicts` are null where nobody has judged it yet. */
	#queue(
		hold: Hold,
		order: number,
		place: Place,
		verdicts: readonly Verdict[] | null,
	): MaybePromise<void> {
		if (!place.isFree) {
			return this.#refuse(hold, withoutPlace(hold, place, verdicts), 0);
		}
		const sinceMs = this.#throttle.clock();
		return this.#throttle.wait(hold, place, order).then((taken) => {
			if (taken === null) return;
			const waitedMs = this.#throttle.clock() - sinceMs;
			if (taken.isAllowed) this.#pass(hold, taken, "queued", waitedMs);
			else this.#refuse(hold, refusalBy(hold, taken), waitedMs);
		});
	}

	#pass(
		hold: Hold,
		taken: Taken,
		outcome: LimitOutcome,
		waitedMs: number,
	): void {
		this.#tell(hold, hold.demands, taken.verdicts, outcome, waitedMs);
		if (this.#isShadow) return;
		const { ctx, demands } = hold;
		setLimitHeaders(ctx, demands, taken.verdicts, this.#legacyHeaders);
	}

	#refuse(hold: Hold, refusal: Refusal, waitedMs: number): never {
		const { asked, demands, verdicts } = refusal;
		this.#tell(hold, demands, verdicts, "refused", waitedMs);
		hold.undo();
		setLimitHeaders(hold.ctx, demands, verdicts, this.#legacyHeaders);
		const seconds = retryAfterSeconds(asked, verdicts);
		const headers = seconds === null ? {} : { "retry-after": String(seconds) };
		throw new HttpError(429, undefined, { headers });
	}

	#tellWithoutStore({ ctx, subject, plan }: Hold): void {
		const { name } = this;
		const reason = this.#onStoreError;
		const outcome = "store-error";
		const decision = {
			name,
			outcome,
			reason,
			subject,
			plan,
			remaining: null,
		} as const;
		tellDecision(ctx, decision, this.#onDecision);
	}

	#tell(
		{ ctx, subject, plan }: Hold,
		demands: readonly Demand[],
		verdicts: readonly Verdict[],
		outcome: LimitOutcome,
		waitedMs: number,
	): void {
		const i = leastLeft(verdicts);
		const decision = {
			name: this.name,
			outcome,
			reason: demands[i]?.limit.name ?? "",
			subject,
			plan,
			remaining: verdicts[i]?.remaining ?? null,
		};
		tellDecision(ctx, decision, this.#onDecision, waitedMs);
	}
}

const anyText = { type: "string" };
const documentedHeaders = {
	"Retry-After": {
		description: "Seconds after which the request would be allowed.",
		schema: { type: "integer", minimum: 1 },
	},
	"RateLimit-Policy": {
		description: "The limits, as a list of structured fields.",
		schema: anyText,
	},
	RateLimit: { description: "What is left of each limit.", schema: anyText },
};
