import type { Limit } from "../../src/policies/rate-limit/limit.ts";
import type { Verdict } from "../../src/policies/rate-limit/store/store.ts";

/** A limit in a few lines, without bounds and without speed: what the stores are compared with. */
export interface LimitModel {
	take(nowMs: number, cost: number): Verdict;
}

/** The model of a limit over time. Its clock only goes forward. */
export function modelOf(limit: Limit): LimitModel {
	if (limit.algorithm === "gcra") return new GcraModel(limit);
	if (limit.algorithm === "sliding-window") return new SlidingModel(limit);
	return new FixedModel(limit);
}

/** By the theoretical arrival time, in milliseconds times the limit, so that it is whole. */
class GcraModel implements LimitModel {
	readonly #limit: Limit;
	#arrival = 0n;

	constructor(limit: Limit) {
		this.#limit = limit;
	}

	take(nowMs: number, cost: number): Verdict {
		const { limit, burst, windowMs } = this.#limit;
		const [rate, now] = [BigInt(limit), BigInt(nowMs) * BigInt(limit)];
		const room = BigInt(burst) * BigInt(windowMs);
		const before = this.#arrival > now ? this.#arrival : now;
		const after = before + BigInt(cost) * BigInt(windowMs);
		const over = after - now - room;
		const isAllowed = over <= 0n && burst > 0;
		if (isAllowed) this.#arrival = after;
		const used = (isAllowed ? after : before) - now;
		return {
			isAllowed,
			remaining: Number((room - used) / BigInt(windowMs)),
			resetMs: rate === 0n ? 0 : divideUp(used, rate),
			retryMs: isAllowed
				? 0
				: cost > burst
					? Number.POSITIVE_INFINITY
					: divideUp(over, rate),
		};
	}
}

function divideUp(value: bigint, by: bigint): number {
	return Number((value + by - 1n) / by);
}

/** Keeps every call that was allowed, and counts. */
abstract class CountingModel implements LimitModel {
	protected readonly limit: Limit;
	readonly #taken: { readonly atMs: number; readonly cost: number }[] = [];

	constructor(limit: Limit) {
		this.limit = limit;
	}

	take(nowMs: number, cost: number): Verdict {
		const isAllowed = this.fits(nowMs, cost);
		let retryMs = 0;
		if (cost > this.limit.limit) retryMs = Number.POSITIVE_INFINITY;
		else while (!this.fits(nowMs + retryMs, cost)) retryMs++;
		if (isAllowed) this.#taken.push({ atMs: nowMs, cost });
		let remaining = this.limit.limit;
		while (remaining > 0 && !this.fits(nowMs, remaining)) remaining--;
		return { isAllowed, remaining, resetMs: this.resetMs(nowMs), retryMs };
	}

	protected count(fromMs: number, toMs: number): number {
		return this.#taken
			.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
			.reduce((sum, { cost }) => sum + cost, 0);
	}

	protected startOf(nowMs: number): number {
		const { windowMs, anchorMs } = this.limit;
		return nowMs - ((((nowMs - anchorMs) % windowMs) + windowMs) % windowMs);
	}

	protected abstract fits(nowMs: number, cost: number): boolean;
	protected abstract resetMs(nowMs: number): number;
}

class FixedModel extends CountingModel {
	protected fits(nowMs: number, cost: number): boolean {
		const start = this.startOf(nowMs);
		const used = this.count(start, start + this.limit.windowMs);
		return used + cost <= this.limit.limit;
	}

	protected resetMs(nowMs: number): number {
		const start = this.startOf(nowMs);
		const end = start + this.limit.windowMs;
		return this.count(start, end) === 0 ? 0 : end - nowMs;
	}
}

class SlidingModel extends CountingModel {
	protected fits(nowMs: number, cost: number): boolean {
		const { limit, windowMs } = this.limit;
		const start = this.startOf(nowMs);
		const rest = windowMs - (nowMs - start);
		const previous = this.count(start - windowMs, start) * rest;
		const used = this.count(start, start + windowMs);
		return previous + (used + cost) * windowMs <= limit * windowMs;
	}

	protected resetMs(nowMs: number): number {
		const { windowMs } = this.limit;
		const start = this.startOf(nowMs);
		const rest = start + windowMs - nowMs;
		if (this.count(start, start + windowMs) > 0) return rest + windowMs;
		return this.count(start - windowMs, start) > 0 ? rest : 0;
	}
}
