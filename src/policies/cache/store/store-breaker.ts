/** So many failures in a row, and the store is left alone for a while. */
const maxFailures = 3;

/** Bounds what a store may take: each call by time, a failing store by a pause in which no call is made. */
export class StoreBreaker {
	readonly #timeoutMs: number;
	readonly #pauseMs: number;
	#failures = 0;
	#openUntilMs = 0;

	constructor(timeoutMs: number, pauseMs: number) {
		this.#timeoutMs = timeoutMs;
		this.#pauseMs = pauseMs;
	}

	/** @throws Error where the call fails, takes too long, or is not made. */
	async run<T>(call: () => Promise<T>): Promise<T> {
		if (performance.now() < this.#openUntilMs) {
			throw new Error("the store is left alone after failures");
		}
		const { promise: late, reject } = Promise.withResolvers<never>();
		const timer = setTimeout(
			() => reject(new Error("the store takes too long")),
			this.#timeoutMs,
		);
		try {
			const value = await Promise.race([call(), late]);
			this.#failures = 0;
			return value;
		} catch (error) {
			if (++this.#failures >= maxFailures) {
				this.#openUntilMs = performance.now() + this.#pauseMs;
			}
			throw error;
		} finally {
			clearTimeout(timer);
		}
	}
}
