/** Longer names are cut: their length is the client's choice. */
const maxNameLength = 80;

/** A name that keeps no longer text alive behind it, and no more of it than is shown. */
export function toShortName(text: string): string {
	if (text.length <= maxNameLength) return text;
	// A part of a string keeps the whole of it in memory: it is copied.
	return `${Buffer.from(text.slice(0, maxNameLength - 1), "utf16le").toString("utf16le")}…`;
}

/** One of those who come up most. */
export interface Entry<T> {
	count: number;
	readonly detail: T;
}

/**
 * Who comes up most, with room for so many names whatever comes: when it is full
 * the rarest makes room, and its count stays with whoever takes its place
 * (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k
 * Elements in Data Streams, 2005). Forgets in two halves: what is told is of the
 * last `halfMs` to twice that.
 */
export class Top<T> {
	readonly #room: number;
	readonly #halfMs: number;
	readonly #create: () => T;
	#half = -1;
	#now = new Map<string, Entry<T>>();
	#before = new Map<string, Entry<T>>();

	constructor(room: number, halfMs: number, create: () => T) {
		this.#room = room;
		this.#halfMs = halfMs;
		this.#create = create;
	}

	/** Counts a name once, and gives what is kept about it. */
	add(name: string, nowMs: number): Entry<T> {
		this.#turn(nowMs);
		const key = toShortName(name);
		let entry = this.#now.get(key);
		if (entry === undefined) {
			const inherited = this.#now.size < this.#room ? 0 : this.#dropRarest();
			entry = { count: inherited, detail: this.#create() };
			this.#now.set(key, entry);
		}
		entry.count++;
		return entry;
	}

	#turn(nowMs: number): void {
		const half = Math.floor(nowMs / this.#halfMs);
		if (half <= this.#half) return;
		this.#before = half === this.#half + 1 ? this.#now : new Map();
		this.#now = new Map();
		this.#half = half;
	}

	#dropRarest(): number {
		let rarest = "";
		let least = Number.POSITIVE_INFINITY;
		for (const [name, { count }] of this.#now) {
			if (count >= least) continue;
			least = count;
			rarest = name;
		}
		this.#now.delete(rarest);
		return least;
	}

	/** How many names are kept. */
	get size(): number {
		return this.#now.size + this.#before.size;
	}

	/** All that are kept, in no order: the newer half's detail, and the other half's where there is one. */
	list(
		nowMs: number,
	): { name: string; count: number; detail: T; older: T | null }[] {
		this.#turn(nowMs);
		const names = new Set([...this.#now.keys(), ...this.#before.keys()]);
		return [...names].map((name) => {
			const [now, before] = [this.#now.get(name), this.#before.get(name)];
			const count = (now?.count ?? 0) + (before?.count ?? 0);
			const older = now === undefined ? null : (before?.detail ?? null);
			return { name, count, detail: (now ?? before)?.detail as T, older };
		});
	}
}
