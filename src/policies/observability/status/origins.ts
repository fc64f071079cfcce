import type { AttemptEnd, RouteInfo, WatchedAttempt } from "../../../index.ts";
import type { WindowName } from "./ring.ts";
import type { OriginState, OriginTraffic, Traffic } from "./snapshot.ts";
import { toShortName } from "./top.ts";
import { classOf, TrafficCounter } from "./traffic.ts";

const maxOrigins = 64;
const rest = "other origins";

/** One origin that upstreams name. */
export class Origin {
	readonly name: string;
	readonly traffic: TrafficCounter = new TrafficCounter();
	/** Given to every attempt alike: nothing is made for one. */
	readonly onEnd: WatchedAttempt;
	/** What the upstreams that name it are called, where that is not its host. */
	readonly upstreams: Set<string> = new Set();
	lastFailure: string | null = null;
	lastFailureMs = 0;
	readonly #now: () => number;

	constructor(name: string, now: () => number) {
		this.name = name;
		this.#now = now;
		this.onEnd = (end) => this.#end(end);
	}

	#end({ status, code }: AttemptEnd): void {
		const nowMs = this.#now();
		// A client that left is no failure of the origin.
		const isLeft = code === "ERR_CLIENT_GONE";
		const isFailed = !isLeft && (code !== null || (status ?? 500) >= 500);
		this.traffic.inFlight--;
		this.traffic.add(nowMs, classOf(isLeft ? 499 : (status ?? 500)), isFailed);
		if (!isFailed) return;
		this.lastFailure = code ?? String(status);
		this.lastFailureMs = nowMs;
	}
}

/** The origins behind the gateway: those that its routes name are known before they are called. */
export class Origins {
	readonly #byName = new Map<string, Origin>();
	readonly #now: () => number;

	constructor(now: () => number) {
		this.#now = now;
	}

	/** Makes those of a route known. */
	declare({ origins, upstream: called }: RouteInfo): void {
		for (const name of origins) {
			const origin = this.find(name);
			if (called === null || called === new URL(name).host) continue;
			if (origin.name !== rest) origin.upstreams.add(toShortName(called));
		}
	}

	find(name: string): Origin {
		const known = this.#byName.get(name);
		if (known !== undefined) return known;
		const key = this.#byName.size < maxOrigins ? toShortName(name) : rest;
		const made = this.#byName.get(key) ?? new Origin(key, this.#now);
		this.#byName.set(key, made);
		return made;
	}

	read(window: WindowName, startedMs: number, nowMs: number): OriginTraffic[] {
		return [...this.#byName.values()].map((one) => {
			const traffic = one.traffic.read(window, startedMs, nowMs);
			const hasFailed = one.lastFailure !== null;
			return {
				origin: one.name,
				upstreams: [...one.upstreams],
				state: stateOf(one.traffic.readLatest(nowMs), traffic),
				...traffic,
				lastFailure: one.lastFailure,
				lastFailureAgoMs: hasFailed ? nowMs - one.lastFailureMs : null,
			};
		});
	}
}

/** Of the latest calls where there are any, else of the window's. */
function stateOf(
	latest: Pick<Traffic, "calls" | "failed">,
	window: Traffic,
): OriginState {
	const { calls, failed } = latest.calls > 0 ? latest : window;
	if (calls === 0) return "idle";
	const share = failed / calls;
	if (share >= 0.5) return "failing";
	return share >= 0.02 ? "unsteady" : "up";
}
