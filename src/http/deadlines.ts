/** Something that may take too long. */
export interface Watched {
	/** Neighbours in the list of its watch; null when it is not watched. */
	previousWatched: Watched | null;
	nextWatched: Watched | null;
	/** Called about every {@link tickMs} with the watch's clock. */
	onTick(nowMs: number): void;
	/** Called when the gateway begins to close, and at every tick from then on: some things begin only now. */
	onClosing(): void;
	/** Called when the gateway has closed: it ends at once. Absent where something else sees to that. */
	destroy?(): void;
}

/** The resolution of every time-out, in milliseconds: none fires early, and none more than two ticks late. */
export const tickMs = 100;
/**
 * The most that the clock moves in one tick. Timers run before what has arrived is
 * read: after a standstill of the process the answers that waited for it would
 * else be late before they are looked at.
 */
const mostStepMs = 2 * tickMs;

const idleTicksBeforeStop = 20;

/**
 * One coarse timer for all calls instead of one a phase and call. Adding,
 * removing and noting activity cost no timer and no system call.
 */
export class DeadlineWatch {
	/** Milliseconds that the process has had, as of the last tick: at most {@link tickMs} behind. */
	nowMs = 0;
	#first: Watched | null = null;
	#timer: NodeJS.Timeout | null = null;
	#tickedMs = 0;
	#idleTicks = 0;
	#isClosing = false;

	add(item: Watched): void {
		if (this.#timer === null) this.#start();
		item.nextWatched = this.#first;
		item.previousWatched = null;
		if (this.#first !== null) this.#first.previousWatched = item;
		this.#first = item;
	}

	remove(item: Watched): void {
		const { previousWatched, nextWatched } = item;
		if (previousWatched !== null) previousWatched.nextWatched = nextWatched;
		else if (this.#first === item) this.#first = nextWatched;
		else return;
		if (nextWatched !== null) nextWatched.previousWatched = previousWatched;
		item.previousWatched = null;
		item.nextWatched = null;
	}

	/** Tells everything watched that the gateway closes. */
	announceClosing(): void {
		this.#isClosing = true;
		let item = this.#first;
		while (item !== null) {
			const next: Watched | null = item.nextWatched;
			item.onClosing();
			item = next;
		}
	}

	/** Stops the timer, and ends what is watched still: nobody would look after it any more. */
	close(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
		this.#timer = null;
		let item = this.#first;
		this.#first = null;
		while (item !== null) {
			const next: Watched | null = item.nextWatched;
			item.destroy?.();
			item = next;
		}
	}

	#start(): void {
		this.#tickedMs = performance.now();
		this.#idleTicks = 0;
		this.#timer = setInterval(() => this.#tick(), tickMs);
		// A watch alone keeps no process alive: the sockets of what it watches do.
		this.#timer.unref();
	}

	#tick(): void {
		const tickedMs = performance.now();
		this.nowMs += Math.min(tickedMs - this.#tickedMs, mostStepMs);
		this.#tickedMs = tickedMs;
		this.#idleTicks = this.#first === null ? this.#idleTicks + 1 : 0;
		if (this.#idleTicks > idleTicksBeforeStop && this.#timer !== null) {
			clearInterval(this.#timer);
			this.#timer = null;
			return;
		}
		let item = this.#first;
		while (item !== null) {
			// onTick may take the item out of the list.
			const next: Watched | null = item.nextWatched;
			item.onTick(this.nowMs);
			item = next;
		}
		if (this.#isClosing) this.announceClosing();
	}
}
