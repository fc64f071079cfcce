import { type Checks, checkOptions, func, must } from "../../kit/kit.ts";
import { isOfOrigin } from "../cache-key.ts";
import { Purges } from "./purges.ts";
import type { CacheStore, Placement, PurgeTarget } from "./store.ts";
import { bytesOf } from "./stored-bytes.ts";
import type { CacheEntry } from "./stored-response.ts";

/** How much is kept in memory. */
export interface MemoryStoreOptions {
	/** Bytes for all entries and what it takes to find them. Default 64 MiB. */
	readonly maxBytes?: number;
	/** Milliseconds since the epoch. Default `Date.now`. */
	readonly now?: () => number;
}

const checks: Checks<MemoryStoreOptions> = {
	maxBytes: must(
		"a number above 0",
		(value) => typeof value === "number" && value > 0,
	),
	now: func,
};

/** An entry in three lists: all by last use, those of its URL, and by tags in sets. */
interface Slot {
	readonly key: string;
	readonly entry: CacheEntry;
	readonly url: string;
	readonly tags: readonly string[];
	readonly untilMs: number;
	readonly bytes: number;
	older: Slot | null;
	newer: Slot | null;
	previousOfUrl: Slot | null;
	nextOfUrl: Slot | null;
}

/** Keeps answers in this process: the least recently used go when there is no room. */
export class MemoryStore implements CacheStore {
	/** Bytes of all that is kept. */
	bytes = 0;
	readonly #maxBytes: number;
	readonly #now: () => number;
	readonly #slots: Map<string, Slot> = new Map();
	readonly #byUrl: Map<string, Slot> = new Map();
	readonly #byTag: Map<string, Set<Slot>> = new Map();
	readonly #purges = new Purges();
	#oldest: Slot | null = null;
	#newest: Slot | null = null;

	constructor(options: MemoryStoreOptions = {}) {
		checkOptions("memoryStore", options, checks);
		const { maxBytes = 67_108_864, now = Date.now } = options;
		this.#maxBytes = maxBytes;
		this.#now = now;
	}

	/** How many entries are kept. */
	get size(): number {
		return this.#slots.size;
	}

	get(key: string): CacheEntry | null {
		const slot = this.#slots.get(key);
		if (slot === undefined) return null;
		if (this.#now() >= slot.untilMs) {
			this.#drop(slot);
			return null;
		}
		if (slot !== this.#newest) {
			this.#unlink(slot);
			this.#link(slot);
		}
		return slot.entry;
	}

	set(key: string, entry: CacheEntry, placement: Placement): boolean {
		const { url, tags, keepMs, mark } = placement;
		const bytes = bytesOf(key, url, tags, entry);
		if (bytes > this.#maxBytes || this.#purges.isBarred(mark, url, tags)) {
			return false;
		}
		const known = this.#slots.get(key);
		if (known !== undefined) this.#drop(known);
		const untilMs = this.#now() + keepMs;
		this.#add({
			key,
			entry,
			url,
			tags,
			untilMs,
			bytes,
			older: null,
			newer: null,
			previousOfUrl: null,
			nextOfUrl: null,
		});
		while (this.bytes > this.#maxBytes && this.#oldest !== null) {
			this.#drop(this.#oldest);
		}
		return true;
	}

	delete(key: string): void {
		const slot = this.#slots.get(key);
		if (slot !== undefined) this.#drop(slot);
	}

	/** By prefix it looks at every URL that is kept: some milliseconds for a hundred thousand. */
	purge(target: PurgeTarget): number {
		this.#purges.note(target);
		const slots = [...this.#slotsOf(target)];
		for (const slot of slots) this.#drop(slot);
		return slots.filter(({ entry }) => entry.kind === "answer").length;
	}

	mark(): number {
		return this.#purges.count;
	}

	*#slotsOf({ kind, value, origin }: PurgeTarget): Generator<Slot> {
		if (kind === "tag") {
			yield* this.#byTag.get(value) ?? [];
			return;
		}
		const urls =
			kind === "url"
				? [value]
				: [...this.#byUrl.keys()].filter((url) => url.startsWith(value));
		for (const url of urls) {
			let slot = this.#byUrl.get(url) ?? null;
			for (; slot !== null; slot = slot.nextOfUrl) {
				if (isOfOrigin(slot.key, url, origin)) yield slot;
			}
		}
	}

	#add(slot: Slot): void {
		this.#slots.set(slot.key, slot);
		this.#link(slot);
		const first = this.#byUrl.get(slot.url) ?? null;
		slot.nextOfUrl = first;
		if (first !== null) first.previousOfUrl = slot;
		this.#byUrl.set(slot.url, slot);
		for (const tag of slot.tags) {
			const tagged = this.#byTag.get(tag);
			if (tagged === undefined) this.#byTag.set(tag, new Set([slot]));
			else tagged.add(slot);
		}
		this.bytes += slot.bytes;
	}

	#drop(slot: Slot): void {
		this.#slots.delete(slot.key);
		this.#unlink(slot);
		const { previousOfUrl, nextOfUrl, url } = slot;
		if (nextOfUrl !== null) nextOfUrl.previousOfUrl = previousOfUrl;
		if (previousOfUrl !== null) previousOfUrl.nextOfUrl = nextOfUrl;
		else if (nextOfUrl !== null) this.#byUrl.set(url, nextOfUrl);
		else this.#byUrl.delete(url);
		for (const tag of slot.tags) {
			const tagged = this.#byTag.get(tag);
			tagged?.delete(slot);
			if (tagged?.size === 0) this.#byTag.delete(tag);
		}
		this.bytes -= slot.bytes;
	}

	#link(slot: Slot): void {
		slot.older = this.#newest;
		if (this.#newest !== null) this.#newest.newer = slot;
		this.#newest = slot;
		this.#oldest ??= slot;
	}

	#unlink(slot: Slot): void {
		const { older, newer } = slot;
		if (older !== null) older.newer = newer;
		else this.#oldest = newer;
		if (newer !== null) newer.older = older;
		else this.#newest = older;
		slot.older = null;
		slot.newer = null;
	}
}

/** Keeps answers in this process: the least recently used go when there is no room. */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
	return new MemoryStore(options);
}
