/** Calls under way by key: whoever asks for the same while it is under way waits for the same. */
export class SharedCalls<V> {
	readonly #pending: Map<string, Promise<V>> = new Map();
	readonly #timeoutMs: number;

	/** A call that takes longer than `timeoutMs` fails for all who wait. 0 waits without end. */
	constructor(timeoutMs: number) {
		this.#timeoutMs = timeoutMs;
	}

	/** The result of that key's call, which is begun unless it is under way. */
	run(key: string, call: () => Promise<V>): Promise<V> {
		const known = this.#pending.get(key);
		if (known !== undefined) return known;
		const begun = withTimeout(call(), this.#timeoutMs).finally(() => {
			this.#pending.delete(key);
		});
		this.#pending.set(key, begun);
		return begun;
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
