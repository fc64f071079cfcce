import { failure } from "../http/errors.ts";
import { passBytes } from "./collect-young.ts";

/** Counts a body on its way to an upstream. */
export class SentBytes {
	readonly #max: number;
	#total = 0;

	constructor(max: number) {
		this.#max = max;
	}

	/** @throws HttpError 413 over the limit. */
	add(bytes: number): void {
		passBytes(bytes);
		this.#total += bytes;
		if (this.#total > this.#max) throw failure("ERR_BODY_TOO_LARGE");
	}
}
