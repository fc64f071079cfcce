/** No further call may begin now. `isOfClient` says that this client's own calls are too many. */
export class TooManyCalls extends Error {
	override readonly name: string = "TooManyCalls";
	readonly isOfClient: boolean;

	constructor(isOfClient: boolean) {
		super("too many calls in progress");
		this.isOfClient = isOfClient;
	}
}

/** How many calls may be in progress at the same time. */
export interface CallBounds {
	readonly max: number;
	readonly maxPerClient: number;
}

/** Calls under way by key: whoever asks for the same while it is under way waits for the same. */
export class SharedCalls<V> {
	readonly #pending: Map<string, Promise<V>> = new Map();
	readonly #timeoutMs: number;
	readonly #bounds: CallBounds | null;
	readonly #perClient: Map<string, number> = new Map();
	#inProgress = 0;

	/** A call that takes longer than `timeoutMs` fails for all who wait; 0 waits without end. Calls beyond the bounds are rejected. */
	constructor(timeoutMs: number, bounds: CallBounds | null = null) {
		this.#timeoutMs = timeoutMs;
		this.#bounds = bounds;
	}

	/** The result of that key's call, which begins unless it is in progress. Rejects with {@link TooManyCalls} where there is no room for it. */
	run(key: string, client: string, call: () => Promise<V>): Promise<V> {
		const known = this.#pending.get(key);
		if (known !== undefined) return known;
		const ofClient = this.#perClient.get(client) ?? 0;
		if (this.#bounds !== null) {
			const isOfClient = ofClient >= this.#bounds.maxPerClient;
			if (isOfClient || this.#inProgress >= this.#bounds.max) {
				return Promise.reject(new TooManyCalls(isOfClient));
			}
		}
		this.#perClient.set(client, ofClient + 1);
		const begun = withTimeout(
			this.#count(client, call),
			this.#timeoutMs,
		).finally(() => {
			this.#pending.delete(key);
		});
		this.#pending.set(key, begun);
		return begun;
	}

	/** A call past its timeout still works: it counts until it has ended. */
	async #count(client: string, call: () => Promise<V>): Promise<V> {
		this.#inProgress++;
		try {
			return await call();
		} finally {
			this.#inProgress--;
			const left = (this.#perClient.get(client) ?? 1) - 1;
			if (left === 0) this.#perClient.delete(client);
			else this.#perClient.set(client, left);
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
