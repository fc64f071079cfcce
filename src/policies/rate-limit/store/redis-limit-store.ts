import { RedisBreaker } from "./redis-breaker.ts";
import { type Lease, Leases } from "./redis-leases.ts";
import { giveBackScript, renewScript, takeScript } from "./redis-scripts.ts";
import type { Charge, LimitStore, Taken, Verdict } from "./store.ts";

/** A client of ioredis: what `new Redis(...)` or `new Cluster(...)` gives. Their own types would bind the declarations to an optional package. */
export interface RedisClient {
	readonly status: string;
	defineCommand(name: string, definition: { lua: string }): void;
	on(event: "ready", listener: () => void): unknown;
	once(event: "ready", listener: () => void): unknown;
	off(event: "ready", listener: () => void): unknown;
	quit(): Promise<unknown>;
	disconnect(): void;
}

/** What the store needs, checked. */
export interface RedisLimitStoreSettings {
	/** Makes a client where the store is not given one. */
	readonly connect: (() => RedisClient) | null;
	readonly client: RedisClient | null;
	readonly prefix: string;
	readonly budgetMs: number;
	readonly leaseMs: number;
	readonly pauseMs: number;
	/** The time in place of the clock of Redis, for tests; null for that clock. */
	readonly now: (() => number) | null;
}

type Argument = string | number;
type Script<T> = (keys: number, ...rest: Argument[]) => Promise<T>;

/** ioredis sends the digest of a script, and all of it where Redis does not know it. */
interface Scripts {
	headgateTake: Script<number[]>;
	headgateGiveBack: Script<number>;
	headgateRenew: Script<number>;
}

/** Counts limits in Redis: one call of one script for all charges of a request. */
export class RedisLimitStore implements LimitStore {
	readonly #settings: RedisLimitStoreSettings;
	readonly #breaker: RedisBreaker;
	readonly #leases: Leases;
	readonly #onReady = (): void => this.#breaker.probeNow();
	#client: (RedisClient & Scripts) | null = null;
	#users = 0;

	constructor(settings: RedisLimitStoreSettings) {
		const { budgetMs, pauseMs, leaseMs } = settings;
		this.#settings = settings;
		this.#breaker = new RedisBreaker(budgetMs, pauseMs);
		this.#leases = new Leases(leaseMs, (lease) => this.#renew(lease));
	}

	open(): void {
		this.#users++;
		this.#client ??= this.#start();
	}

	/**
	 * Waits until Redis answers, for a start that wants to be sure of it. Call it
	 * when the store is on a route. Without it `onStoreError` decides until then.
	 *
	 * @throws Error after `timeoutMs`, 5,000 by default, and where no policy uses the store.
	 */
	async connected(timeoutMs = 5_000): Promise<void> {
		const client = this.#client;
		if (client === null) {
			throw new Error("redisStore: no policy uses the store yet");
		}
		if (client.status === "ready") return;
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		const late = new Error(`Redis did not answer within ${timeoutMs} ms`);
		const timer = setTimeout(() => reject(late), timeoutMs);
		client.once("ready", resolve);
		try {
			await promise;
		} finally {
			clearTimeout(timer);
			client.off("ready", resolve);
		}
	}

	async close(): Promise<void> {
		if (this.#users === 0 || --this.#users > 0) return;
		const client = this.#client;
		this.#client = null;
		this.#leases.close();
		client?.off("ready", this.#onReady);
		if (client === null || this.#settings.client !== null) return;
		if (client.status !== "ready") return client.disconnect();
		// What is being given back is sent before, but a Redis that hangs is not waited for.
		const timer = setTimeout(() => client.disconnect(), 1_000);
		await client.quit().catch(() => client.disconnect());
		clearTimeout(timer);
	}

	take(charges: readonly Charge[], group: string): Promise<Taken> {
		this.#breaker.enter();
		const client = this.#ready();
		const holds = charges.some(isPlace);
		const lease = holds ? this.#leases.nextName() : "";
		const read = (answer: number[]): Taken => {
			const taken = toTaken(answer, charges.length, lease);
			if (holds && taken.isAllowed) this.#hold(charges, group, lease);
			return taken;
		};
		const call = client.headgateTake(
			charges.length,
			...this.#keys(charges, group),
			this.#now(),
			lease,
			this.#settings.leaseMs,
			...charges.flatMap(toArguments),
		);
		const giveBackLate = (taken: Taken): void => {
			if (!taken.isAllowed) return;
			// It was counted elsewhere meanwhile.
			this.#sendBack(charges, group, taken).catch(() => {});
		};
		return this.#breaker.within(call.then(read), giveBackLate);
	}

	/** @throws Error where Redis can not be asked: then places are freed when their lease runs out. */
	async giveBack(
		charges: readonly Charge[],
		group: string,
		taken: Taken,
	): Promise<void> {
		await this.#sendBack(charges, group, taken);
	}

	async #sendBack(
		charges: readonly Charge[],
		group: string,
		{ lease, atMs }: Taken,
	): Promise<void> {
		if (lease !== "") this.#leases.drop(lease);
		await this.#ready().headgateGiveBack(
			charges.length,
			...this.#keys(charges, group),
			this.#now(),
			lease,
			atMs,
			...charges.flatMap(toArguments),
		);
	}

	#hold(charges: readonly Charge[], group: string, name: string): void {
		const places = charges.filter((one) => isPlace(one) && one.cost > 0);
		if (places.length === 0) return;
		this.#leases.hold({
			name,
			keys: this.#keys(places, group),
			members: places.map(({ cost }) => `${name} ${cost}`),
		});
	}

	#renew({ keys, members }: Lease): void {
		if (this.#client?.status !== "ready" || !this.#breaker.isClosed) return;
		const { leaseMs } = this.#settings;
		const rest = [this.#now(), leaseMs, ...members];
		this.#client.headgateRenew(keys.length, ...keys, ...rest).catch(() => {});
	}

	#start(): RedisClient & Scripts {
		const { client, connect } = this.#settings;
		const used = client ?? (connect as () => RedisClient)();
		used.defineCommand("headgateTake", { lua: takeScript });
		used.defineCommand("headgateGiveBack", { lua: giveBackScript });
		used.defineCommand("headgateRenew", { lua: renewScript });
		used.on("ready", this.#onReady);
		return used as unknown as RedisClient & Scripts;
	}

	/** @throws Error while there is no connection: nothing waits for one. */
	#ready(): RedisClient & Scripts {
		if (this.#client?.status === "ready") return this.#client;
		throw new Error("Redis is not connected");
	}

	#keys(charges: readonly Charge[], group: string): string[] {
		const { prefix } = this.#settings;
		// A cluster places a key by what stands in its first braces.
		const tag = group.replace(/[%{}]/g, encodeURIComponent);
		return charges.map(({ key }) => `${prefix}{${tag}}:${key}`);
	}

	#now(): Argument {
		return this.#settings.now?.() ?? "";
	}
}

function isPlace({ limit }: Charge): boolean {
	return limit.algorithm === "concurrency";
}

function toArguments({ limit, cost }: Charge): Argument[] {
	return [
		limit.algorithm,
		limit.limit,
		limit.burst,
		limit.windowMs,
		limit.anchorMs,
		limit.isMonthly ? 1 : 0,
		cost,
	];
}

/** What the script says: the time, whether all are allowed, then three numbers a charge. */
function toTaken(answer: number[], charges: number, lease: string): Taken {
	const verdicts: Verdict[] = [];
	for (let i = 0; i < charges; i++) {
		const [remaining = 0, resetMs = 0, retry = 0] = answer.slice(
			2 + i * 3,
			5 + i * 3,
		);
		const retryMs = retry < 0 ? Number.POSITIVE_INFINITY : retry;
		verdicts.push({ isAllowed: retry === 0, remaining, resetMs, retryMs });
	}
	const [atMs = 0, isAllowed = 0] = answer;
	return { isAllowed: isAllowed === 1, verdicts, atMs, lease };
}
