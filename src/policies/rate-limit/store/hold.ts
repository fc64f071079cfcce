import type { Context, MaybePromise, Outcome } from "../../../index.ts";
import type { Charge, LimitStore, Taken } from "./store.ts";

/** A charge of one request, and when it is taken back. */
export interface Demand extends Charge {
	/** Whether the charge is undone for a request that ended so; null where it never is. */
	readonly refund: ((outcome: Outcome) => boolean) | null;
}

const key: unique symbol = Symbol("headgate.holds");

/** What one limiter holds of its store for one request. */
export class Hold {
	readonly ctx: Context;
	readonly owner: object;
	/** What the request asks for. */
	readonly asked: readonly Demand[];
	readonly group: string;
	/** Whom the log may name. */
	readonly subject: string | null;
	/** Which plan says so; null where none does. */
	readonly plan: string | null;
	/** What was charged, and where: shares of what was asked while the store is away. */
	demands: readonly Demand[];
	store: LimitStore;
	/** Null until the store has allowed it, and after all was given back. */
	taken: Taken | null = null;
	/** How the request ended; null while it has not. */
	outcome: Outcome | null = null;
	/** What a limiter before this one holds for the same request. */
	readonly previous: Hold | null;

	constructor(
		ctx: Context,
		owner: object,
		store: LimitStore,
		demands: readonly Demand[],
		group: string,
		subject: string | null,
		plan: string | null,
	) {
		this.ctx = ctx;
		this.owner = owner;
		this.asked = demands;
		this.group = group;
		this.subject = subject;
		this.plan = plan;
		this.demands = demands;
		this.store = store;
		this.previous = (ctx.state.get(key) as Hold | undefined) ?? null;
		ctx.state.set(key, this);
	}

	/** The request is over: frees places, and refunds what is to be. What is still being asked for is given back when it comes. */
	end(outcome: Outcome): void {
		this.outcome = outcome;
		if (this.taken === null) return;
		this.#giveBack(
			this.demands.filter(
				({ limit, refund }) =>
					limit.algorithm === "concurrency" || refund?.(outcome) === true,
			),
		);
	}

	/** The request was not let in after all: it counts neither here nor at the limiters before. */
	undo(): void {
		for (let hold: Hold | null = this; hold !== null; hold = hold.previous) {
			if (hold.taken !== null) hold.#giveBack(hold.demands);
		}
	}

	#giveBack(demands: readonly Demand[]): void {
		const { taken } = this;
		this.taken = null;
		if (taken === null || demands.length === 0) return;
		const given: MaybePromise<void> = this.store.giveBack(
			demands,
			this.group,
			taken,
		);
		// The store that can not be reached forgets it by itself.
		if (given instanceof Promise) given.catch(() => {});
	}
}

/** What the limiters in front of a request hold for it, the last first. */
export function lastHold(ctx: Context): Hold | null {
	return (ctx.state.get(key) as Hold | undefined) ?? null;
}
