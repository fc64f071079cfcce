import { randomBytes } from "node:crypto";

/** The places of `concurrency` that one call holds, all on one node. */
export interface Lease {
	readonly name: string;
	readonly keys: readonly string[];
	/** As they stand in Redis: the name and the cost. */
	readonly members: readonly string[];
	renewAtMs: number;
}

/**
 * What this process holds of places. A lease runs out by itself, so that a process
 * that dies frees its places; what is held for longer is renewed, by one timer that
 * runs only while something is held.
 */
export class Leases {
	/** The first is the next to be renewed. */
	readonly #held: Map<string, Lease> = new Map();
	readonly #process = randomBytes(9).toString("base64url");
	readonly #everyMs: number;
	readonly #renew: (lease: Lease) => void;
	#count = 0;
	#timer: NodeJS.Timeout | null = null;

	/** Each is renewed once a third of `leaseMs`. */
	constructor(leaseMs: number, renew: (lease: Lease) => void) {
		this.#everyMs = Math.max(1, Math.floor(leaseMs / 3));
		this.#renew = renew;
	}

	/** A name that no other call has, of any process. */
	nextName(): string {
		return `${this.#process}.${++this.#count}`;
	}

	hold(lease: Omit<Lease, "renewAtMs">): void {
		const renewAtMs = performance.now() + this.#everyMs;
		this.#held.set(lease.name, { ...lease, renewAtMs });
		this.#timer ??= setInterval(() => this.#tick(), this.#everyMs / 2).unref();
	}

	drop(name: string): void {
		this.#held.delete(name);
		if (this.#held.size === 0) this.close();
	}

	/** Renews nothing any more. */
	close(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
		this.#timer = null;
		this.#held.clear();
	}

	#tick(): void {
		const nowMs = performance.now();
		for (const [name, lease] of this.#held) {
			if (lease.renewAtMs > nowMs) return;
			this.#held.delete(name);
			lease.renewAtMs = nowMs + this.#everyMs;
			this.#held.set(name, lease);
			this.#renew(lease);
		}
	}
}
