import { Readable } from "node:stream";
import type { BodyObserver, RewriteHeaders } from "../../../index.ts";
import type { FillBudget } from "./fill-budget.ts";

/** Who waits for the body that is collected. */
export interface CollectorOwner {
	/** The body follows; `rewrite` where it is another than the service's, `isOwn` where a policy made it so. */
	onHead?(rewrite: RewriteHeaders | null, isOwn: boolean): void;
	onWhole(body: Uint8Array): void;
	/** It broke off, or became too large. */
	onLost(isTooLarge: boolean): void;
}

/** So many chunks become one: a service that sends bytes one by one would have each cost a hundred. */
const maxChunks = 4_096;

/** Collects the body of an answer on its way to the store, within a budget; others may read along. */
export class BodyCollector implements BodyObserver {
	readonly chunks: Uint8Array[] = [];
	/** Whether all of it is here. */
	isWhole = false;
	/** Why it will not come; null while it may. */
	error: Error | null = null;
	readonly #owner: CollectorOwner;
	readonly #budget: FillBudget;
	readonly #maxBytes: number;
	/** Null where nobody has read along yet. */
	#readers: Set<FollowerBody> | null = null;
	#length = 0;
	#reserved = 0;
	#isClientDone = false;

	constructor(owner: CollectorOwner, budget: FillBudget, maxBytes: number) {
		this.#owner = owner;
		this.#budget = budget;
		this.#maxBytes = maxBytes;
	}

	/** Whether nothing more will come. */
	get isOver(): boolean {
		return this.isWhole || this.error !== null;
	}

	/** Whether there is room for that many bytes. */
	reserve(bytes: number): boolean {
		if (!this.#budget.take(bytes)) return false;
		this.#reserved += bytes;
		return true;
	}

	/** The first client has been answered, and holds no bytes any more. */
	onClientDone(): void {
		this.#isClientDone = true;
		this.#release();
	}

	/** A body of its own over the same bytes, for another client. */
	follow(): Readable {
		this.#readers ??= new Set();
		const readers = this.#readers;
		const reader = new FollowerBody(this, () => readers.delete(reader));
		readers.add(reader);
		return reader;
	}

	onHead(rewrite: RewriteHeaders | null, isOwn: boolean): void {
		this.#owner.onHead?.(rewrite, isOwn);
	}

	onChunk(chunk: Uint8Array): void {
		if (this.isOver) return;
		this.#length += chunk.length;
		const more = this.#length - this.#reserved;
		const fits =
			this.#length <= this.#maxBytes && (more <= 0 || this.reserve(more));
		if (!fits) {
			this.#lose(new Error("the body is too large to be stored"), true);
			return;
		}
		this.chunks.push(chunk);
		// Who reads along counts in chunks.
		if (this.chunks.length >= maxChunks && this.#readers === null) {
			this.chunks.splice(0, maxChunks, join(this.chunks, this.#length));
		}
		this.#wake();
	}

	onEnd(): void {
		if (this.isOver) return;
		this.isWhole = true;
		const body = join(this.chunks, this.#length);
		this.#wake();
		this.#owner.onWhole(body);
		this.#release();
	}

	onAbort(error: Error): void {
		if (!this.isOver) this.#lose(error, false);
	}

	/** The bytes are bounded and wanted: neither a slow client nor one that leaves keeps them from the others. */
	wantsRest(): boolean {
		return !this.isOver;
	}

	#lose(error: Error, isTooLarge: boolean): void {
		this.error = error;
		this.#wake();
		this.chunks.length = 0;
		this.#owner.onLost(isTooLarge);
		this.#release();
	}

	#wake(): void {
		if (this.#readers === null) return;
		for (const reader of this.#readers) reader.wake();
	}

	#release(): void {
		if (!this.isOver || !this.#isClientDone) return;
		this.#budget.give(this.#reserved);
		this.#reserved = 0;
	}
}

/** One copy of the right size: the chunks are views on what was read from the socket. */
function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
	const body = Buffer.allocUnsafeSlow(length);
	let at = 0;
	for (const chunk of chunks) {
		body.set(chunk, at);
		at += chunk.length;
	}
	return body;
}

/** The bytes of a collector at the pace of one client. */
class FollowerBody extends Readable {
	readonly #source: BodyCollector;
	readonly #onOver: () => void;
	#next = 0;
	#isWanted = false;

	constructor(source: BodyCollector, onOver: () => void) {
		super();
		this.#source = source;
		this.#onOver = onOver;
	}

	/** Something has come, or nothing will. */
	wake(): void {
		if (this.#isWanted) this._read();
	}

	override _read(): void {
		const { chunks, isWhole, error } = this.#source;
		this.#isWanted = true;
		if (error !== null) {
			this.destroy(error);
			return;
		}
		while (this.#next < chunks.length) {
			if (!this.push(chunks[this.#next++])) {
				this.#isWanted = false;
				return;
			}
		}
		if (isWhole) this.push(null);
	}

	override _destroy(
		error: Error | null,
		callback: (error: Error | null) => void,
	): void {
		this.#onOver();
		callback(error);
	}
}
