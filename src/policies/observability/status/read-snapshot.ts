import type { Recorder } from "./recorder.ts";
import { coveredMs, type WindowName } from "./ring.ts";
import type { History, RouteTraffic, StatusSnapshot } from "./snapshot.ts";
import { TrafficCounter } from "./traffic.ts";

/** What stands for routes that were never called. */
const nothing = new TrafficCounter();

/** Everything the page shows of a window. `history` may be left to who wants all of it. */
export function readSnapshot(
	recorder: Recorder,
	title: string,
	window: WindowName,
	history?: History,
): StatusSnapshot {
	const nowMs = recorder.now();
	const { startedMs, decisions, refusals, sampler } = recorder;
	const windowMs = coveredMs(window, startedMs, nowMs);
	return {
		title,
		time: new Date().toISOString(),
		countedMs: Math.round(nowMs - startedMs),
		window,
		windowMs: Math.round(windowMs),
		process: sampler.readProcess(),
		total: recorder.total.read(window, startedMs, nowMs),
		routes: readRoutes(recorder, window, nowMs),
		otherRoutes: recorder.restCount,
		origins: recorder.origins.read(window, startedMs, nowMs),
		reasons: refusals.listReasons(window, nowMs),
		refused: refusals.listSubjects(nowMs),
		limits: decisions.readLimits(window, nowMs),
		cache: decisions.readCache(window, nowMs),
		slowest: recorder.slowest.list(nowMs, windowMs),
		history: history ?? sampler.readHistory(nowMs),
	};
}

function readRoutes(
	{ routes, rest, restCount, startedMs }: Recorder,
	window: WindowName,
	nowMs: number,
): RouteTraffic[] {
	const rows = routes.map(({ info, traffic }) => ({
		id: info.id,
		methods: info.methods,
		path: info.path,
		...(traffic ?? nothing).read(window, startedMs, nowMs),
	}));
	if (restCount > 0) {
		rows.push({
			id: "other routes",
			methods: [],
			path: "other routes",
			...rest.read(window, startedMs, nowMs),
		});
	}
	return rows;
}

/** JSON with no more digits than can be seen. */
export function toJson(snapshot: StatusSnapshot): string {
	return JSON.stringify(snapshot, (_key, value: unknown) =>
		typeof value === "number" && !Number.isInteger(value)
			? Number(value.toPrecision(4))
			: value,
	);
}
