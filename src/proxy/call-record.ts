/** What is noted of a call to an upstream. Made only where somebody asks how it went. */
export class CallRecord {
	/** The status of the answer; null until it comes. */
	status: number | null = null;
	sentBytes = 0;
	/** Of the answer's body. */
	receivedBytes = 0;
	readonly startedMs: number = performance.now();
	/** When the client had been handed the last of the answer; 0 before. */
	handedMs = 0;
	#sentMs: number = this.startedMs;
	#headMs = 0;
	#endMs = 0;
	/** Of the answer's time: the gateway's own, and while the client read slowly. */
	#ownMs = 0;
	#pausedMs = 0;
	#pausedSinceMs = 0;
	#isHeadTaken = true;

	onSent(bytes: number): void {
		this.sentBytes += bytes;
		if (this.#headMs === 0) this.#sentMs = performance.now();
	}

	onReceived(bytes: number): void {
		this.receivedBytes += bytes;
	}

	onHead(status: number): void {
		this.status = status;
		this.#headMs = performance.now();
		this.#isHeadTaken = false;
	}

	/** The head of the answer has been looked at, or it is what ended the call. */
	onHeadTaken(): void {
		if (this.#isHeadTaken) return;
		this.#isHeadTaken = true;
		this.#ownMs = performance.now() - this.#headMs;
	}

	onPaused(): void {
		this.#pausedSinceMs = performance.now();
	}

	onResumed(): void {
		if (this.#pausedSinceMs === 0) return;
		this.#pausedMs += performance.now() - this.#pausedSinceMs;
		this.#pausedSinceMs = 0;
	}

	onEnd(): void {
		this.onResumed();
		this.onHeadTaken();
		this.#endMs = performance.now();
	}

	onHanded(): void {
		this.handedMs = performance.now();
	}

	/** Waiting for the upstream until its head; null when there was none. */
	get headMs(): number | null {
		return this.#headMs === 0 ? null : this.#headMs - this.#sentMs;
	}

	/** Waiting for the upstream in all. */
	get waitedMs(): number {
		// A call may go on without its client.
		const endMs = this.#endMs || performance.now();
		if (this.#headMs === 0) return endMs - this.#sentMs;
		const body = endMs - this.#headMs - this.#ownMs - this.#pausedMs;
		return this.#headMs - this.#sentMs + Math.max(0, body);
	}

	/** The gateway's own time from the call on: at the head of the answer, and from its end until the client had been handed it. */
	ownMs(handedMs: number): number {
		const endMs = this.#endMs || handedMs;
		return this.#ownMs + Math.max(0, handedMs - endMs);
	}
}
