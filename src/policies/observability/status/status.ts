import {
	type Dependencies,
	HttpError,
	type Policy,
	type Route,
	reply,
	route,
	Type,
} from "../../../index.ts";
import {
	type Checks,
	checkOptions,
	dependencyMap,
	flag,
	matching,
	required,
	text,
	whole,
} from "../../kit/kit.ts";
import { assetAnswers, pageAnswer } from "./assets.ts";
import { Feed } from "./feed.ts";
import { readSnapshot, toJson } from "./read-snapshot.ts";
import { Recorder } from "./recorder.ts";
import type { WindowName } from "./ring.ts";

export type { WindowName } from "./ring.ts";
export type {
	CacheCounts,
	History,
	LimitCounts,
	LimitSubject,
	OriginState,
	OriginTraffic,
	ProcessState,
	RefusalReason,
	RefusedSubject,
	RouteTraffic,
	SlowRequest,
	SlowStep,
	StatusCounts,
	StatusSnapshot,
	Traffic,
} from "./snapshot.ts";

/** How the status page is served, and how much it keeps. */
export interface StatusOptions {
	/** Who may see the page: in front of it, its files and its data. `{}` lets everybody see it who reaches the gateway. */
	readonly dependencies: Dependencies;
	/** Where the page is. Default `/_gateway`. */
	readonly path?: string;
	/** What the page is headed with. Default `"API Gateway"`. */
	readonly title?: string;
	/** How many may watch at the same time; one more gets a 503. Default 20. */
	readonly maxViewers?: number;
	/** How many routes are counted one by one, the first that are declared; the rest is counted together. Default 200. */
	readonly maxRoutes?: number;
	/** Whether the time of each step is taken, for the slowest requests: two looks at the clock a step. Default true. */
	readonly stepTimings?: boolean;
}

/**
 * A policy that counts, with the routes that show what it counted: the page, its files, `<path>/snapshot.json` and
 * `<path>/events`. First among the gateway's `policies` it counts what the others decide.
 */
export interface StatusPage extends Policy {
	readonly routes: readonly Route[];
}

/** Between two frames, in milliseconds. */
const tickMs = 1_000;

const checks: Checks<StatusOptions> = {
	dependencies: required(dependencyMap),
	path: matching(
		"a path without parameters, such as /_gateway",
		/^(?:\/[\w.~-]+)+$/,
	),
	title: text,
	maxViewers: whole(1, 1_000),
	maxRoutes: whole(1, 1_000),
	stepTimings: flag,
};

/**
 * A page that shows what the gateway does, live, for whoever is on call: calls
 * and how slow, refusals, limits, cache, origins, the slowest requests, the
 * process. It keeps ten minutes in memory that is bounded whatever comes, counts
 * nothing about itself, and shows this process alone.
 *
 * @throws TypeError without `dependencies`, for a path with parameters, and for numbers out of range.
 */
export function status(options: StatusOptions): StatusPage {
	const { title, maxViewers, maxRoutes, stepTimings } = readOptions(options);
	const recorder = new Recorder(maxRoutes, stepTimings);
	const read = (window: WindowName, rows?: number): string => {
		const history = recorder.sampler.readHistory(recorder.now(), rows);
		return toJson(readSnapshot(recorder, title, window, history));
	};
	const feed = new Feed(maxViewers, (window, isWhole) =>
		read(window, isWhole ? undefined : 1),
	);
	const clock = new Clock(() => {
		const { now, sampler, total } = recorder;
		sampler.sample(now(), total.inFlight, tickMs);
		feed.tick();
	});
	return {
		name: "status",
		routes: toRoutes(options, read, feed),
		forRoute(info) {
			clock.start();
			return recorder.watch(info);
		},
		close() {
			clock.close();
			feed.close();
			recorder.sampler.close();
		},
	};
}

function readOptions(options: StatusOptions): Required<StatusOptions> {
	checkOptions("status", options, checks);
	const {
		path = "/_gateway",
		title = "API Gateway",
		maxViewers = 20,
		maxRoutes = 200,
		stepTimings = true,
	} = options;
	const { dependencies } = options;
	return { dependencies, path, title, maxViewers, maxRoutes, stepTimings };
}

/** The page, its files and its two feeds, all behind the same dependencies. */
function toRoutes(
	options: StatusOptions,
	read: (window: WindowName) => string,
	feed: Feed,
): readonly Route[] {
	const { path, title, dependencies } = readOptions(options);
	const shared = { dependencies, includeInDocs: false } as const;
	const base = path.slice(path.lastIndexOf("/") + 1);
	return [
		route.get(path, { ...shared, handler: pageAnswer(base, title) }),
		...assetAnswers().map(([name, handler]) =>
			route.get(`${path}/${name}`, { ...shared, handler }),
		),
		route.get(`${path}/snapshot.json`, {
			...shared,
			query: windowQuery,
			handler: ({ query }) => reply(200, read(query.window), jsonHeaders),
		}),
		route.get(`${path}/events`, {
			...shared,
			query: windowQuery,
			handler: ({ query }) => {
				const events = feed.open(query.window);
				if (events !== null) return reply(200, events, eventHeaders);
				throw new HttpError(503, "As many watch as may.", {
					headers: { "retry-after": "10" },
				});
			},
		}),
	];
}

const windowQuery = {
	window: Type.Union([Type.Literal("1m"), Type.Literal("10m")], {
		default: "1m",
	}),
};

const dataHeaders = {
	"cache-control": "no-store",
	"x-content-type-options": "nosniff",
	"cross-origin-resource-policy": "same-origin",
};
const jsonHeaders = { ...dataHeaders, "content-type": "application/json" };
const eventHeaders = {
	...dataHeaders,
	"content-type": "text/event-stream",
	// A proxy in front that collects answers would hold the frames back.
	"x-accel-buffering": "no",
};

/** One timer for the history and for all who watch; it keeps no process alive. */
class Clock {
	readonly #onTick: () => void;
	#timer: NodeJS.Timeout | null = null;

	constructor(onTick: () => void) {
		this.#onTick = onTick;
	}

	start(): void {
		this.#timer ??= setInterval(this.#onTick, tickMs).unref();
	}

	close(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
		this.#timer = null;
	}
}
