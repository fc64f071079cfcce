import {
	type Context,
	type DocsContribution,
	HttpError,
	type MaybePromise,
	type Outcome,
} from "../../index.ts";
import {
	type LimitOutcome,
	type OnLimitDecision,
	tellDecision,
} from "./decision.ts";
import { leastLeft, retryAfterSeconds, setLimitHeaders } from "./headers.ts";
import { type Demand, Hold, lastHold } from "./hold.ts";
import { type Limit, shareOf } from "./limit.ts";
import { memoryStore } from "./memory-store.ts";
import type { Charge, LimitStore, Taken } from "./store.ts";

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
	/** `"shadow"` counts and reports, and refuses nothing. Default `"reject"`. */
	readonly enforce?: "reject" | "shadow";
	/** Whether `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds) are sent too. Default false. */
	readonly legacyHeaders?: boolean;
	/** Told of each decision. Default none. */
	readonly onDecision?: OnLimitDecision;
	/** Milliseconds since the epoch, for what is counted in this process. Default `Date.now`. */
	readonly now?: () => number;
}

/**
 * Admits requests to limits: all that are asked for at once, or none. What
 * `rateLimit` and the plans are made of.
 */
export class Limiter {
	readonly name: string;
	readonly #store: LimitStore;
	/** What counts while the store can not be asked; null where nothing does. */
	readonly #local: LimitStore | null;
	readonly #onStoreError: "local" | "allow" | "deny";
	readonly #shares: ((limit: Limit) => Limit) | null;
	readonly #isShadow: boolean;
	readonly #legacyHeaders: boolean;
	readonly #onDecision: OnLimitDecision | null;
	#isOpen = false;

	/** @throws TypeError or RangeError for options that do not make sense. */
	constructor(name: string, options: EnforcementOptions) {
		checkEnforcement(name, options);
		const { now = Date.now, instances = 1 } = options;
		this.name = name;
		this.#store = options.store ?? memoryStore({ now });
		this.#onStoreError = options.onStoreError ?? "local";
		const countsLocally =
			options.store !== undefined && this.#onStoreError === "local";
		this.#local = countsLocally ? memoryStore({ now }) : null;
		this.#shares = instances > 1 ? cachedShares(instances) : null;
		this.#isShadow = options.enforce === "shadow";
		this.#legacyHeaders = options.legacyHeaders ?? false;
		this.#onDecision = options.onDecision ?? null;
	}

	/** Called when it is first put on a route. */
	open(): void {
		if (this.#isOpen) return;
		this.#isOpen = true;
		this.#store.open?.();
	}

	async close(): Promise<void> {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		await this.#store.close?.();
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
	 * Lets a request pass that all its limits allow, and sets the headers that say
	 * what is left. `group` is one for all requests that share a counter; `subject`
	 * is whom the log may name.
	 *
	 * @throws HttpError 429 when one of them does not, 503 when the store can not be asked and nothing passes then.
	 */
	admit(
		ctx: Context,
		demands: readonly Demand[],
		group: string,
		subject: string | null = null,
	): MaybePromise<void> {
		if (demands.length === 0) return;
		const hold = new Hold(ctx, this, this.#store, demands, group);
		let taken: MaybePromise<Taken>;
		try {
			taken = this.#store.take(demands, group);
		} catch (error) {
			return this.#withoutStore(ctx, hold, subject, error);
		}
		if (!(taken instanceof Promise)) {
			return this.#conclude(ctx, hold, subject, taken);
		}
		return taken.then(
			(value) => this.#conclude(ctx, hold, subject, value),
			(error) => this.#withoutStore(ctx, hold, subject, error),
		);
	}

	/** Frees and refunds at the end of a request. Needed where a demand can be undone or is of `concurrency`. */
	finish(ctx: Context, outcome: Outcome): void {
		for (let hold = lastHold(ctx); hold !== null; hold = hold.previous) {
			if (hold.owner === this) hold.end(outcome);
		}
	}

	#conclude(
		ctx: Context,
		hold: Hold,
		subject: string | null,
		taken: Taken,
	): void {
		if (taken.isAllowed) {
			hold.taken = taken;
			// The client left while the store was asked.
			if (hold.outcome !== null) {
				hold.end(hold.outcome);
				return;
			}
			this.#tell(ctx, "allowed", hold.demands, taken, subject);
			if (!this.#isShadow) {
				setLimitHeaders(ctx, hold.demands, taken, this.#legacyHeaders);
			}
			return;
		}
		if (this.#isShadow) {
			this.#tell(ctx, "shadowed", hold.demands, taken, subject);
			return;
		}
		this.#tell(ctx, "refused", hold.demands, taken, subject);
		this.#refuse(ctx, hold, taken);
	}

	#refuse(ctx: Context, { demands, previous }: Hold, taken: Taken): never {
		for (let hold = previous; hold !== null; hold = hold.previous) hold.undo();
		setLimitHeaders(ctx, demands, taken, this.#legacyHeaders);
		const seconds = retryAfterSeconds(demands, taken.verdicts);
		throw new HttpError(429, undefined, {
			headers: { "retry-after": String(seconds) },
		});
	}

	#withoutStore(
		ctx: Context,
		hold: Hold,
		subject: string | null,
		cause: unknown,
	): void {
		const mode = this.#onStoreError;
		const { name } = this;
		const outcome = "store-error";
		const decision = { name, outcome, reason: mode, subject } as const;
		tellDecision(ctx, { ...decision, remaining: null }, this.#onDecision);
		if (mode === "local" && this.#local !== null) {
			hold.store = this.#local;
			hold.demands = hold.demands.map((demand) => this.#toLocal(demand));
			const taken = this.#local.take(hold.demands, hold.group) as Taken;
			this.#conclude(ctx, hold, subject, taken);
		} else if (mode === "deny" && !this.#isShadow) {
			const headers = { "retry-after": "1" };
			throw new HttpError(503, undefined, { headers, cause });
		}
	}

	#toLocal(demand: Demand): Demand {
		if (this.#shares === null) return demand;
		return { ...demand, limit: this.#shares(demand.limit) };
	}

	#tell(
		ctx: Context,
		outcome: LimitOutcome,
		charges: readonly Charge[],
		{ verdicts }: Taken,
		subject: string | null,
	): void {
		const i = leastLeft(verdicts);
		const decision = {
			name: this.name,
			outcome,
			reason: charges[i]?.limit.name ?? "",
			subject,
			remaining: verdicts[i]?.remaining ?? null,
		};
		tellDecision(ctx, decision, this.#onDecision);
	}
}

/** The shares of limits, worked out once each. */
function cachedShares(instances: number): (limit: Limit) => Limit {
	const known = new WeakMap<Limit, Limit>();
	return (limit) => {
		const share = known.get(limit) ?? shareOf(limit, instances);
		known.set(limit, share);
		return share;
	};
}

const text = { type: "string" };
const documentedHeaders = {
	"Retry-After": {
		description: "Seconds after which the request would be allowed.",
		schema: { type: "integer", minimum: 1 },
	},
	"RateLimit-Policy": {
		description: "The limits, as a list of structured fields.",
		schema: text,
	},
	RateLimit: { description: "What is left of each limit.", schema: text },
};

function checkEnforcement(name: string, options: EnforcementOptions): void {
	const { instances = 1, onStoreError = "local", enforce } = options;
	if (!Number.isSafeInteger(instances) || instances < 1) {
		throw new RangeError(`${name}: instances must be a positive integer`);
	}
	if (!["local", "allow", "deny"].includes(onStoreError)) {
		throw new TypeError(
			`${name}: onStoreError must be "local", "allow" or "deny"`,
		);
	}
	if (enforce !== undefined && enforce !== "reject" && enforce !== "shadow") {
		throw new TypeError(`${name}: enforce must be "reject" or "shadow"`);
	}
	if (options.store !== undefined && options.name === undefined) {
		throw new TypeError(
			`${name}: with a store a policy needs a name: its counters are kept under it`,
		);
	}
}
