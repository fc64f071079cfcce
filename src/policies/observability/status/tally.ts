import { type WindowName, Windows } from "./ring.ts";
import { toShortName } from "./top.ts";

const room = 12;
const rest = "other";

/** How often each of a few words came up; when there is no room for one more, it is counted as `other`. */
export class Tally {
	readonly #columns = new Map<string, number>();
	readonly #windows = new Windows(room + 1);

	add(nowMs: number, word: string): void {
		const column = this.#columns.get(word) ?? this.#open(word);
		for (const ring of [this.#windows.minute, this.#windows.ten]) {
			const at = ring.rowAt(nowMs) * (room + 1) + column;
			ring.counts[at] = (ring.counts[at] as number) + 1;
		}
	}

	#open(word: string): number {
		const name = this.#columns.size < room ? toShortName(word) : rest;
		const column = this.#columns.get(name) ?? this.#columns.size;
		this.#columns.set(name, column);
		return column;
	}

	/** Every word that has come up, most often first. */
	read(window: WindowName, nowMs: number): [string, number][] {
		const { counts } = this.#windows.total(window, nowMs);
		return [...this.#columns]
			.map(([word, column]): [string, number] => [word, counts[column] ?? 0])
			.sort((a, b) => b[1] - a[1]);
	}
}
