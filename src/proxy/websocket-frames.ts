/**
 * Follows where WebSocket frames end (RFC 6455 section 5.2) without touching
 * them: a frame of the gateway's own may only go in between two of theirs.
 */
export class FrameTracker {
	/** Bytes of the current frame that are still to come. */
	#rest = 0;
	#head: number[] = [];

	/** Whether the last byte that passed was the last of a frame. */
	get isBetweenFrames(): boolean {
		return this.#rest === 0 && this.#head.length === 0;
	}

	/** Takes note of bytes that pass. */
	pass(chunk: Uint8Array): void {
		let at = 0;
		while (at < chunk.length) {
			if (this.#rest > 0) {
				const step = Math.min(this.#rest, chunk.length - at);
				this.#rest -= step;
				at += step;
			} else {
				this.#head.push(chunk[at++] as number);
				this.#readHead();
			}
		}
	}

	#readHead(): void {
		const head = this.#head;
		if (head.length < 2) return;
		const second = head[1] as number;
		const short = second & 0x7f;
		const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
		if (head.length < 2 + lengthBytes) return;
		let length = lengthBytes === 0 ? short : 0;
		for (let i = 0; i < lengthBytes; i++) {
			length = length * 256 + (head[2 + i] as number);
		}
		this.#rest = length + (second >= 0x80 ? 4 : 0);
		this.#head = [];
	}
}

/** A close frame with status 1001, going away (RFC 6455 section 7.4.1); what a client sends is masked. */
export function goingAwayFrame(isMasked: boolean): Uint8Array {
	// A mask of zeros leaves the payload as it is; it is there because the frame must have one.
	return isMasked
		? Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9)
		: Uint8Array.of(0x88, 0x02, 0x03, 0xe9);
}
