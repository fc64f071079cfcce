import { createHash } from "node:crypto";
import type { PurgeTarget } from "./store.ts";

/** Targets that are remembered one by one; beyond it, whatever was asked for before now counts as purged. */
const maxRemembered = 10_000;

/** The order of purges: what was asked for before a purge must not be stored behind it. */
export class Purges {
	/** How many there were. */
	count = 0;
	/** Whatever has a mark below it counts as purged. */
	#floor = 0;
	readonly #lastOf: Map<string, number> = new Map();

	note({ kind, value }: PurgeTarget): void {
		this.count++;
		if (kind === "prefix" || this.#lastOf.size >= maxRemembered) {
			this.#lastOf.clear();
			this.#floor = this.count;
		} else this.#lastOf.set(nameOf(kind, value), this.count);
	}

	/** Whether what was asked for at that mark has been purged since. */
	isBarred(mark: number, url: string, tags: readonly string[]): boolean {
		if (mark === this.count) return false;
		if (mark < this.#floor || this.#isAfter(nameOf("url", url), mark))
			return true;
		return tags.some((tag) => this.#isAfter(nameOf("tag", tag), mark));
	}

	#isAfter(name: string, mark: number): boolean {
		return (this.#lastOf.get(name) ?? 0) > mark;
	}
}

/** Clients choose URLs: a long one is remembered by its digest. */
function nameOf(kind: PurgeTarget["kind"], value: string): string {
	if (value.length <= 256) return `${kind} ${value}`;
	const digest = createHash("sha256").update(value).digest("base64");
	return `${kind} #${digest}`;
}
