import type { buildConnector, Client, Dispatcher } from "undici";
import {
	defaults,
	type Upstream,
	type UpstreamOptions,
} from "../model/upstream.ts";
import { countAttempts } from "./attempts.ts";
import { Connections } from "./connections.ts";
import { createConnector } from "./connector.ts";
import type { Http1Options } from "./http1-connection.ts";

/** A target that cannot be connected to gets no call for so long, in milliseconds. */
const cooldownMs = 5_000;

/**
 * One address of an upstream, with its connections. A target that cannot be connected to is excluded
 * for five seconds; then it is on trial: it gets one call at a time until one is connected.
 */
export class Target {
	/** Calls in progress. */
	calls = 0;
	/** Where an exclusion ends, on the clock of the pool; 0 where there is none. */
	#excludedUntilMs = 0;
	/** Such as `http://users:8002`. */
	readonly origin: string;
	readonly dispatch: Dispatcher["dispatch"];
	/** Makes a call on a connection of its own. */
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

	/** Whether it may be chosen: it is not excluded, nor on trial with a call in progress. */
	isEligible(nowMs: number): boolean {
		if (this.#excludedUntilMs === 0) return true;
		return nowMs >= this.#excludedUntilMs && this.calls === 0;
	}

	/** A connection to it was made. */
	onConnected(): void {
		this.#excludedUntilMs = 0;
	}

	/**
	 * It could not be connected to: calls that wait for a connection to it fail now, and may go elsewhere.
	 * Returns false where it is excluded already.
	 */
	exclude(nowMs: number, error: Error): boolean {
		if (nowMs < this.#excludedUntilMs) return false;
		this.#excludedUntilMs = nowMs + cooldownMs;
		this.#connections.failUnconnected(error);
		return true;
	}

	/** Whether calls wait for one of its connections. */
	get hasQueue(): boolean {
		return this.#connections.hasQueue;
	}

	/** Takes a call that waits for a connection out of the queue. */
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
