import type { buildConnector, Client, Dispatcher } from "undici";
import {
	defaults,
	type Upstream,
	type UpstreamOptions,
	type UpstreamTimeouts,
} from "../model/upstream.ts";
import { countAttempts } from "./attempts.ts";
import { Connections } from "./connections.ts";
import { createConnector } from "./connector.ts";
import type { Http1Options } from "./http1-connection.ts";

/** What one call goes to. */
export interface Target {
	/** Such as `http://users:8002`. */
	readonly origin: string;
	readonly dispatch: Dispatcher["dispatch"];
	/** The same origin over a connection of its own, for the one retry after a stale one. */
	readonly dispatchFresh: Dispatcher["dispatch"];
	/** Whether calls wait for one of its connections. */
	readonly hasQueue: boolean;
	/** Takes a call that waits for a connection out of the queue. */
	cancel(call: object, error: Error): void;
}

/** The open connections of an upstream. Owned by one gateway, which closes them. */
export class UpstreamPool {
	readonly upstream: Upstream;
	/** Calls under way or waiting. */
	inFlight = 0;
	readonly maxInFlight: number;
	readonly #targets: readonly PoolTarget[];
	#connectMs: number;
	#next = 0;

	constructor(upstream: Upstream) {
		const { pool = {} } = upstream.options;
		this.upstream = upstream;
		this.maxInFlight =
			(pool.connections ?? 1_024) * upstream.origins.length +
			(pool.maxQueue ?? 10_000);
		this.#targets = upstream.origins.map(
			(origin) => new PoolTarget(origin, upstream, () => this.#connectMs),
		);
		this.#connectMs = upstream.timeout.connectMs;
	}

	/** Gives an attempt to connect the time that a route allows: the longest of all routes. 0 is no limit. */
	allow({ connectMs }: UpstreamTimeouts): void {
		const isUnlimited = connectMs === 0 || this.#connectMs === 0;
		this.#connectMs = isUnlimited ? 0 : Math.max(connectMs, this.#connectMs);
	}

	/** The origin whose turn it is. */
	pick(): Target {
		const targets = this.#targets;
		if (targets.length === 1) return targets[0] as Target;
		this.#next = (this.#next + 1) % targets.length;
		return targets[this.#next] as Target;
	}

	/** Ends every connection at once. */
	async destroy(): Promise<void> {
		await Promise.all(this.#targets.map((target) => target.destroy()));
	}
}

class PoolTarget implements Target {
	readonly origin: string;
	readonly dispatch: Dispatcher["dispatch"];
	readonly dispatchFresh: Dispatcher["dispatch"];
	readonly #connections: Connections;

	constructor(origin: string, upstream: Upstream, connectMs: () => number) {
		const { pool, interceptors = [] } = upstream.options;
		const connections = new Connections({
			origin,
			client: toClientOptions(upstream),
			connect: createConnector(toConnect(upstream.options), connectMs),
			http1: toHttp1(origin, upstream.options, connectMs),
			max: pool?.connections ?? 1_024,
		});
		this.origin = origin;
		this.#connections = connections;
		this.dispatch = wrap(
			countAttempts(connections.dispatch, origin),
			interceptors,
		);
		this.dispatchFresh = wrap(
			countAttempts(connections.dispatchFresh, origin),
			interceptors,
		);
	}

	get hasQueue(): boolean {
		return this.#connections.hasQueue;
	}

	cancel(call: object, error: Error): void {
		this.#connections.cancel(call, error);
	}

	destroy(): Promise<void> {
		return this.#connections.destroy();
	}
}

function wrap(
	dispatch: Dispatcher["dispatch"],
	interceptors: readonly Dispatcher.DispatcherComposeInterceptor[],
): Dispatcher["dispatch"] {
	return interceptors.reduce(
		(inner, interceptor) => interceptor(inner),
		dispatch,
	);
}

function toConnect(options: UpstreamOptions): buildConnector.BuildOptions {
	const { tls = {}, socketPath } = options;
	const connect = {
		...tls,
		allowH2: false,
	} as buildConnector.BuildOptions;
	return socketPath === undefined ? connect : { ...connect, socketPath };
}

/** Null where undici makes all calls: over TLS, to a Unix socket, or where the user says so. */
function toHttp1(
	origin: string,
	{ client = defaults.client, pool, socketPath }: UpstreamOptions,
	connectMs: () => number,
): Http1Options | null {
	const { protocol, hostname, port } = new URL(origin);
	if (client === "undici" || socketPath !== undefined) return null;
	if (protocol !== "http:") return null;
	return {
		hostname: hostname.replace(/^\[|\]$/g, ""),
		port: Number(port || 80),
		connectMs,
		keepAliveMs: pool?.keepAliveMs ?? defaultKeepAliveMs,
	};
}

const defaultKeepAliveMs = 4_000;

function toClientOptions({ options }: Upstream): Client.Options {
	return {
		pipelining: 1,
		// The gateway's own watch looks after head and body (proxy/deadlines.ts): one timer for all calls.
		headersTimeout: 0,
		bodyTimeout: 0,
		keepAliveTimeout: options.pool?.keepAliveMs ?? defaultKeepAliveMs,
		maxHeaderSize: 64 * 1024,
		allowH2: false,
	};
}
