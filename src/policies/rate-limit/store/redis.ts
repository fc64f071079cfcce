import type { Redis } from "ioredis";
import {
	type Checks,
	checkOptions,
	loadPeer,
	longestTimerMs,
	matching,
	object,
	text,
	whole,
} from "../../kit/kit.ts";
import { type RedisClient, RedisLimitStore } from "./redis-limit-store.ts";

export type { RedisClient, RedisLimitStore } from "./redis-limit-store.ts";

/** Where limits are counted for several gateways. */
export interface RedisStoreOptions {
	/** Such as `redis://127.0.0.1:6379/0`. One of `url` and `client` is needed. */
	readonly url?: string;
	/** A client of ioredis, or its Cluster, which its giver connects and closes. */
	readonly client?: RedisClient;
	/** What all keys begin with, without braces. Default `headgate:limit:`. */
	readonly prefix?: string;
	/** A request waits so many milliseconds for Redis; then `onStoreError` decides. Default 20. */
	readonly budgetMs?: number;
	/** Milliseconds after which a place of `concurrency` is free again whose gateway died. Longer calls renew it. Default 60,000, at least 1,000. */
	readonly leaseMs?: number;
}

/** After failures in a row one call in so many milliseconds is a try. */
const pauseMs = 1_000;

/**
 * Counts limits in Redis or Valkey (6.2 or later), by its clock, for all gateways that name the same prefix. A
 * request costs one round trip, however many limits it has. Needs the package ioredis where `url` is given.
 *
 * @throws TypeError for options that cannot be used; Error where ioredis is not installed.
 */
export function redisStore(options: RedisStoreOptions): RedisLimitStore {
	checkOptions("redisStore", options, checks);
	const { url, client, prefix = "headgate:limit:" } = options;
	const { budgetMs = 20, leaseMs = 60_000 } = options;
	if ((url === undefined) === (client === undefined)) {
		throw new TypeError("redisStore: give one of url and client");
	}
	const connect = url === undefined ? null : connector(url);
	const times = { budgetMs, leaseMs, pauseMs };
	const settings = { connect, client: client ?? null, prefix, ...times };
	return new RedisLimitStore({ ...settings, now: null });
}

const checks: Checks<RedisStoreOptions> = {
	url: text,
	client: object,
	prefix: matching("a string without braces", /^[^{}]*$/),
	budgetMs: whole(1, longestTimerMs),
	leaseMs: whole(1_000, longestTimerMs),
};

/** Loads ioredis now, so that it is missed at start-up. */
function connector(url: string): () => Redis {
	const { Redis: Client } = loadPeer<typeof import("ioredis")>(
		"ioredis",
		"headgate/rate-limit/redis",
	);
	return () => {
		const client = new Client(url, {
			// What can not be asked now is not asked later.
			enableOfflineQueue: false,
			maxRetriesPerRequest: 0,
			autoResendUnfulfilledCommands: false,
			connectTimeout: 2_000,
			// A connection that says nothing any more is given up.
			socketTimeout: 2_000,
			retryStrategy: (times) => Math.min(50 * times, 500),
			reconnectOnError: reconnectsToPrimary(),
		});
		// Each call says for itself that it failed.
		client.on("error", () => undefined);
		return client;
	};
}

/** A replica that was the primary: the address leads to the new one. But while it does not, each new connection ends like the last. */
function reconnectsToPrimary(): (error: Error) => boolean {
	let lastMs = Number.NEGATIVE_INFINITY;
	return ({ message }) => {
		if (!message.startsWith("READONLY")) return false;
		const nowMs = performance.now();
		if (nowMs - lastMs < pauseMs) return false;
		lastMs = nowMs;
		return true;
	};
}
