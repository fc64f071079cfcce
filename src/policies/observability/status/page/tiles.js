import { createSpark, renderSpark } from "./charts.js";
import { arrange, byId, el, setAttribute, setText } from "./dom.js";
import { none, toCount, toDuration, toPercent, toRate } from "./format.js";

/** What happened lately: the seconds that a judgement is based upon. */
const lateMs = 15_000;

const sum = (points, read) =>
	points.reduce((total, point) => total + read(point), 0);
const share = (part, whole) => (whole > 0 ? part / whole : null);

/** All calls of a point of the history. */
export function callsOf(point) {
	return (
		point["1xx"] +
		point["2xx"] +
		point["3xx"] +
		point["4xx"] +
		point["5xx"] +
		point["499"]
	);
}

/** So many a second, at a point of the history. */
export function rateOf(count, { periodMs }) {
	return (count * 1_000) / periodMs;
}

/** What the last seconds were like. */
export function toLately(points) {
	const late = points.filter(({ ageMs }) => ageMs <= lateMs);
	const calls = sum(late, callsOf);
	const seconds = sum(late, ({ periodMs }) => periodMs) / 1_000;
	return {
		calls,
		perSecond: seconds > 0 ? calls / seconds : null,
		failedShare: share(
			sum(late, (point) => point["5xx"]),
			calls,
		),
		refusedShare: share(
			sum(late, ({ refused }) => refused),
			calls,
		),
		// Once may be chance: the third worst second counts.
		loopMs:
			late
				.map(({ loopDelayP99Ms }) => loopDelayP99Ms)
				.sort((a, b) => b - a)[2] ?? 0,
	};
}

const levels = ["good", "warn", "bad"];

/** What is wrong, worst first: `[level, text]` each. */
function findProblems({ origins, reasons, process }, lately) {
	const found = [];
	for (const { origin, state, calls, failed, lastFailure } of origins) {
		if (state !== "failing" && state !== "unsteady") continue;
		const part = `${origin} is ${state}: ${toPercent(share(failed, calls))} of its calls in this window failed`;
		found.push([
			state === "failing" ? "bad" : "warn",
			`${part}, last with ${lastFailure}.`,
		]);
	}
	const { failedShare, refusedShare, loopMs } = lately;
	if (failedShare >= 0.01) {
		found.push([
			failedShare >= 0.05 ? "bad" : "warn",
			`${toPercent(failedShare)} of all calls end with 5xx.`,
		]);
	}
	if (refusedShare >= 0.1) {
		const most =
			reasons[0] === undefined ? "" : `, most with ${reasons[0].code}`;
		found.push([
			"warn",
			`${toPercent(refusedShare)} of all calls are refused${most}.`,
		]);
	}
	if (loopMs >= 100) {
		found.push([
			loopMs >= 500 ? "bad" : "warn",
			`The event loop is late by ${toDuration(loopMs)}: the process is short of CPU, or something blocks it.`,
		]);
	}
	if (process.heapUsedBytes > 0.85 * process.heapLimitBytes) {
		found.push(["bad", "The heap is close to its limit."]);
	}
	return found.sort((a, b) => levels.indexOf(b[0]) - levels.indexOf(a[0]));
}

const headlines = {
	good: "All is well",
	warn: "Worth a look",
	bad: "In trouble",
	quiet: "Quiet",
};

/** The judgement at the top. It changes only when its words do, so that it is not read out each second. */
export function renderVerdict(data, lately) {
	const problems = findProblems(data, lately);
	const isQuiet = lately.calls === 0 && problems.length === 0;
	const level = isQuiet ? "quiet" : (problems[0]?.[0] ?? "good");
	setAttribute(byId("verdict"), "data-level", level);
	setText(byId("headline"), headlines[level]);
	const calm = isQuiet
		? "No call in the last seconds."
		: "Upstreams answer, hardly anything fails, and the process keeps up.";
	const texts =
		problems.length === 0 ? [calm] : problems.map(([, text]) => text);
	const list = byId("findings");
	const items = texts.map((_, i) => list.children[i] ?? el("li"));
	arrange(list, items);
	for (const [i, item] of items.entries()) setText(item, texts[i]);
}

class Tile {
	#value = el("span");
	#unit = el("small");
	#note = el("p", { class: "note" });
	#spark = createSpark();
	#root;

	constructor(host, name) {
		const value = el("p", { class: "value" }, this.#value, this.#unit);
		this.#root = el(
			"div",
			{ class: "tile" },
			el("h3", {}, name),
			value,
			this.#note,
			this.#spark,
		);
		host.append(this.#root);
	}

	render({ value, unit = "", note = "", level = null, spark }) {
		setText(this.#value, value);
		setText(this.#unit, unit);
		setText(this.#note, note);
		setAttribute(this.#root, "data-level", level);
		renderSpark(this.#spark, spark);
	}
}

function levelOf(value, warn, bad) {
	if (value === null || value < warn) return null;
	return value < bad ? "warn" : "bad";
}

/** "12 ms" in two parts. */
function split(text) {
	const [value, unit = ""] = text.split(" ");
	return { value, unit };
}

/** What each tile says, by its name. */
const contents = {
	"Requests per s": ({ total }, lately, points) => ({
		value: lately.perSecond === null ? none : toRate(lately.perSecond),
		note: `${toCount(total.calls)} calls`,
		spark: points.map((point) => rateOf(callsOf(point), point)),
	}),
	Failed: ({ total }, lately, points) => ({
		...split(toPercent(share(total.failed, total.calls))),
		note: `${toCount(total.failed)} with 5xx`,
		level: levelOf(lately.failedShare, 0.01, 0.05),
		spark: points.map((point) => point["5xx"]),
	}),
	Refused: ({ total, reasons }, lately, points) => {
		const refused = sum(reasons, ({ count }) => count);
		return {
			...split(toPercent(share(refused, total.calls))),
			note: `${toCount(refused)} calls`,
			level: levelOf(lately.refusedShare, 0.1, 2),
			spark: points.map((point) => point.refused),
		};
	},
	"Latency p99": ({ total }, _lately, points) => ({
		...split(toDuration(total.p99Ms)),
		note: `p50 ${toDuration(total.p50Ms)}`,
		spark: points.map(({ p99Ms }) => p99Ms),
	}),
	"Ours, average": ({ total }, _lately, points) => ({
		...split(toDuration(total.overheadMs)),
		note:
			total.overheadShare === null
				? ""
				: `${toPercent(total.overheadShare)} of the time`,
		spark: points.map(({ overheadP50Ms }) => overheadP50Ms),
	}),
	"In flight": ({ total }, _lately, points) => ({
		value: toCount(total.inFlight),
		note: "right now",
		spark: points.map(({ inFlight }) => inFlight),
	}),
	"Cache answers": ({ cache }, _lately, points) => ({
		...split(toPercent(cache.hitShare)),
		note: cache.hitShare === null ? "not asked" : "of those asked",
		spark: points.map((point) => share(point.cacheAnswered, point.cacheAsked)),
	}),
	"Event loop delay": ({ process }, _lately, points) => ({
		...split(toDuration(process.loopDelayP99Ms)),
		note: `${toPercent(process.loopUtilization)} busy`,
		level: levelOf(process.loopDelayP99Ms, 100, 500),
		spark: points.map(({ loopDelayP99Ms }) => loopDelayP99Ms),
	}),
};

/** The row of numbers. Gives what renders them. */
export function createTiles() {
	const host = byId("tiles");
	const tiles = Object.entries(contents).map(([name, read]) => [
		new Tile(host, name),
		read,
	]);
	return (data, lately, points) => {
		for (const [tile, read] of tiles) tile.render(read(data, lately, points));
	};
}
