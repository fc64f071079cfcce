import type { WindowName } from "./ring.ts";

/** Calls by the class of their status; 499 are the clients that left. */
export interface StatusCounts {
	readonly "1xx": number;
	readonly "2xx": number;
	readonly "3xx": number;
	readonly "4xx": number;
	readonly "5xx": number;
	readonly "499": number;
}

/** The calls of a window: of a route, of an origin, of the whole gateway. Durations are within 4 %. */
export interface Traffic {
	readonly calls: number;
	readonly perSecond: number;
	readonly status: StatusCounts;
	/** Those answered with 5xx; of an origin, those that it failed: no answer, a broken one, or 5xx. */
	readonly failed: number;
	/** Now, not in the window. */
	readonly inFlight: number;
	/** Half of all calls were no slower; null where there were none. WebSockets and streams of events are not among them. */
	readonly p50Ms: number | null;
	readonly p90Ms: number | null;
	readonly p99Ms: number | null;
	/** The gateway's own time, on average; null where it is not known. */
	readonly overheadMs: number | null;
	/** The upstream's time, on average. */
	readonly upstreamMs: number | null;
	/** Of the whole time of all calls, the gateway's own: 0 to 1. */
	readonly overheadShare: number | null;
}

/** The calls of one route. */
export interface RouteTraffic extends Traffic {
	/** `operationId`, or `METHOD /path`. */
	readonly id: string;
	readonly methods: readonly string[];
	/** The template; never a path that was asked for. */
	readonly path: string;
}

/** How an origin does, by its latest calls (10 to 15 seconds): none in the whole window; fewer than 2 % failed; more; half of them or more. */
export type OriginState = "idle" | "up" | "unsteady" | "failing";

/** The calls to one origin, each attempt on its own. */
export interface OriginTraffic extends Traffic {
	/** Such as `http://users:8002`. */
	readonly origin: string;
	/** The names of the upstreams that it stands for, where they have names of their own. */
	readonly upstreams: readonly string[];
	readonly state: OriginState;
	/** The code or status of the last failure; null when there was none. */
	readonly lastFailure: string | null;
	/** How long ago, in milliseconds. */
	readonly lastFailureAgoMs: number | null;
}

/** How often a refusal was given, and why. */
export interface RefusalReason {
	/** The code of the error, or the status where there is none. */
	readonly code: string;
	readonly count: number;
}

/** Somebody who was refused: a known caller's id, else an address. Of the last five to ten minutes. */
export interface RefusedSubject {
	readonly subject: string;
	readonly kind: "caller" | "address";
	/** At most this often: others that were forgotten may be counted in. */
	readonly count: number;
	/** The code of the last refusal. */
	readonly code: string;
	/** The template of the route that refused last. */
	readonly route: string;
	readonly agoMs: number;
}

/** What a limit did. */
export interface LimitCounts {
	readonly name: string;
	/** Decisions by their outcome, such as `accepted` and `refused`. */
	readonly outcomes: Readonly<Record<string, number>>;
	/** Who met it most, of the last five to ten minutes; who was refused most comes first, then who has least left. */
	readonly subjects: readonly LimitSubject[];
}

/** Somebody under a limit. */
export interface LimitSubject {
	readonly subject: string;
	/** The plan that it had at the last call; null where there is none. */
	readonly plan: string | null;
	readonly calls: number;
	readonly refused: number;
	/** What the limit that is nearest had left at the last call; null where the limit does not tell. */
	readonly left: number | null;
}

/** What the cache did. */
export interface CacheCounts {
	/** Decisions by their outcome, such as `hit` and `miss`. */
	readonly outcomes: Readonly<Record<string, number>>;
	/** Answered without a call, of all that the cache was asked for: 0 to 1; null where it was not asked. */
	readonly hitShare: number | null;
}

/** One of the slowest requests. */
export interface SlowRequest {
	readonly id: string;
	readonly method: string;
	/** The template. */
	readonly route: string;
	readonly status: number;
	readonly source: string;
	readonly code: string | null;
	readonly upstream: string | null;
	readonly attempts: number;
	readonly durationMs: number;
	readonly overheadMs: number;
	readonly upstreamMs: number | null;
	readonly agoMs: number;
	readonly steps: readonly SlowStep[];
}

/** One step of a slow request. */
export interface SlowStep {
	/** Its number in the life of a request (docs/lifecycle.md). */
	readonly phase: number;
	readonly name: string;
	readonly ms: number;
}

/** The process that serves. */
export interface ProcessState {
	readonly pid: number;
	readonly node: string;
	readonly uptimeMs: number;
	/** How late timers were in the last second, in milliseconds: 99 of 100, and the worst. */
	readonly loopDelayP99Ms: number;
	readonly loopDelayMaxMs: number;
	/** The share of the last second in which the event loop was busy: 0 to 1. */
	readonly loopUtilization: number;
	readonly rssBytes: number;
	readonly heapUsedBytes: number;
	readonly heapLimitBytes: number;
}

/** A number a second, column by column. */
export interface History {
	readonly columns: readonly string[];
	/** Oldest first. */
	readonly rows: readonly (readonly (number | null)[])[];
}

/** Everything the page shows: what `<path>/snapshot.json` answers. */
export interface StatusSnapshot {
	readonly title: string;
	/** ISO 8601. */
	readonly time: string;
	/** How long the counting has gone on, in milliseconds. */
	readonly countedMs: number;
	readonly window: WindowName;
	/** How much time the window holds until now. */
	readonly windowMs: number;
	readonly process: ProcessState;
	readonly total: Traffic;
	readonly routes: readonly RouteTraffic[];
	/** Routes beyond those that are counted one by one: their calls are in the row `other routes`. */
	readonly otherRoutes: number;
	readonly origins: readonly OriginTraffic[];
	readonly reasons: readonly RefusalReason[];
	readonly refused: readonly RefusedSubject[];
	readonly limits: readonly LimitCounts[];
	readonly cache: CacheCounts;
	readonly slowest: readonly SlowRequest[];
	/** The last ten minutes, a row a second. */
	readonly history: History;
}
