import { Readable } from "node:stream";
import type { WindowName } from "./ring.ts";

/** After so many frames that it could not take in a row, a viewer is dropped. */
const maxSkipped = 30;

/** One who watches: a stream of events that holds one frame at most. */
class Viewer extends Readable {
	readonly window: WindowName;
	/** Whether it has missed a frame, and must get everything anew. */
	needsAll = true;
	skipped = 0;
	readonly #onGone: (viewer: Viewer) => void;

	constructor(window: WindowName, onGone: (viewer: Viewer) => void) {
		super();
		this.window = window;
		this.#onGone = onGone;
	}

	/** Whether the last frame is still waiting for the client. */
	get isBehind(): boolean {
		return this.readableLength > 0;
	}

	override _read(): void {
		// Frames come when the clock says so.
	}

	override _destroy(
		error: Error | null,
		done: (error?: Error | null) => void,
	): void {
		this.#onGone(this);
		done(error);
	}
}

/** Makes the text of a frame: `isWhole` with all of the history, else with its last second alone. */
export type MakeFrame = (window: WindowName, isWhole: boolean) => string;

/** All who watch: each frame is made once a tick, and only where somebody wants it. */
export class Feed {
	readonly #maxViewers: number;
	readonly #makeFrame: MakeFrame;
	readonly #viewers = new Set<Viewer>();

	constructor(maxViewers: number, makeFrame: MakeFrame) {
		this.#maxViewers = maxViewers;
		this.#makeFrame = makeFrame;
	}

	get size(): number {
		return this.#viewers.size;
	}

	/** A stream of frames, the first at once; null where as many watch as may. */
	open(window: WindowName): Readable | null {
		if (this.#viewers.size >= this.#maxViewers) return null;
		const viewer = new Viewer(window, (gone) => this.#viewers.delete(gone));
		this.#viewers.add(viewer);
		this.#send(viewer, new Map());
		return viewer;
	}

	/** Sends a frame to all. */
	tick(): void {
		if (this.#viewers.size === 0) return;
		const frames = new Map<string, Buffer>();
		for (const viewer of this.#viewers) this.#send(viewer, frames);
	}

	#send(viewer: Viewer, frames: Map<string, Buffer>): void {
		if (viewer.isBehind) {
			viewer.needsAll = true;
			viewer.skipped++;
			if (viewer.skipped > maxSkipped) viewer.destroy();
			return;
		}
		const key = `${viewer.window} ${viewer.needsAll}`;
		const frame =
			frames.get(key) ?? this.#toFrame(viewer.window, viewer.needsAll);
		frames.set(key, frame);
		viewer.skipped = 0;
		viewer.needsAll = false;
		viewer.push(frame);
	}

	/** JSON has no line breaks, so that one line of data holds it (WHATWG HTML, section 9.2). */
	#toFrame(window: WindowName, isWhole: boolean): Buffer {
		const event = isWhole ? "all" : "second";
		const data = this.#makeFrame(window, isWhole);
		return Buffer.from(`event: ${event}\ndata: ${data}\n\n`);
	}

	close(): void {
		for (const viewer of this.#viewers) viewer.destroy();
	}
}
