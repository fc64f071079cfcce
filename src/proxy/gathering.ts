/** A body that is read whole, under a limit. */
export class Gathering {
	readonly #chunks: Buffer[] = [];
	readonly #onWhole: (bytes: Buffer) => void;
	#room: number;

	constructor(maxBytes: number, onWhole: (bytes: Buffer) => void) {
		this.#room = maxBytes;
		this.#onWhole = onWhole;
	}

	/** Takes a chunk; false when there is no room for it. */
	add(chunk: Buffer): boolean {
		this.#room -= chunk.length;
		if (this.#room < 0) return false;
		this.#chunks.push(chunk);
		return true;
	}

	end(): void {
		this.#onWhole(Buffer.concat(this.#chunks));
	}
}
