import { byId, el, setAttribute, setMix, setText } from "./dom.js";
import {
	none,
	toAge,
	toAgo,
	toCount,
	toDuration,
	toPercent,
	toRate,
} from "./format.js";
import { alarm, Table, text } from "./table.js";

/** A step that took less of a request's time is not named. */
const leastShare = 0.005;
const classes = ["1xx", "2xx", "3xx", "4xx", "5xx", "499"];

function shareOf(part, whole) {
	return whole > 0 ? part / whole : null;
}

function mix(cell, { status, calls }) {
	const bar =
		cell.firstElementChild ??
		cell.appendChild(el("div", { class: "mix", role: "img" }));
	setMix(
		bar,
		classes.map((name) => [`c-${name}`, shareOf(status[name], calls) ?? 0]),
	);
	const told = classes
		.filter((name) => status[name] > 0)
		.map((name) => `${status[name]} × ${name}`);
	setAttribute(bar, "aria-label", told.join(", ") || "no calls");
	setAttribute(bar, "title", told.join(", "));
}

/** A name with a small word before it. */
function titled(cell, small, name) {
	if (cell.children.length === 0)
		cell.append(el("span", { class: "method" }), el("span"));
	setText(cell.children[0], small);
	setText(cell.children[1], name);
	setAttribute(cell, "title", `${small} ${name}`);
}

function tag(cell, level, word) {
	const found =
		cell.firstElementChild ?? cell.appendChild(el("span", { class: "tag" }));
	setAttribute(found, "data-level", level);
	setText(found, word);
}

const failedColumn = {
	label: "Failed",
	by: (one) => shareOf(one.failed, one.calls),
	update: alarm(
		({ failed, calls }) =>
			failed === 0 ? none : toPercent(shareOf(failed, calls)),
		({ failed, calls }) => failed > 0 && failed / calls >= 0.01,
	),
};

function durationColumn(label, key, kind = "") {
	return {
		kind,
		label,
		by: (one) => one[key],
		update: text((one) => toDuration(one[key])),
	};
}

/** The routes. */
export function routesTable() {
	return new Table(byId("table-routes"), {
		caption: "Calls of each route in the window",
		keyOf: ({ id }) => id,
		classOf: ({ calls }) => (calls === 0 ? "idle" : ""),
		empty:
			"No route to show. Routes without calls are hidden unless you show idle ones.",
		sort: { column: 1, isUp: false },
		columns: [
			{
				label: "Route",
				kind: "name",
				by: ({ path }) => path,
				update: (cell, { methods, path }) =>
					titled(
						cell,
						methods.map((one) => (one === "*" ? "ALL" : one)).join(" "),
						path,
					),
			},
			{
				label: "Per s",
				by: ({ calls }) => calls,
				update: text(({ perSecond }) => toRate(perSecond)),
			},
			{
				label: "Calls",
				kind: "minor",
				by: ({ calls }) => calls,
				update: text(({ calls }) => toCount(calls)),
			},
			{ label: "Status mix", kind: "mixed", update: mix },
			failedColumn,
			durationColumn("p50", "p50Ms"),
			durationColumn("p90", "p90Ms", "minor"),
			durationColumn("p99", "p99Ms"),
			durationColumn("Ours", "overheadMs"),
			{
				label: "In flight",
				kind: "minor",
				by: ({ inFlight }) => inFlight,
				update: text(({ inFlight }) => toCount(inFlight)),
			},
		],
	});
}

const stateLevels = {
	idle: null,
	up: "good",
	unsteady: "warn",
	failing: "bad",
};

/** The origins behind the gateway. */
export function originsTable() {
	return new Table(byId("table-origins"), {
		caption: "Calls to each origin in the window",
		keyOf: ({ origin }) => origin,
		empty: "No route has an upstream.",
		columns: [
			{
				label: "Origin",
				kind: "name",
				by: ({ origin }) => origin,
				update: (cell, { origin, upstreams }) =>
					upstreams.length === 0
						? setText(cell, origin)
						: titled(cell, upstreams.join(", "), origin),
			},
			{
				label: "State",
				kind: "text",
				by: ({ state }) => Object.keys(stateLevels).indexOf(state),
				update: (cell, { state }) => tag(cell, stateLevels[state], state),
			},
			{
				label: "Per s",
				by: ({ calls }) => calls,
				update: text(({ perSecond }) => toRate(perSecond)),
			},
			{
				label: "Calls",
				kind: "minor",
				by: ({ calls }) => calls,
				update: text(({ calls }) => toCount(calls)),
			},
			{ label: "Status mix", kind: "mixed", update: mix },
			failedColumn,
			{
				label: "In flight",
				kind: "minor",
				by: ({ inFlight }) => inFlight,
				update: text(({ inFlight }) => toCount(inFlight)),
			},
			durationColumn("p50", "p50Ms"),
			durationColumn("p99", "p99Ms"),
			{
				label: "Last failure",
				kind: "wide text",
				update: text(({ lastFailure, lastFailureAgoMs }) =>
					lastFailure === null
						? none
						: `${lastFailure}, ${toAgo(lastFailureAgoMs)}`,
				),
			},
		],
	});
}

/** Who was refused. */
export function refusedTable() {
	return new Table(byId("table-refused"), {
		caption: "Who was refused most",
		keyOf: ({ kind, subject }) => `${kind} ${subject}`,
		empty: "Nobody was refused in the last ten minutes.",
		sort: { column: 1, isUp: false },
		columns: [
			{
				label: "Who",
				kind: "name",
				by: ({ subject }) => subject,
				update: (cell, { kind, subject }) =>
					titled(cell, kind === "caller" ? "ID" : "ADDR", subject),
			},
			{
				label: "Refused",
				by: ({ count }) => count,
				update: text(({ count }) => toCount(count)),
			},
			{
				label: "Last",
				kind: "wide text",
				update: text(({ code, route }) => `${code} at ${route}`),
			},
			{
				label: "When",
				by: ({ agoMs }) => -agoMs,
				update: text(({ agoMs }) => toAgo(agoMs)),
			},
		],
	});
}

function standing({ refused, left }) {
	if (refused > 0) return ["bad", "over"];
	if (left === null) return [null, "within"];
	return left <= 1 ? ["warn", "near"] : ["good", "within"];
}

/** Who is near or over a limit. */
export function limitsTable() {
	const table = new Table(byId("table-limits"), {
		caption: "Who met a limit",
		keyOf: ({ limit, subject }) => `${limit} ${subject}`,
		empty: "No limit has decided anything yet.",
		columns: [
			{
				label: "Who",
				kind: "name",
				update: (cell, { limit, subject }) => titled(cell, limit, subject),
			},
			{ label: "Plan", kind: "text", update: text(({ plan }) => plan ?? none) },
			{
				label: "State",
				kind: "text",
				update: (cell, one) => tag(cell, ...standing(one)),
			},
			{
				label: "Left",
				update: text(({ left }) => (left === null ? none : toCount(left))),
			},
			{ label: "Calls", update: text(({ calls }) => toCount(calls)) },
			{
				label: "Refused",
				update: alarm(
					({ refused }) => toCount(refused),
					({ refused }) => refused > 0,
				),
			},
		],
	});
	return {
		render: (limits) =>
			table.render(
				limits.flatMap(({ name, subjects }) =>
					subjects.map((one) => ({ limit: name, ...one })),
				),
			),
	};
}

/** The slowest requests, with what took the time. */
export function slowestTable() {
	return new Table(byId("table-slowest"), {
		caption: "The slowest requests in the window",
		// Clients may choose ids, and choose the same twice.
		keyOf: ({ id, durationMs }) => `${id} ${durationMs}`,
		empty: "No request to show.",
		columns: [
			{
				label: "Route",
				kind: "name",
				update: (cell, { method, route }) => titled(cell, method, route),
			},
			{
				label: "Status",
				update: alarm(
					({ status, code }) =>
						code === null ? String(status) : `${status} ${code}`,
					({ status }) => status >= 500,
				),
			},
			{
				label: "Took",
				update: text(({ durationMs }) => toDuration(durationMs)),
			},
			{ label: "Where the time went", kind: "time", update: time },
			{ label: "When", update: text(({ agoMs }) => `${toAge(agoMs)} ago`) },
			{ label: "ID", kind: "wide text id", update: text(({ id }) => id) },
		],
	});
}

function time(cell, { durationMs, overheadMs, upstreamMs, steps }) {
	if (cell.children.length === 0) {
		cell.append(
			el("div", { class: "mix", role: "img" }),
			el("span", { class: "steps" }),
		);
	}
	const [bar, line] = cell.children;
	const wait = upstreamMs ?? 0;
	const rest = Math.max(0, durationMs - overheadMs - wait);
	setMix(bar, [
		["c-own", overheadMs / durationMs],
		["c-wait", wait / durationMs],
		["c-rest", rest / durationMs],
	]);
	const parts = `ours ${toDuration(overheadMs)}, upstream ${toDuration(wait)}, client ${toDuration(rest)}`;
	setAttribute(bar, "aria-label", parts);
	setAttribute(bar, "title", parts);
	const told = steps
		.filter(({ ms }) => ms >= durationMs * leastShare)
		.toSorted((a, b) => b.ms - a.ms)
		.map(({ phase, name, ms }) => `${phase} ${name} ${toDuration(ms)}`);
	setText(line, told.join(" · ") || parts);
	setAttribute(line, "title", told.join("\n"));
}
