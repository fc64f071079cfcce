/** So many failures in a row, and Redis is left alone. */
const maxFailures = 3;

/** Bounds what Redis may take of a request's time: each call by a budget, a failing Redis by one try a second. */
export class RedisBreaker {
	readonly #budgetMs: number;
	readonly #pauseMs: number;
	#failures = 0;
	#nextProbeMs = 0;

	constructor(budgetMs: number, pauseMs: number) {
		this.#budgetMs = budgetMs;
		this.#pauseMs = pauseMs;
	}

	/** Whether calls go through, tries aside. */
	get isClosed(): boolean {
		return this.#failures < maxFailures;
	}

	/** The next call is a try: there is news, such as a new connection. */
	probeNow(): void {
		this.#nextProbeMs = 0;
	}

	/** @throws Error where the call is not to be made now. */
	enter(): void {
		if (this.isClosed) return;
		const nowMs = performance.now();
		if (nowMs < this.#nextProbeMs) {
			throw new Error("Redis is left alone after failures");
		}
		this.#nextProbeMs = nowMs + this.#pauseMs;
	}

	/** What a call gives within the budget; what it gives later goes to `onLate`. */
	within<T>(call: Promise<T>, onLate: (value: T) => void): Promise<T> {
		return new Promise((resolve, reject) => {
			let isOver = false;
			const giveUp = (): void => {
				if (isOver) return;
				isOver = true;
				this.#fail();
				reject(new Error(`Redis took more than ${this.#budgetMs} ms`));
			};
			// What came while this process was busy is read first.
			const timer = setTimeout(() => setImmediate(giveUp), this.#budgetMs);
			call.then(
				(value) => {
					if (isOver) return onLate(value);
					isOver = true;
					clearTimeout(timer);
					this.#failures = 0;
					resolve(value);
				},
				(error) => {
					if (isOver) return;
					isOver = true;
					clearTimeout(timer);
					this.#fail();
					reject(error);
				},
			);
		});
	}

	#fail(): void {
		if (++this.#failures === maxFailures) {
			this.#nextProbeMs = performance.now() + this.#pauseMs;
		}
	}
}
