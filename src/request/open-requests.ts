/** How many requests of a gateway have begun and not ended, for `close` to wait for. */
export class OpenRequests {
	#count = 0;
	#onNone: (() => void) | null = null;

	/** A request has begun. */
	begin(): void {
		this.#count++;
	}

	/** A request has ended. */
	end(): void {
		this.#count--;
		if (this.#count === 0 && this.#onNone !== null) this.#onNone();
	}

	/** Resolves when none is open any more, or when so many milliseconds have passed. */
	async settle(timeoutMs: number): Promise<void> {
		if (this.#count === 0) return;
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#onNone = resolve;
		const deadline = setTimeout(resolve, timeoutMs);
		await promise;
		clearTimeout(deadline);
	}
}
