import { HttpError, type MaybePromise } from "../../../index.ts";
import { type Limit, shareOf } from "../limit.ts";
import type { Demand, Hold } from "./hold.ts";
import type { LimitStore, Taken } from "./store.ts";

/** What is done while the store can not be asked. */
export type OnStoreError = "local" | "allow" | "deny";

/** A store, and what decides in its place while it can not be asked. */
export class GuardedStore {
	readonly store: LimitStore;
	/** What counts meanwhile; null where nothing does. */
	readonly #local: LimitStore | null;
	readonly #mode: OnStoreError;
	readonly #shares: ((limit: Limit) => Limit) | null;
	readonly #onError: (hold: Hold) => void;

	/** `onError` is told each time that the store could not be asked. */
	constructor(
		store: LimitStore,
		local: LimitStore | null,
		mode: OnStoreError,
		instances: number,
		onError: (hold: Hold) => void,
	) {
		this.store = store;
		this.#local = local;
		this.#mode = mode;
		this.#shares = instances > 1 ? cachedShares(instances) : null;
		this.#onError = onError;
	}

	/**
	 * Asks for all that a request demands. Null where it passes uncounted.
	 *
	 * @throws HttpError 503 where nothing passes.
	 */
	take(hold: Hold): MaybePromise<Taken | null> {
		hold.store = this.store;
		hold.demands = hold.asked;
		let taken: MaybePromise<Taken>;
		try {
			taken = this.store.take(hold.demands, hold.group);
		} catch (error) {
			return this.#takeElsewhere(hold, error);
		}
		if (!(taken instanceof Promise)) return taken;
		return taken.catch((error) => this.#takeElsewhere(hold, error));
	}

	#takeElsewhere(hold: Hold, cause: unknown): Taken | null {
		this.#onError(hold);
		if (this.#mode === "deny") {
			const headers = { "retry-after": "1" };
			throw new HttpError(503, undefined, { headers, cause });
		}
		if (this.#mode === "allow" || this.#local === null) return null;
		hold.store = this.#local;
		hold.demands = hold.asked.map((demand) => this.#toLocal(demand));
		return this.#local.take(hold.demands, hold.group) as Taken;
	}

	#toLocal(demand: Demand): Demand {
		if (this.#shares === null) return demand;
		return { ...demand, limit: this.#shares(demand.limit) };
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
