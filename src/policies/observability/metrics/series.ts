import type { Registry } from "prom-client";

/** The labels of one series. */
export type Labels = Readonly<Record<string, string>>;

/** A number that is counted in place. */
export interface Tally {
	count: number;
}

/** What is counted in place is found by its labels once, when it is bound. */
class Series<T> {
	readonly #byKey: Map<string, { labels: Labels; value: T }> = new Map();
	readonly #make: () => T;

	constructor(make: () => T) {
		this.#make = make;
	}

	of(labels: Labels): T {
		const key = JSON.stringify(labels);
		let found = this.#byKey.get(key);
		if (found === undefined) {
			found = { labels, value: this.#make() };
			this.#byKey.set(key, found);
		}
		return found.value;
	}

	all(): Iterable<{ readonly labels: Labels; readonly value: T }> {
		return this.#byKey.values();
	}
}

/** What takes numbers with their labels: a counter or a gauge of prom-client. */
interface Taker {
	reset(): void;
	inc(labels: Labels, value: number): void;
}

/**
 * The series of a counter or a gauge. prom-client looks one up by its labels at each
 * change, which costs more than all the rest: here that is done when somebody asks.
 */
export class Tallies extends Series<Tally> {
	constructor() {
		super(() => ({ count: 0 }));
	}

	/** For the `collect` of the counter or gauge. */
	giveTo(taker: Taker): void {
		taker.reset();
		for (const { labels, value } of this.all()) taker.inc(labels, value.count);
	}
}

/** One series of a histogram, in seconds. */
export class Timing {
	readonly #bounds: readonly number[];
	/** By the place of their bound; the last holds what is beyond all. */
	readonly counts: Float64Array;
	sum = 0;

	constructor(bounds: readonly number[]) {
		this.#bounds = bounds;
		this.counts = new Float64Array(bounds.length + 1);
	}

	observe(seconds: number): void {
		const bounds = this.#bounds;
		let place = 0;
		while (place < bounds.length && seconds > (bounds[place] as number)) {
			place++;
		}
		(this.counts[place] as number)++;
		this.sum += seconds;
	}
}

interface Sample {
	readonly metricName: string;
	readonly labels: Readonly<Record<string, string | number>>;
	readonly value: number;
}

/** A histogram that stands in a registry beside those of prom-client, for the reason that {@link Tallies} has. */
export class Timings extends Series<Timing> {
	readonly name: string;
	readonly help: string;
	readonly type = "histogram";
	readonly aggregator = "sum";
	readonly #bounds: readonly number[];

	constructor(
		name: string,
		help: string,
		bounds: readonly number[],
		registry: Registry,
	) {
		super(() => new Timing(bounds));
		this.name = name;
		this.help = help;
		this.#bounds = bounds;
		registry.registerMetric(this as never);
	}

	/** What a registry asks each of its metrics for. */
	async get(): Promise<object> {
		const { name, help, type, aggregator } = this;
		const values = [...this.all()].flatMap(({ labels, value }) =>
			this.#samplesOf(labels, value),
		);
		return { name, help, type, aggregator, values };
	}

	/** What a registry does to each of its metrics when it is reset. */
	reset(): void {
		for (const { value } of this.all()) {
			value.counts.fill(0);
			value.sum = 0;
		}
	}

	#samplesOf(labels: Labels, { counts, sum }: Timing): Sample[] {
		const { name } = this;
		let count = 0;
		const samples: Sample[] = [...counts].map((own, place) => {
			count += own;
			const le = this.#bounds[place] ?? "+Inf";
			return {
				metricName: `${name}_bucket`,
				labels: { ...labels, le },
				value: count,
			};
		});
		return [
			...samples,
			{ metricName: `${name}_sum`, labels, value: sum },
			{ metricName: `${name}_count`, labels, value: count },
		];
	}
}
