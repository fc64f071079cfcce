import { Chart } from "./charts.js";
import { byId, setAttribute, setLegend, setText } from "./dom.js";
import { toAge, toBytes, toDuration, toPercent, toRate } from "./format.js";
import { bars, limitMixes } from "./gauges.js";
import {
	limitsTable,
	originsTable,
	refusedTable,
	routesTable,
	slowestTable,
} from "./tables.js";
import { createTiles, rateOf, renderVerdict, toLately } from "./tiles.js";

const mebi = 2 ** 20;
const keptMs = 600_000;
/** Without a frame for so long, the figures are old. */
const silentMs = 5_000;
const retryMs = 5_000;

/** What the page knows. */
const state = {
	data: null,
	points: [],
	window: "1m",
	isPaused: false,
	source: null,
	heardAt: 0,
	retry: 0,
};

const status = ["2xx", "3xx", "4xx", "5xx", "499"];
const rateChart = new Chart(
	byId("chart-rate"),
	status.map((name) => ({
		kind: name,
		name,
		of: (point) => rateOf(point[name], point),
	})),
	{ isStacked: true, format: toRate, label: "Requests a second by status" },
);
const latencyChart = new Chart(
	byId("chart-latency"),
	["p50", "p90", "p99"].map((name) => ({
		kind: name,
		name,
		of: (point) => point[`${name}Ms`],
	})),
	{ isLog: true, format: toDuration, label: "Latency" },
);
const loopChart = new Chart(
	byId("chart-loop"),
	[
		{ kind: "5xx", name: "worst", of: ({ loopDelayMaxMs }) => loopDelayMaxMs },
		{ kind: "own", name: "p99", of: ({ loopDelayP99Ms }) => loopDelayP99Ms },
	],
	{ format: toDuration, label: "Event loop delay" },
);
const memoryChart = new Chart(
	byId("chart-memory"),
	[
		{ kind: "p50", name: "resident", of: ({ rssBytes }) => rssBytes / mebi },
		{
			kind: "own",
			name: "heap",
			of: ({ heapUsedBytes }) => heapUsedBytes / mebi,
		},
	],
	{ format: (value) => toBytes(value * mebi), label: "Memory" },
);
const charts = [rateChart, latencyChart, loopChart, memoryChart];
const renderTiles = createTiles();
const tables = {
	routes: routesTable(),
	origins: originsTable(),
	refused: refusedTable(),
	limits: limitsTable(),
	mixes: limitMixes(),
	slowest: slowestTable(),
	reasons: bars(byId("reasons"), () => "c-4xx"),
	cache: bars(byId("cache"), (word) =>
		["hit", "stale", "collapsed"].includes(word) ? "c-2xx" : "c-wait",
	),
};
setLegend(byId("slow-legend"), [
	["c-own", "ours"],
	["c-wait", "upstream"],
	["c-rest", "client"],
]);

function readFilter() {
	return {
		text: byId("filter-text").value.trim().toLowerCase(),
		status: byId("filter-status").value,
		isErrors: byId("filter-errors").checked,
		isIdle: byId("filter-idle").checked,
	};
}

function takesRoute(filter, { path, methods, calls, status: counts, failed }) {
	const name = `${methods.join(" ")} ${path}`.toLowerCase();
	if (!name.includes(filter.text)) return false;
	if (filter.status !== "" && counts[filter.status] === 0) return false;
	if (filter.isErrors && failed === 0) return false;
	return filter.isIdle || calls > 0;
}

function takesRequest(filter, { method, route, status: code }) {
	if (!`${method} ${route}`.toLowerCase().includes(filter.text)) return false;
	const name = code === 499 ? "499" : `${Math.floor(code / 100)}xx`;
	if (filter.status !== "" && filter.status !== name) return false;
	return !filter.isErrors || code >= 500;
}

function renderFiltered({ routes, slowest }) {
	const filter = readFilter();
	const shown = routes.filter((one) => takesRoute(filter, one));
	setText(byId("routes-count"), `${shown.length} of ${routes.length}`);
	tables.routes.render(shown);
	tables.slowest.render(slowest.filter((one) => takesRequest(filter, one)));
}

function render() {
	const { data, points } = state;
	if (data === null) return;
	const spanMs = data.window === "1m" ? 60_000 : keptMs;
	const shown = points.filter(({ ageMs }) => ageMs <= spanMs);
	const lately = toLately(points);
	renderVerdict(data, lately);
	renderTiles(data, lately, shown);
	for (const chart of charts) chart.render(shown, spanMs);
	renderFiltered(data);
	tables.origins.render(data.origins);
	tables.refused.render(data.refused);
	tables.limits.render(data.limits);
	tables.mixes.render(data.limits);
	tables.reasons.render(data.reasons.map(({ code, count }) => [code, count]));
	tables.cache.render(Object.entries(data.cache.outcomes));
	const { pid, node, uptimeMs, rssBytes, loopUtilization } = data.process;
	setText(byId("about"), `Process ${pid}, up ${toAge(uptimeMs)}`);
	setText(
		byId("foot"),
		`This process alone (${pid}, node ${node}): ${toBytes(rssBytes)} resident, ${toPercent(loopUtilization)} busy. Ten minutes are kept, in memory. Figures of ${new Date(data.time).toLocaleTimeString()}.`,
	);
}

/** A row of the history as a point, placed in the time of the gateway's own counting. */
function toPoints({ history, countedMs }) {
	return history.rows.map((row) => {
		const point = Object.fromEntries(
			history.columns.map((name, i) => [name, row[i]]),
		);
		point.at = countedMs - point.ageMs;
		return point;
	});
}

function take(event, isWhole) {
	const data = JSON.parse(event.data);
	const points = toPoints(data);
	if (!isWhole) {
		const last = state.points.at(-1)?.at ?? -1;
		points.splice(
			0,
			points.length,
			...state.points,
			...points.filter(({ at }) => at > last + 1),
		);
	}
	for (const point of points) point.ageMs = data.countedMs - point.at;
	state.points = points.filter(({ ageMs }) => ageMs <= keptMs);
	state.data = data;
	state.heardAt = performance.now();
	show("live", "Live");
	render();
}

function show(name, text) {
	setAttribute(byId("live"), "data-state", name);
	setText(byId("live"), text);
}

function connect() {
	state.source?.close();
	clearTimeout(state.retry);
	const url = new URL("events", import.meta.url);
	url.searchParams.set("window", state.window);
	const source = new EventSource(url);
	state.source = source;
	source.addEventListener("all", (event) => take(event, true));
	source.addEventListener("second", (event) => take(event, false));
	source.addEventListener("error", () => {
		show("lost", "Connection lost, trying again");
		// Refused, it would not try again by itself.
		if (source.readyState === EventSource.CLOSED)
			state.retry = setTimeout(connect, retryMs);
	});
}

function disconnect() {
	state.source?.close();
	state.source = null;
	clearTimeout(state.retry);
}

function setPaused(isPaused) {
	state.isPaused = isPaused;
	const button = byId("pause");
	setAttribute(button, "aria-pressed", String(isPaused));
	setText(button, isPaused ? "Paused" : "Pause");
	if (isPaused) {
		disconnect();
		show("paused", "Paused");
	} else {
		show("connecting", "Connecting");
		connect();
	}
}

for (const input of document.querySelectorAll("input[name=window]")) {
	input.addEventListener("change", () => {
		state.window = input.value;
		setPaused(false);
	});
	// A browser may come back to the page with another choice than it was written with.
	if (input.checked) state.window = input.value;
}
byId("pause").addEventListener("click", () => setPaused(!state.isPaused));
byId("filters").addEventListener("input", () => {
	if (state.data !== null) renderFiltered(state.data);
});
byId("filters").addEventListener("submit", (event) => event.preventDefault());
setInterval(() => {
	const isSilent = performance.now() - state.heardAt > silentMs;
	if (isSilent && state.data !== null && !state.isPaused)
		show("lost", "No news, figures are old");
}, 1_000);
// A page that nobody looks at is no viewer.
document.addEventListener("visibilitychange", () => {
	if (document.hidden) disconnect();
	else if (!state.isPaused) connect();
});
connect();
