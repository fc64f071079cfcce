/** Keys at most, and the characters of one: clients choose them. */
const maxKeys = 10_000;
const maxLength = 1_024;
/** So long nobody waits for an answer that can not be shared, in milliseconds. */
const rememberedMs = 30_000;

/** Keys whose last answer could not be shared: requests for them do not wait for one another. */
export class Uncacheable {
	readonly #now: () => number;
	readonly #untilMs: Map<string, number> = new Map();

	constructor(now: () => number) {
		this.#now = now;
	}

	has(key: string): boolean {
		const untilMs = this.#untilMs.get(key);
		if (untilMs === undefined) return false;
		if (this.#now() < untilMs) return true;
		this.#untilMs.delete(key);
		return false;
	}

	note(key: string): void {
		if (key.length > maxLength) return;
		if (this.#untilMs.size >= maxKeys) this.#untilMs.clear();
		this.#untilMs.set(key, this.#now() + rememberedMs);
	}

	forget(key: string): void {
		this.#untilMs.delete(key);
	}
}
