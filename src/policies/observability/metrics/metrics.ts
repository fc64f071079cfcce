import {
	type Dependencies,
	decisionsOf,
	type Policy,
	type Route,
	type RouteInfo,
	reply,
	route,
} from "../../../index.ts";
import {
	type Checks,
	checkOptions,
	dependencyMap,
	loadPeer,
	must,
	object,
	text,
} from "../../kit/kit.ts";
import { expose } from "./exposition.ts";
import {
	type CountedRoute,
	Instruments,
	type PromClient,
} from "./instruments.ts";
import { watchLoop } from "./loop-delay.ts";
import { type MetricsRegistry, share } from "./shared-registry.ts";

export type { MetricsRegistry } from "./shared-registry.ts";

/** Where the metrics are served, and in which registry they stand. */
export interface MetricsOptions {
	/** Default `"/metrics"`. */
	readonly path?: string;
	/** What stands in front of the route: whoever may see it. Default none. */
	readonly dependencies?: Dependencies;
	/** Upper bounds of the histograms of durations, in seconds, rising. Default 0.001 to 60. */
	readonly buckets?: readonly number[];
	/**
	 * A `Registry` of prom-client: the route and `text` show all that stands in it. The gateway's metrics
	 * are taken out when it has closed. Default: a new one.
	 */
	readonly registry?: MetricsRegistry;
}

/** A policy that counts, with the route that shows what it counted. */
export interface Metrics extends Policy {
	readonly routes: readonly Route[];
	/** The metrics in the text format of Prometheus. */
	text(): Promise<string>;
}

/**
 * Counts the requests of a gateway for Prometheus. No label is a path, a client or a
 * user: their sets are bounded by the routes, the upstreams and the policies.
 *
 * @throws Error when prom-client is not installed; TypeError for bounds that do not rise, and a registry that can not take the metrics.
 */
export function metrics(options: MetricsOptions = {}): Metrics {
	checkOptions("metrics", options, checks);
	const { path = "/metrics", dependencies = {}, buckets } = options;
	const client = loadPeer<PromClient>("prom-client", "headgate/metrics");
	const own = new client.Registry();
	const instruments = new Instruments(client, own, buckets);
	const loop = watchLoop(client, own);
	const { registry = own } = options;
	let takeOut = (): void => undefined;
	try {
		if (registry !== own) takeOut = share(own, registry);
	} catch (error) {
		loop.close();
		throw error;
	}
	const text = (): Promise<string> => registry.metrics();
	const page = route.get(path, {
		dependencies,
		includeInDocs: false,
		handler: async ({ req }) => {
			const shown = expose(await text(), req.headers.accept);
			return reply(200, Buffer.from(shown.text), {
				"content-type": shown.contentType,
				vary: "accept",
			});
		},
	});
	return {
		name: "metrics",
		routes: [page],
		text,
		close() {
			loop.close();
			takeOut();
		},
		forRoute: (info) => countRoute(info, instruments),
	};
}

/** A route has no series before its first request: most of many are quiet, and a scrape lists them all. */
function countRoute(
	info: RouteInfo,
	instruments: Instruments,
): ReturnType<Policy["forRoute"]> {
	instruments.declare(info);
	let bound: CountedRoute | null = null;
	const counted = (): CountedRoute => {
		bound ??= instruments.ofRoute(info);
		return bound;
	};
	return {
		...(info.proxied
			? { onUpstreamAttempt: (_ctx, attempt) => counted().call(attempt) }
			: {}),
		onStart() {
			counted().inFlight.count++;
		},
		onFinish(ctx, outcome) {
			counted().inFlight.count--;
			counted().add(ctx.method, outcome);
			for (const decision of decisionsOf(ctx)) instruments.decide(decision);
		},
	};
}

const rising = must(
	"an array of numbers above 0 that rise",
	(buckets: unknown) =>
		Array.isArray(buckets) &&
		buckets.every((bound, i) => bound > (i === 0 ? 0 : buckets[i - 1])),
);
const checks: Checks<MetricsOptions> = {
	path: text,
	dependencies: dependencyMap,
	buckets: rising,
	registry: object,
};
