/** There are as many calls under way as there may be. */
export class TooManyCalls extends Error {
	override readonly name: string = "TooManyCalls";
}

/** Calls under way by key: whoever asks for the same while it is under way waits for the same. */
export class SharedCalls<V> {
	readonly #pending: Map<string, Promise<V>> = new Map();
	readonly #timeoutMs: number;
	readonly #max: number;
	#underWay = 0;

	/** A call that takes longer than `timeoutMs` fails for all who wait; 0 waits without end. More than `max` at the same time are refused. */
	constructor(timeoutMs: number, max: number = Number.POSITIVE_INFINITY) {
		this.#timeoutMs = timeoutMs;
		this.#max = max;
	}

	/** The result of that key's call, which is begun unless it is under way. Rejects with {@link TooManyCalls} where there is no room for it. */
	run(key: string, call: () => Promise<V>): Promise<V> {
		const known = this.#pending.get(key);
		if (known !== undefined) return known;
		if (this.#underWay >= this.#max) {
			return Promise.reject(new TooManyCalls("too many calls under way"));
		}
		const begun = withTimeout(this.#count(call), this.#timeoutMs).finally(
			() => {
				this.#pending.delete(key);
			},
		);
		this.#pending.set(key, begun);
		return begun;
	}

	/** One that nobody waits for any more still works: it counts until it has ended. */
	async #count(call: () => Promise<V>): Promise<V> {
		this.#underWay++;
		try {
			return await call();
		} finally {
			this.#underWay--;
		}
	}
}

/** @throws Error when the promise has not settled in time. */
async function withTimeout<V>(
	promise: Promise<V>,
	timeoutMs: number,
): Promise<V> {
	if (timeoutMs === 0) return promise;
	const { promise: late, reject } = Promise.withResolvers<never>();
	const timer = setTimeout(() => {
		reject(new Error(`no result within ${timeoutMs} ms`));
	}, timeoutMs);
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}
