interface Entry<V> {
	readonly value: V;
	readonly setAtMs: number;
	readonly untilMs: number;
}

/**
 * A bounded map whose entries end after a time. No timer: what has ended goes
 * when it is asked for, and the entry that came first goes when there is no room.
 */
export class TtlCache<V> {
	readonly #entries: Map<string, Entry<V>> = new Map();
	readonly #maxEntries: number;
	readonly #now: () => number;

	constructor(maxEntries: number, now: () => number) {
		this.#maxEntries = maxEntries;
		this.#now = now;
	}

	get size(): number {
		return this.#entries.size;
	}

	/** Undefined where there is none, or none any more. */
	get(key: string): V | undefined {
		const entry = this.#entries.get(key);
		if (entry === undefined) return undefined;
		const nowMs = this.#now();
		// Behind its own beginning the clock was set back: then nobody knows how old an entry is.
		if (nowMs < entry.untilMs && nowMs >= entry.setAtMs) return entry.value;
		this.#entries.delete(key);
		return undefined;
	}

	set(key: string, value: V, ttlMs: number): void {
		if (ttlMs <= 0 || this.#maxEntries === 0) return;
		// A key that is set again counts as new.
		this.#entries.delete(key);
		if (this.#entries.size >= this.#maxEntries) this.#dropFirst();
		const setAtMs = this.#now();
		this.#entries.set(key, { value, setAtMs, untilMs: setAtMs + ttlMs });
	}

	delete(key: string): void {
		this.#entries.delete(key);
	}

	#dropFirst(): void {
		const first = this.#entries.keys().next();
		if (first.done !== true) this.#entries.delete(first.value);
	}
}
