/** Finds the key for a token by its header; jose's own shape. */
export type FindKey = (header: object, token: object) => Promise<unknown>;

/** Keys could not be had: nobody can tell whether a token is valid. */
export class KeysUnavailable extends Error {
	override readonly name: string = "KeysUnavailable";
}

/** What a set of keys is made from. */
export interface RemoteKeysOptions {
	/** Asks the issuer for its set. */
	readonly fetchSet: () => Promise<unknown>;
	/** Compiles a set; throws where it is none. */
	readonly toFindKey: (set: unknown) => FindKey;
	/** Whether an error of a {@link FindKey} says that the set has no such key. */
	readonly isUnknownKey: (error: unknown) => boolean;
	readonly now: () => number;
}

/** Then a set is refreshed, in the background of whoever asks. */
const freshMs = 600_000;
/** So long the last good set serves while the issuer is down. */
const keptMs = 86_400_000;
/** An unknown key makes the issuer be asked at most once in that time; after a failure first in a second, then in twice the time. */
const unknownPauseMs = 30_000;
/** An issuer that failed is not asked again sooner: first for a set that is needed, then for one that is only old. */
const neededPauseMs = 1_000;
const refreshPauseMs = 30_000;

/**
 * An issuer's keys (RFC 7517), fetched when first needed. Requests at the same
 * time share a fetch. No timer: what is old is refreshed when somebody asks.
 */
export class RemoteKeys {
	/** Changes with the set: what was verified by another one is verified again. */
	version = 0;
	readonly #options: RemoteKeysOptions;
	#find: FindKey | null = null;
	#text = "";
	#loadedAtMs: number = Number.NEGATIVE_INFINITY;
	#failedAtMs: number = Number.NEGATIVE_INFINITY;
	#unknownAtMs: number = Number.NEGATIVE_INFINITY;
	#unknownFailures = 0;
	#loading: Promise<void> | null = null;

	constructor(options: RemoteKeysOptions) {
		this.#options = options;
	}

	/** The key for a token. @throws KeysUnavailable when no set can be had; what {@link FindKey} throws when there is no such key. */
	async find(header: object, token: object): Promise<unknown> {
		const { isUnknownKey, now } = this.#options;
		const isNew = await this.#makeReady();
		try {
			return await this.#search(header, token);
		} catch (error) {
			if (!isUnknownKey(error)) throw error;
			if (isNew) this.#unknownAtMs = now();
			if (isNew || !(await this.#refetch())) throw error;
			return this.#search(header, token);
		}
	}

	#search(header: object, token: object): Promise<unknown> {
		if (this.#find === null) throw new KeysUnavailable("no set of keys");
		return this.#find(header, token);
	}

	/** Whether the set was fetched for this call. */
	async #makeReady(): Promise<boolean> {
		const ageMs = Math.abs(this.#options.now() - this.#loadedAtMs);
		if (ageMs <= freshMs) return false;
		if (this.#find !== null && ageMs <= keptMs) {
			if (this.#mayAsk(refreshPauseMs)) this.#load().catch(ignore);
			return false;
		}
		this.#find = null;
		if (!this.#mayAsk(neededPauseMs))
			throw new KeysUnavailable("asked just now");
		await this.#load();
		return true;
	}

	#mayAsk(pauseMs: number): boolean {
		if (this.#loading !== null) return true;
		return Math.abs(this.#options.now() - this.#failedAtMs) >= pauseMs;
	}

	/**
	 * Asks again for an unknown key; false where the issuer gave its set a short time ago.
	 *
	 * @throws KeysUnavailable while the issuer gives none: then the key may be a new one.
	 */
	async #refetch(): Promise<boolean> {
		const failures = this.#unknownFailures;
		if (this.#loading === null) {
			const sinceMs = Math.abs(this.#options.now() - this.#unknownAtMs);
			const pauseMs =
				failures === 0
					? unknownPauseMs
					: Math.min(neededPauseMs * 2 ** (failures - 1), unknownPauseMs);
			if (sinceMs < pauseMs) {
				if (failures === 0) return false;
				throw new KeysUnavailable("asked just now");
			}
			this.#unknownAtMs = this.#options.now();
		}
		try {
			await this.#load();
			return true;
		} catch (error) {
			// Requests that shared the call count one failure.
			this.#unknownFailures = failures + 1;
			this.#unknownAtMs = this.#options.now();
			throw error;
		}
	}

	#load(): Promise<void> {
		this.#loading ??= this.#fetch().finally(() => {
			this.#loading = null;
		});
		return this.#loading;
	}

	async #fetch(): Promise<void> {
		const { fetchSet, toFindKey, now } = this.#options;
		try {
			const set = await fetchSet();
			const text = JSON.stringify(set);
			if (this.#find === null || text !== this.#text) {
				this.#find = toFindKey(set);
				this.#text = text;
				this.version++;
			}
			this.#loadedAtMs = now();
			this.#failedAtMs = Number.NEGATIVE_INFINITY;
			this.#unknownFailures = 0;
		} catch (cause) {
			this.#failedAtMs = now();
			throw new KeysUnavailable("the issuer gave no keys", { cause });
		}
	}
}

function ignore(): void {
	// The last good set serves on; who needs a newer one asks again.
}
