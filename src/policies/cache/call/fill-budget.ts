/** How many bytes may be on their way into the store. */
export class FillBudget {
	#left: number;

	constructor(bytes: number) {
		this.#left = bytes;
	}

	/** Whether there is room for them; then it is taken. */
	take(bytes: number): boolean {
		if (bytes > this.#left) return false;
		this.#left -= bytes;
		return true;
	}

	give(bytes: number): void {
		this.#left += bytes;
	}
}
