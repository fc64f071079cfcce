/** Choices that are the same for the same seed. */
export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed | 0;
	}

	/** From 0 up to 1 (mulberry32). */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) | 0;
		const state = this.#state;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	}

	/** A whole number from 0 to `end`, without `end`. */
	below(end: number): number {
		return Math.floor(this.next() * end);
	}

	isLucky(probability: number): boolean {
		return this.next() < probability;
	}

	pick<T>(list: readonly T[]): T {
		return list[this.below(list.length)] as T;
	}

	/** `least` to `most` values. */
	times<T>(least: number, most: number, make: (at: number) => T): T[] {
		const length = least + this.below(most - least + 1);
		return Array.from({ length }, (_, at) => make(at));
	}
}

/** The choices of one case of a run: a case can be replayed without those before it. */
export function randomOf(seed: number, index: number): Random {
	return new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
}
