/** Windows of time that are looked back upon, by name. */
export type WindowName = "1m" | "10m";

/** How a window is cut: the oldest slice is dropped whole when a new one begins. */
const cuts = {
	"1m": { slices: 12, sliceMs: 5_000 },
	"10m": { slices: 10, sliceMs: 60_000 },
} as const satisfies Record<WindowName, object>;

/** Counters and sums by slice of time, in a fixed place: the oldest slice makes room for the newest. */
export class Ring {
	readonly counts: Uint32Array;
	readonly sums: Float64Array;
	readonly #slices: number;
	readonly #sliceMs: number;
	readonly #countWidth: number;
	readonly #sumWidth: number;
	/** The newest slice, counted from the clock's zero. */
	#newest = 0;

	constructor(
		{ slices, sliceMs }: { slices: number; sliceMs: number },
		countWidth: number,
		sumWidth: number,
	) {
		this.#slices = slices;
		this.#sliceMs = sliceMs;
		this.#countWidth = countWidth;
		this.#sumWidth = sumWidth;
		this.counts = new Uint32Array(slices * countWidth);
		this.sums = new Float64Array(slices * sumWidth);
	}

	/** The row of the slice that is now. A clock that went back stays in the newest. */
	rowAt(nowMs: number): number {
		const slice = Math.floor(nowMs / this.#sliceMs);
		if (slice > this.#newest) this.#turn(slice);
		return this.#newest % this.#slices;
	}

	#turn(slice: number): void {
		const first = Math.max(this.#newest + 1, slice - this.#slices + 1);
		for (let i = first; i <= slice; i++) {
			const row = i % this.#slices;
			const [count, sum] = [row * this.#countWidth, row * this.#sumWidth];
			this.counts.fill(0, count, count + this.#countWidth);
			this.sums.fill(0, sum, sum + this.#sumWidth);
		}
		this.#newest = slice;
	}

	/** The newest so many slices together. Default: all. */
	total(nowMs: number, slices: number = this.#slices): Total {
		this.rowAt(nowMs);
		const counts = new Float64Array(this.#countWidth);
		const sums = new Float64Array(this.#sumWidth);
		for (let i = 0; i < slices; i++) {
			const row = (this.#newest + this.#slices - i) % this.#slices;
			addRow(counts, this.counts, row);
			addRow(sums, this.sums, row);
		}
		return { counts, sums };
	}
}

/** What several slices hold together. */
export interface Total {
	readonly counts: Float64Array;
	readonly sums: Float64Array;
}

function addRow(
	total: Float64Array,
	rows: Uint32Array | Float64Array,
	row: number,
): void {
	const start = row * total.length;
	for (let i = 0; i < total.length; i++) {
		total[i] = (total[i] as number) + (rows[start + i] as number);
	}
}

/** The same counters in every window. */
export class Windows {
	readonly #rings: Readonly<Record<WindowName, Ring>>;
	/** For those who write: all rings in a row. */
	readonly minute: Ring;
	readonly ten: Ring;

	constructor(countWidth: number, sumWidth = 0) {
		this.minute = new Ring(cuts["1m"], countWidth, sumWidth);
		this.ten = new Ring(cuts["10m"], countWidth, sumWidth);
		this.#rings = { "1m": this.minute, "10m": this.ten };
	}

	total(window: WindowName, nowMs: number): Total {
		return this.#rings[window].total(nowMs);
	}
}

/** How much time a window holds, in milliseconds: what has passed of its newest slice, and the whole ones before. */
export function coveredMs(
	window: WindowName,
	startedMs: number,
	nowMs: number,
): number {
	const { slices, sliceMs } = cuts[window];
	const whole = (slices - 1) * sliceMs;
	return Math.min(nowMs - startedMs, whole + (nowMs % sliceMs));
}
