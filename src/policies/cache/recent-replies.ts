import type { Reply } from "../../index.ts";
import type { StoredAnswer } from "./stored-answer.ts";

interface Recent {
	readonly ageSeconds: number;
	readonly ttlSeconds: number;
	readonly reply: Reply;
}

/** So many replies of so many bytes at most: what is dropped from the store stays here no longer than the next ones. */
const maxReplies = 256;
const maxBytes = 16_384;

/** The replies of this second: what is asked for often is put together once for all who ask. */
export class RecentReplies {
	readonly #byAnswer: Map<StoredAnswer, Recent> = new Map();

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
		if (answer.body.length > maxBytes) return;
		if (this.#byAnswer.size >= maxReplies) this.#byAnswer.clear();
		const ageSeconds = Math.floor(age);
		const ttlSeconds = Math.floor(ttl);
		this.#byAnswer.set(answer, { ageSeconds, ttlSeconds, reply });
	}
}
