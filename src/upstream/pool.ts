import type { Upstream, UpstreamTimeouts } from "../model/upstream.ts";
import { Target } from "./target.ts";

/** The open connections of an upstream. Owned by one gateway, which closes them. */
export class UpstreamPool {
	readonly upstream: Upstream;
	/** Calls under way or waiting. */
	inFlight = 0;
	readonly maxInFlight: number;
	readonly #targets: readonly Target[];
	readonly #now: () => number;
	readonly #random: () => number;
	#connectMs: number;

	/** Time and chance are passed in by tests. */
	constructor(
		upstream: Upstream,
		now: () => number = () => performance.now(),
		random: () => number = Math.random,
	) {
		this.#now = now;
		this.#random = random;
		const { pool = {} } = upstream.options;
		this.upstream = upstream;
		this.maxInFlight =
			(pool.connections ?? 1_024) * upstream.origins.length +
			(pool.maxQueue ?? 10_000);
		this.#targets = upstream.origins.map(
			(origin) => new Target(origin, upstream, () => this.#connectMs),
		);
		this.#connectMs = upstream.timeout.connectMs;
	}

	/** Gives an attempt to connect the time that a route allows: the longest of all routes. 0 is no limit. */
	allow({ connectMs }: UpstreamTimeouts): void {
		const isUnlimited = connectMs === 0 || this.#connectMs === 0;
		this.#connectMs = isUnlimited ? 0 : Math.max(connectMs, this.#connectMs);
	}

	get hasSeveral(): boolean {
		return this.#targets.length > 1;
	}

	/**
	 * The target of the next attempt: of two eligible ones drawn at random, the one with fewer calls in
	 * progress (Mitzenmacher, "The Power of Two Choices", 2001). Where none is eligible, any serves:
	 * trying is better than giving up. `tried` is avoided where there is another.
	 */
	pick(tried: Target | null = null): Target {
		const [only] = this.#targets;
		if (only !== undefined && this.#targets.length === 1) return only;
		const nowMs = this.#now();
		const others = this.#targets.filter((one) => one !== tried);
		const eligible = others.filter((one) => one.isEligible(nowMs));
		return this.#draw(eligible.length > 0 ? eligible : others);
	}

	/** A target could not be connected to. Returns whether that is news; the only target is never excluded. */
	exclude(target: Target, error: Error): boolean {
		return this.hasSeveral && target.exclude(this.#now(), error);
	}

	#draw(targets: Target[]): Target {
		const at = Math.floor(this.#random() * targets.length);
		const first = targets[at] as Target;
		if (targets.length === 1) return first;
		// Any but the first: the last takes the place of the one that is drawn.
		const rest = Math.floor(this.#random() * (targets.length - 1));
		const second = targets[rest === at ? targets.length - 1 : rest] as Target;
		return second.calls < first.calls ? second : first;
	}

	/** Ends every connection at once. */
	async destroy(): Promise<void> {
		await Promise.all(this.#targets.map((target) => target.destroy()));
	}
}
