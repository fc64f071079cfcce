import { once } from "node:events";
import type { Redis } from "ioredis";
import {
	anyText,
	type Checks,
	checkOptions,
	loadPeer,
	milliseconds,
	object,
	text,
} from "../../kit/kit.ts";
import { decodeEntry, encodeEntry } from "./redis-codec.ts";
import { purgeScript, rememberedMs, setScript } from "./redis-scripts.ts";
import type { CacheStore, Placement, PurgeTarget } from "./store.ts";
import { StoreBreaker } from "./store-breaker.ts";
import type { CacheEntry } from "./stored-response.ts";

/** A client of ioredis: what `new Redis(...)` gives. Its own type would bind the declarations to an optional package. */
export interface RedisClient {
	readonly status: string;
	disconnect(reconnect?: boolean): void;
	mgetBuffer(...keys: string[]): Promise<(Buffer | null)[]>;
}

/** Where answers are kept for several gateways. */
export interface RedisStoreOptions {
	/** Such as `redis://127.0.0.1:6379/0`. One of `url` and `client` is needed. */
	readonly url?: string;
	/** A client of ioredis, which its giver closes. Not a cluster. */
	readonly client?: RedisClient;
	/** What all keys begin with. Default `headgate:cache:`. */
	readonly prefix?: string;
	/** A command may take so many milliseconds; later it is a miss. Default 100. */
	readonly timeoutMs?: number;
	/** After failures in a row it is left alone for so many milliseconds. Default 1,000. */
	readonly pauseMs?: number;
}

const checks: Checks<RedisStoreOptions> = {
	url: text,
	client: object,
	prefix: anyText,
	timeoutMs: milliseconds(1),
	pauseMs: milliseconds(),
};

/** Keeps answers in Redis or Valkey, for all gateways that name the same prefix. */
export class RedisStore implements CacheStore {
	readonly #client: Redis;
	readonly #isOwn: boolean;
	readonly #prefix: string;
	readonly #breaker: StoreBreaker;
	#mark = 0;

	constructor(options: RedisStoreOptions) {
		checkOptions("redisStore", options, checks);
		const { url, client, prefix = "headgate:cache:" } = options;
		const { timeoutMs = 100, pauseMs = 1_000 } = options;
		if ((url === undefined) === (client === undefined)) {
			throw new TypeError("redisStore: give one of url and client");
		}
		this.#isOwn = client === undefined;
		this.#client = (client as Redis | undefined) ?? connect(url as string);
		this.#prefix = prefix;
		this.#breaker = new StoreBreaker(timeoutMs, pauseMs);
	}

	async get(key: string): Promise<CacheEntry | null> {
		const [bytes, count] = await this.#breaker.run(() =>
			this.#client.mgetBuffer(this.#name("e", key), this.#name("count")),
		);
		this.#mark = Number(count ?? 0);
		return bytes === null || bytes === undefined ? null : decodeEntry(bytes);
	}

	async set(
		key: string,
		entry: CacheEntry,
		{ url, tags, keepMs, mark }: Placement,
	): Promise<boolean> {
		const keys = [
			this.#name("e", key),
			this.#name("floor"),
			this.#name("urls"),
		];
		if (entry.kind === "answer") {
			keys.push(this.#name("u", url), this.#name("xu", url));
			for (const tag of tags) {
				keys.push(this.#name("t", tag), this.#name("xt", tag));
			}
		}
		const result = await this.#breaker.run(() =>
			this.#client.eval(
				setScript,
				keys.length,
				...keys,
				encodeEntry(entry),
				Math.ceil(Math.min(keepMs, Number.MAX_SAFE_INTEGER / 4096)),
				mark,
				key,
				url,
			),
		);
		return result === 1;
	}

	async delete(key: string): Promise<void> {
		await this.#breaker.run(() => this.#client.del(this.#name("e", key)));
	}

	/** @throws Error where Redis does not answer: then nothing is known to be dropped. */
	async purge({ kind, value, origin }: PurgeTarget): Promise<number> {
		if (kind === "prefix") return this.#purgePrefix(value, origin);
		const [index, last] = kind === "tag" ? ["t", "xt"] : ["u", "xu"];
		const start = origin === null ? "" : `${value}\n${origin}\n`;
		const [count, dropped] = (await this.#client.eval(
			purgeScript,
			3,
			this.#name("count"),
			this.#name(last as string, value),
			this.#name(index as string, value),
			this.#name("e", ""),
			start,
			rememberedMs,
		)) as [number, number];
		this.#mark = Math.max(this.#mark, count);
		return dropped;
	}

	/** Waits until Redis answers, for a start that wants to be sure of it. Without it requests miss until then. */
	async connected(): Promise<void> {
		if (this.#client.status !== "ready") await once(this.#client, "ready");
	}

	mark(): number {
		return this.#mark;
	}

	/** Ends the connection, where it is the store's own. */
	close(): void {
		if (this.#isOwn) this.#client.disconnect();
	}

	/** By what is listed, a piece at a time: Redis serves others in between. */
	async #purgePrefix(prefix: string, origin: string | null): Promise<number> {
		const count = await this.#client.incr(this.#name("count"));
		await this.#client.set(this.#name("floor"), count);
		const pattern = `${prefix.replaceAll(/[\\*?[\]]/g, "\\$&")}*`;
		let dropped = 0;
		let cursor = "0";
		do {
			const [next, found] = await this.#client.zscan(
				this.#name("urls"),
				cursor,
				"MATCH",
				pattern,
				"COUNT",
				1_000,
			);
			cursor = next;
			for (let i = 0; i < found.length; i += 2) {
				const value = found[i] as string;
				dropped += await this.purge({ kind: "url", value, origin });
			}
		} while (cursor !== "0");
		return dropped;
	}

	#name(kind: string, name?: string): string {
		return name === undefined
			? this.#prefix + kind
			: `${this.#prefix + kind}:${name}`;
	}
}

/**
 * Keeps answers in Redis or Valkey, for all gateways that name the same prefix. What fails or takes too long is a
 * miss. Needs the package ioredis.
 *
 * @throws TypeError without exactly one of url and client; Error where ioredis is not installed.
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
	return new RedisStore(options);
}

function connect(url: string): Redis {
	const { Redis: Client } = loadPeer<typeof import("ioredis")>(
		"ioredis",
		"headgate/cache/redis",
	);
	const client = new Client(url, {
		// What can not be asked now is a miss now.
		enableOfflineQueue: false,
		maxRetriesPerRequest: 0,
		autoResendUnfulfilledCommands: false,
		connectTimeout: 2_000,
		retryStrategy: (times) => Math.min(50 * times, 1_000),
	});
	// Each command says for itself that it failed.
	client.on("error", () => undefined);
	return client;
}
