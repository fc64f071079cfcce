/** What was wrong on the wire: broken syntax, an end too early, or nothing for too long. */
export type WireProblem = "syntax" | "truncated" | "timeout";

/** Raised by the raw readers, so that a test can tell a refusal from a hang. */
export class WireError extends Error {
	readonly problem: WireProblem;

	constructor(problem: WireProblem, message: string) {
		super(message);
		this.name = "WireError";
		this.problem = problem;
	}
}

/** Bounds a wait: raises a `timeout` {@link WireError} when `promise` takes longer than `timeoutMs`. */
export async function within<T>(
	promise: Promise<T>,
	timeoutMs: number,
	what: string,
): Promise<T> {
	const { promise: late, reject } = Promise.withResolvers<never>();
	const timer = setTimeout(
		() =>
			reject(new WireError("timeout", `${what}: nothing in ${timeoutMs} ms`)),
		timeoutMs,
	);
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

/** Bytes that arrive on one side and are asked for, in lines or in counts, on the other. */
export class ByteReader {
	readonly #chunks: Buffer[] = [];
	#available = 0;
	#ended = false;
	#wake: (() => void) | null = null;

	/** How many bytes have arrived and were not taken yet. */
	get available(): number {
		return this.#available;
	}

	/** What has arrived and was not taken yet. */
	get pending(): Buffer {
		return this.#join();
	}

	push(chunk: Buffer): void {
		this.#chunks.push(chunk);
		this.#available += chunk.length;
		this.#notify();
	}

	finish(): void {
		this.#ended = true;
		this.#notify();
	}

	/** Waits for more than what is pending; false when no more will come. */
	async fill(): Promise<boolean> {
		if (this.#ended) return false;
		const { promise, resolve } = Promise.withResolvers<void>();
		const before = this.#available;
		this.#wake = resolve;
		await promise;
		return this.#available > before;
	}

	/** The next line without its CRLF, as latin1. Raises `syntax` for a bare LF, a bare CR or a NUL. */
	async line(): Promise<string> {
		let from = 0;
		for (;;) {
			const end = this.#join().indexOf(10, from);
			if (end >= 0) return toLine(this.#cut(end + 1));
			from = this.#available;
			if (!(await this.fill())) throw cutShort("a line", this.#available);
		}
	}

	/** Exactly `count` bytes, given on piece by piece. */
	async take(count: number, onPiece: (piece: Buffer) => void): Promise<void> {
		let missing = count;
		while (missing > 0) {
			if (this.#available === 0 && !(await this.fill()))
				throw cutShort("a body", missing);
			const piece = this.#cut(missing);
			missing -= piece.length;
			onPiece(piece);
		}
	}

	/** Everything until the end of the stream, given on piece by piece. */
	async rest(onPiece: (piece: Buffer) => void): Promise<void> {
		do {
			while (this.#available > 0) onPiece(this.#cut(this.#available));
		} while (await this.fill());
	}

	/** At most `count` bytes, from the first chunk alone: a large body is never joined. */
	#cut(count: number): Buffer {
		const first = this.#chunks.shift() ?? Buffer.alloc(0);
		const piece = first.subarray(0, count);
		if (piece.length < first.length)
			this.#chunks.unshift(first.subarray(piece.length));
		this.#available -= piece.length;
		return piece;
	}

	#join(): Buffer {
		if (this.#chunks.length > 1)
			this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks));
		return this.#chunks[0] ?? Buffer.alloc(0);
	}

	#notify(): void {
		const wake = this.#wake;
		this.#wake = null;
		wake?.();
	}
}

function toLine(bytes: Buffer): string {
	const text = bytes.toString("latin1");
	if (!text.endsWith("\r\n"))
		throw new WireError("syntax", `bare LF after ${JSON.stringify(text)}`);
	const line = text.slice(0, -2);
	if (line.includes("\r") || line.includes("\0"))
		throw new WireError("syntax", `bare CR or NUL in ${JSON.stringify(line)}`);
	return line;
}

function cutShort(what: string, bytes: number): WireError {
	return new WireError("truncated", `ended inside ${what} (${bytes} bytes)`);
}
