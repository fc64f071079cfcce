import type { Registry } from "prom-client";
import type {
	AttemptEnd,
	Decision,
	Outcome,
	RouteInfo,
	UpstreamAttempt,
} from "../../../index.ts";
import { version } from "../../kit/kit.ts";
import { Tallies, type Tally, type Timing, Timings } from "./series.ts";

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

/** What one route counts under its own labels. */
export interface CountedRoute {
	readonly inFlight: Tally;
	/** Counts a call to the upstream, until what it gives back is told of the end. */
	call(attempt: UpstreamAttempt): (end: AttemptEnd) => void;
	add(method: string, outcome: Outcome): void;
}

/** The series of one route, method and status, found once. */
interface Bound {
	readonly server: Timing;
	readonly answers: Tally;
}

/** All that is counted. Series are bound to their labels at first use and kept. */
export class Instruments {
	readonly #server: Timings;
	readonly #client: Timings;
	readonly #overhead: Timings;
	readonly #inFlight: Tallies;
	readonly #calls: Tallies;
	readonly #bytes: Tallies;
	readonly #retries: Tallies;
	readonly #answers: Tallies;
	readonly #decisions: Tallies;
	readonly #cache: Tallies;
	/** Of the last two, by kind, name and outcome. */
	readonly #decided: Map<string, Tally> = new Map();

	constructor(
		client: PromClient,
		registry: Registry,
		buckets: readonly number[] = defaultBuckets,
	) {
		const timings = (name: string, help: string, bounds = buckets): Timings =>
			new Timings(name, help, bounds, registry);
		const tallies = (
			kind: "Counter" | "Gauge",
			name: string,
			help: string,
			labelNames: readonly string[],
		): Tallies => {
			const all = new Tallies();
			new client[kind]({
				name,
				help,
				labelNames,
				registers: [registry],
				collect() {
					all.giveTo(this);
				},
			});
			return all;
		};
		this.#server = timings(
			"http_server_request_duration_seconds",
			"Requests, from their head to the last byte of the answer.",
		);
		this.#client = timings(
			"http_client_request_duration_seconds",
			"Calls to an upstream, to the last byte of the answer.",
		);
		this.#overhead = timings(
			"gateway_overhead_seconds",
			"The gateway's own part of a request.",
			overheadBuckets,
		);
		this.#inFlight = tallies(
			"Gauge",
			"gateway_requests_in_flight",
			"Requests under way.",
			["route"],
		);
		this.#calls = tallies(
			"Gauge",
			"gateway_upstream_requests_in_flight",
			"Calls to an upstream under way.",
			["upstream"],
		);
		this.#bytes = tallies(
			"Counter",
			"gateway_body_bytes_total",
			"Bytes of bodies, in from clients and out to them.",
			["route", "direction"],
		);
		this.#retries = tallies(
			"Counter",
			"gateway_upstream_retries_total",
			"Calls to an upstream beyond the first of a request.",
			["upstream"],
		);
		this.#answers = tallies(
			"Counter",
			"gateway_answers_total",
			"Answers by who decided on their status.",
			["route", "source", "status"],
		);
		this.#decisions = tallies(
			"Counter",
			"gateway_decisions_total",
			"What limits and schemes decided.",
			["kind", "policy", "outcome"],
		);
		this.#cache = tallies(
			"Counter",
			"gateway_cache_total",
			"What caches did.",
			["result"],
		);
		new client.Gauge({
			name: "gateway_build_info",
			help: "The versions that run.",
			labelNames: ["version", "node"],
			registers: [registry],
		}).set({ version, node: process.version }, 1);
	}

	/** Shows an upstream before its first call. */
	declare({ upstream }: RouteInfo): void {
		if (upstream !== null) this.#calls.of({ upstream });
	}

	/** What a route counts. */
	ofRoute(info: RouteInfo): CountedRoute {
		const route = info.id === "unmatched" ? "unmatched" : info.path;
		const upstream = info.upstream ?? "";
		const overhead = this.#overhead.of({ route });
		const bytesIn = this.#bytes.of({ route, direction: "in" });
		const bytesOut = this.#bytes.of({ route, direction: "out" });
		const bound = new Map<string, Bound>();
		return {
			inFlight: this.#inFlight.of({ route }),
			call: this.#callsOf(route, info),
			add: (given, outcome) => {
				const method = toMethod(given);
				const status = toStatus(outcome.status);
				const { source } = outcome;
				const key = `${method} ${status} ${source}`;
				let found = bound.get(key);
				if (found === undefined) {
					found = {
						server: this.#server.of({ method, route, status, upstream }),
						answers: this.#answers.of({ route, source, status }),
					};
					bound.set(key, found);
				}
				found.server.observe(outcome.durationMs / 1000);
				found.answers.count++;
				overhead.observe(outcome.overheadMs / 1000);
				bytesIn.count += outcome.bytesIn;
				bytesOut.count += outcome.bytesOut;
			},
		};
	}

	/** Counts and times each call of a route. */
	#callsOf(route: string, { upstream }: RouteInfo): CountedRoute["call"] {
		if (upstream === null) return () => () => undefined;
		const inFlight = this.#calls.of({ upstream });
		const retries = this.#retries.of({ upstream });
		const timed = new Map<string, Timing>();
		return ({ method: given, number }) => {
			const startedMs = performance.now();
			inFlight.count++;
			if (number > 1) retries.count++;
			return (end) => {
				inFlight.count--;
				const method = toMethod(given);
				const status = end.status === null ? "none" : toStatus(end.status);
				const key = `${method} ${status}`;
				let timing = timed.get(key);
				if (timing === undefined) {
					timing = this.#client.of({ method, route, status, upstream });
					timed.set(key, timing);
				}
				timing.observe((performance.now() - startedMs) / 1000);
			};
		};
	}

	/** Counts what a limit, a scheme or a cache decided. */
	decide({ kind, name, outcome }: Decision): void {
		const key = `${kind} ${name} ${outcome}`;
		let tally = this.#decided.get(key);
		if (tally === undefined) {
			tally =
				kind === "cache"
					? this.#cache.of({ result: outcome })
					: this.#decisions.of({ kind, policy: name, outcome });
			this.#decided.set(key, tally);
		}
		tally.count++;
	}
}

function toMethod(method: string): string {
	return methods.has(method) ? method : "_OTHER";
}

/** A service may answer with any three digits: beyond those that the RFC groups, all count as one. */
function toStatus(status: number): string {
	return status >= 100 && status < 600 ? String(status) : "other";
}
