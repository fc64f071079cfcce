/** An answer whose head waits for the rest of the read that brought it. */
export interface HeldHead {
	/** Sends the head now, unless the whole answer has come and gone meanwhile. */
	flushHead(): void;
}

const settled: Promise<void> = Promise.resolve();
let held: HeldHead[] = [];

/**
 * Holds a head until undici has used up what it has read: a body that came in the
 * same read then leaves in the same write. One microtask serves all of a read.
 */
export function holdHead(head: HeldHead): void {
	// A promise's microtask: queueMicrotask makes a resource for the trackers of asynchronous work each time (bench/README.md).
	if (held.push(head) === 1) void settled.then(flush);
}

function flush(): void {
	const heads = held;
	held = [];
	for (const head of heads) head.flushHead();
}
