import type { Reply } from "../../../index.ts";
import type { StoredAnswer } from "../store/stored-response.ts";

interface Recent {
	readonly ageSeconds: number;
	readonly ttlSeconds: number;
	readonly reply: Reply;
}

/** So many replies of so many bytes at most: what is dropped from the store stays here no longer than the next ones. */
const maxReplies = 256;
const maxBytes = 16_384;
/** So many hits are looked back upon. */
const maxSeen = 64;

/**
 * The replies of this second: what is asked for often is put together once for all who ask. Often is twice within a
 * few hits: a Map that every hit came into and left again would keep replies alive far beyond their second
 * (bench/README.md), and answers read from another machine are never the same ones twice.
 */
export class RecentReplies {
	readonly #byAnswer: Map<StoredAnswer, Recent> = new Map();
	readonly #seen: (StoredAnswer | null)[] = Array(maxSeen).fill(null);
	#next = 0;

	/** Null where none says these whole seconds. */
	find(answer: StoredAnswer, age: number, ttl: number): Reply | null {
		const recent = this.#byAnswer.get(answer);
		if (recent === undefined) return null;
		const isSame =
			recent.ageSeconds === Math.floor(age) &&
			recent.ttlSeconds === Math.floor(ttl);
		return isSame ? recent.reply : null;
	}

	keep(answer: StoredAnswer, age: number, ttl: number, reply: Reply): void {
		if (answer.body.length > maxBytes || !this.#isOften(answer)) return;
		if (this.#byAnswer.size >= maxReplies) this.#byAnswer.clear();
		const ageSeconds = Math.floor(age);
		const ttlSeconds = Math.floor(ttl);
		this.#byAnswer.set(answer, { ageSeconds, ttlSeconds, reply });
	}

	#isOften(answer: StoredAnswer): boolean {
		if (this.#byAnswer.has(answer) || this.#seen.includes(answer)) return true;
		this.#seen[this.#next] = answer;
		this.#next = (this.#next + 1) % maxSeen;
		return false;
	}
}
