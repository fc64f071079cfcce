import { createRequire } from "node:module";
import type { Counter, Gauge, Histogram, Registry } from "prom-client";
import type {
	AttemptEnd,
	Decision,
	Outcome,
	RouteInfo,
	UpstreamAttempt,
} from "../../index.ts";

/** The package prom-client. */
export type PromClient = typeof import("prom-client");

const defaultBuckets = [
	0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
	60,
];
const overheadBuckets = [
	0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25,
];
/** RFC 9110 section 9, RFC 5789 and the QUERY draft; every other method counts as one. */
const methods: ReadonlySet<string> = new Set([
	...["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS"],
	...["TRACE", "PATCH", "QUERY"],
]);
const call = ["method", "route", "status", "upstream"] as const;

/** What one route counts under its own labels. */
export interface CountedRoute {
	readonly inFlight: Pick<Gauge.Internal<string>, "inc" | "dec">;
	/** Counts a call to the upstream, until what it gives back is told of the end. */
	call(attempt: UpstreamAttempt): (end: AttemptEnd) => void;
	add(method: string, outcome: Outcome): void;
}

/** The children of one route, method and status, found once. */
interface Bound {
	readonly server: Histogram.Internal<string>;
	readonly answers: Counter.Internal;
}

/** All that is counted. Children are bound to their labels at first use and kept. */
export class Instruments {
	readonly #server: Histogram<(typeof call)[number]>;
	readonly #client: Histogram<(typeof call)[number]>;
	readonly #overhead: Histogram<"route">;
	readonly #inFlight: Gauge<"route">;
	/** Calls under way, by upstream: a gauge of prom-client costs more at each change than at each scrape. */
	readonly #calls = new Map<string, { count: number }>();
	readonly #bytes: Counter<"route" | "direction">;
	readonly #retries: Counter<"upstream">;
	readonly #answers: Counter<"route" | "source" | "status">;
	readonly #decisions: Counter<"kind" | "policy" | "outcome">;
	readonly #cache: Counter<"result">;

	constructor(
		client: PromClient,
		registry: Registry,
		buckets: readonly number[] = defaultBuckets,
	) {
		const registers = [registry];
		const times = { labelNames: call, buckets: [...buckets], registers };
		this.#server = new client.Histogram({
			name: "http_server_request_duration_seconds",
			help: "Requests, from their head to the last byte of the answer.",
			...times,
		});
		this.#client = new client.Histogram({
			name: "http_client_request_duration_seconds",
			help: "Calls to an upstream, to the last byte of the answer.",
			...times,
		});
		this.#overhead = new client.Histogram({
			name: "gateway_overhead_seconds",
			help: "The gateway's own part of a request.",
			labelNames: ["route"],
			buckets: overheadBuckets,
			registers,
		});
		const counter = <L extends string>(
			name: string,
			help: string,
			labelNames: readonly L[],
		): Counter<L> => new client.Counter({ name, help, labelNames, registers });
		this.#inFlight = new client.Gauge({
			name: "gateway_requests_in_flight",
			help: "Requests under way.",
			labelNames: ["route"],
			registers,
		});
		const calls = this.#calls;
		new client.Gauge({
			name: "gateway_upstream_requests_in_flight",
			help: "Calls to an upstream under way.",
			labelNames: ["upstream"],
			registers,
			collect() {
				for (const [upstream, { count }] of calls)
					this.set({ upstream }, count);
			},
		});
		this.#bytes = counter(
			"gateway_body_bytes_total",
			"Bytes of bodies, in from clients and out to them.",
			["route", "direction"],
		);
		this.#retries = counter(
			"gateway_upstream_retries_total",
			"Calls to an upstream beyond the first of a request.",
			["upstream"],
		);
		this.#answers = counter(
			"gateway_answers_total",
			"Answers by who decided on their status.",
			["route", "source", "status"],
		);
		this.#decisions = counter(
			"gateway_decisions_total",
			"What limits and schemes decided.",
			["kind", "policy", "outcome"],
		);
		this.#cache = counter("gateway_cache_total", "What caches did.", [
			"result",
		]);
		new client.Gauge({
			name: "gateway_build_info",
			help: "The versions that run.",
			labelNames: ["version", "node"],
			registers,
		}).set({ version: ownVersion(), node: process.version }, 1);
	}

	/** What a route counts. */
	ofRoute(info: RouteInfo): CountedRoute {
		const route = info.id === "unmatched" ? "unmatched" : info.path;
		const upstream = info.upstream ?? "";
		const inFlight = this.#inFlight.labels(route);
		const overhead = this.#overhead.labels(route);
		const bytesIn = this.#bytes.labels(route, "in");
		const bytesOut = this.#bytes.labels(route, "out");
		const bound = new Map<string, Bound>();
		return {
			inFlight,
			call: this.#callsOf(route, info),
			add: (method, outcome) => {
				const name = methods.has(method) ? method : "_OTHER";
				const status = toStatus(outcome.status);
				const key = `${name} ${status} ${outcome.source}`;
				let found = bound.get(key);
				if (found === undefined) {
					found = {
						server: this.#server.labels(name, route, status, upstream),
						answers: this.#answers.labels(route, outcome.source, status),
					};
					bound.set(key, found);
				}
				found.server.observe(outcome.durationMs / 1000);
				found.answers.inc();
				overhead.observe(outcome.overheadMs / 1000);
				if (outcome.bytesIn > 0) bytesIn.inc(outcome.bytesIn);
				if (outcome.bytesOut > 0) bytesOut.inc(outcome.bytesOut);
			},
		};
	}

	/** Counts and times each call of a route. */
	#callsOf(route: string, { upstream }: RouteInfo): CountedRoute["call"] {
		if (upstream === null) return () => () => undefined;
		const inFlight = this.#calls.get(upstream) ?? { count: 0 };
		this.#calls.set(upstream, inFlight);
		const timed = new Map<string, Histogram.Internal<string>>();
		return ({ method, number }) => {
			const startedMs = performance.now();
			inFlight.count++;
			if (number > 1) this.#retries.inc({ upstream });
			return ({ status }) => {
				inFlight.count--;
				const name = methods.has(method) ? method : "_OTHER";
				const answer = status === null ? "none" : toStatus(status);
				const key = `${name} ${answer}`;
				let child = timed.get(key);
				if (child === undefined) {
					child = this.#client.labels(name, route, answer, upstream);
					timed.set(key, child);
				}
				child.observe((performance.now() - startedMs) / 1000);
			};
		};
	}

	/** Counts what a limit, a scheme or a cache decided. */
	decide({ kind, name, outcome }: Decision): void {
		if (kind === "cache") this.#cache.inc({ result: outcome });
		else this.#decisions.inc({ kind, policy: name, outcome });
	}
}

/** A service may answer with any three digits: beyond those that the RFC groups, all count as one. */
function toStatus(status: number): string {
	return status >= 100 && status < 600 ? String(status) : "other";
}

function ownVersion(): string {
	const manifest = createRequire(import.meta.url)("../../../package.json");
	return (manifest as { readonly version: string }).version;
}
