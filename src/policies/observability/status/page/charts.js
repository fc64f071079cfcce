import { arrange, setAttribute, setLegend, svg } from "./dom.js";

const padding = { top: 8, right: 10, bottom: 22, left: 58 };

/** The numbers beside an axis: about four round ones from zero up. */
function linearTicks(most) {
	const rough = most / 4;
	const power = 10 ** Math.floor(Math.log10(rough));
	const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= rough) * power;
	const count = Math.max(1, Math.ceil(most / step - 1e-9));
	return Array.from({ length: count + 1 }, (_, i) => i * step);
}

function logTicks(least, most) {
	const [first, last] = [
		Math.floor(Math.log10(least)),
		Math.ceil(Math.log10(most)),
	];
	const count = Math.max(2, last - first + 1);
	return Array.from({ length: count }, (_, i) => 10 ** (first + i));
}

/** How values become heights: a place between 0 (below) and 1 (above), and the ticks. */
function toScale(values, isLog) {
	const most = values.reduce((a, b) => Math.max(a, b), 0);
	if (!isLog) {
		const ticks = linearTicks(most > 0 ? most : 1);
		const top = ticks.at(-1);
		return { ticks, place: (value) => value / top };
	}
	const least = values.reduce((a, b) => (b > 0 ? Math.min(a, b) : a), Infinity);
	const ticks = logTicks(least === Infinity ? 1 : least, most > 0 ? most : 10);
	const [low, high] = [Math.log10(ticks[0]), Math.log10(ticks.at(-1))];
	return {
		ticks,
		place: (value) =>
			(Math.log10(Math.max(value, ticks[0])) - low) / (high - low),
	};
}

/** A chart over time: areas upon one another, or lines. */
export class Chart {
	#host;
	#legend;
	#series;
	#options;
	#svg;
	#points = [];
	#spanMs = 60_000;
	/** The place of the pointer, counted from the newest point; null where there is none. */
	#cursor = null;

	/** `series`: `{ kind, name, of(point) }` each; `options`: `{ isStacked, isLog, format, label }`. */
	constructor(host, series, options) {
		this.#host = host;
		this.#legend = host.parentElement.querySelector(".legend");
		this.#series = series;
		this.#options = options;
		this.#svg = svg("svg", { role: "img", tabindex: "0" });
		host.append(this.#svg);
		new ResizeObserver(() => this.#draw()).observe(host);
		this.#svg.addEventListener("pointermove", (event) => this.#point(event));
		this.#svg.addEventListener("pointerleave", () => this.#move(null));
		this.#svg.addEventListener("blur", () => this.#move(null));
		this.#svg.addEventListener("keydown", (event) => this.#step(event));
	}

	render(points, spanMs) {
		this.#points = points.filter(({ ageMs }) => ageMs <= spanMs);
		this.#spanMs = spanMs;
		this.#draw();
	}

	#point(event) {
		const box = this.#svg.getBoundingClientRect();
		const wide = box.width - padding.left - padding.right;
		const ageMs =
			(1 - (event.clientX - box.left - padding.left) / wide) * this.#spanMs;
		let [nearest, distance] = [null, Infinity];
		for (const [i, point] of this.#points.entries()) {
			const away = Math.abs(point.ageMs - ageMs);
			if (away < distance) [nearest, distance] = [i, away];
		}
		this.#move(nearest === null ? null : this.#points.length - 1 - nearest);
	}

	#step(event) {
		const steps = { ArrowLeft: 1, ArrowRight: -1 };
		if (event.key === "Escape") this.#move(null);
		if (!(event.key in steps)) return;
		event.preventDefault();
		const at = (this.#cursor ?? 0) + steps[event.key];
		this.#move(Math.min(Math.max(at, 0), this.#points.length - 1));
	}

	#move(cursor) {
		this.#cursor = cursor;
		this.#draw();
	}

	#draw() {
		const { width, height } = this.#host.getBoundingClientRect();
		if (width === 0) return;
		const inner = { wide: width - 16, high: height - 8 };
		const wide = inner.wide - padding.left - padding.right;
		const high = inner.high - padding.top - padding.bottom;
		const stacked = this.#stack();
		const scale = toScale(
			stacked.flat().filter((one) => one !== null),
			this.#options.isLog,
		);
		const xOf = (point) =>
			padding.left + wide * (1 - point.ageMs / this.#spanMs);
		const yOf = (value) => padding.top + high * (1 - scale.place(value));
		setAttribute(this.#svg, "viewBox", `0 0 ${inner.wide} ${inner.high}`);
		arrange(this.#svg, []);
		this.#svg.append(
			...this.#axes(scale.ticks, yOf, wide, high),
			...this.#shapes(stacked, xOf, yOf),
			...this.#cross(xOf, high),
		);
		this.#tell();
	}

	/** The value of each series at each point; of areas, with those below. */
	#stack() {
		const below = this.#points.map(() => 0);
		return this.#series.map(({ of }) =>
			this.#points.map((point, i) => {
				const value = of(point);
				if (!this.#options.isStacked || value === null) return value;
				below[i] += value;
				return below[i];
			}),
		);
	}

	#axes(ticks, yOf, wide, high) {
		const right = padding.left + wide;
		const lines = ticks.flatMap((tick) => {
			const y = yOf(tick);
			const line = { class: "grid", x1: padding.left, x2: right, y1: y, y2: y };
			const text = { x: padding.left - 8, y: y + 4, "text-anchor": "end" };
			return [svg("line", line), svg("text", text, this.#options.format(tick))];
		});
		const y = padding.top + high + 16;
		const ago = this.#spanMs === 60_000 ? "60 s ago" : "10 min ago";
		const half = this.#spanMs === 60_000 ? "30 s" : "5 min";
		return [
			...lines,
			svg("text", { x: padding.left, y }, ago),
			svg(
				"text",
				{ x: padding.left + wide / 2, y, "text-anchor": "middle" },
				half,
			),
			svg("text", { x: right, y, "text-anchor": "end" }, "now"),
		];
	}

	#shapes(stacked, xOf, yOf) {
		if (!this.#options.isStacked) {
			return stacked.map((values, i) =>
				svg("path", {
					class: `line c-${this.#series[i].kind}`,
					d: toLine(this.#points, values, xOf, yOf),
				}),
			);
		}
		const bottom = this.#points.map(() => 0);
		return stacked.map((values, i) =>
			svg("path", {
				class: `area c-${this.#series[i].kind}`,
				d: toArea(this.#points, values, stacked[i - 1] ?? bottom, xOf, yOf),
			}),
		);
	}

	#cross(xOf, high) {
		const point = this.#pointAt();
		if (point === null || this.#cursor === null) return [];
		const x = xOf(point);
		const line = {
			class: "cross",
			x1: x,
			x2: x,
			y1: padding.top,
			y2: padding.top + high,
		};
		return [svg("line", line)];
	}

	#pointAt() {
		return this.#points.at(-1 - (this.#cursor ?? 0)) ?? null;
	}

	/** The legend tells the values at the pointer, else the newest. */
	#tell() {
		const point = this.#pointAt();
		const { format, label } = this.#options;
		const entries = this.#series.map(({ kind, name, of }) => {
			const value = point === null ? null : of(point);
			return [`c-${kind}`, value === null ? name : `${name} ${format(value)}`];
		});
		const when =
			this.#cursor === null || point === null
				? "now"
				: `${Math.round(point.ageMs / 1_000)} s ago`;
		setLegend(this.#legend, entries);
		const values = entries.map(([, text]) => text).join(", ");
		setAttribute(this.#svg, "aria-label", `${label}, ${when}: ${values}`);
	}
}

function toLine(points, values, xOf, yOf) {
	let path = "";
	let isOpen = false;
	for (const [i, value] of values.entries()) {
		if (value !== null) {
			path += `${isOpen ? "L" : "M"}${xOf(points[i]).toFixed(1)} ${yOf(value).toFixed(1)}`;
			// A point alone would have no length to be seen.
			if (!isOpen) path += "h.1";
		}
		isOpen = value !== null;
	}
	return path;
}

function toArea(points, upper, lower, xOf, yOf) {
	if (points.length === 0) return "";
	const at = (i, values) =>
		`${xOf(points[i]).toFixed(1)} ${yOf(values[i]).toFixed(1)}`;
	const there = points.map((_, i) => at(i, upper));
	const back = points.map((_, i) => at(i, lower)).reverse();
	return `M${[...there, ...back].join("L")}Z`;
}

/** A small line under a number: `values` from old to new, null where nothing is known. */
export function renderSpark(element, values) {
	// One that stands out far would make a flat line of all others: it is cut off.
	const sorted = values.map((value) => value ?? 0).sort((a, b) => a - b);
	const usual = sorted[Math.floor(sorted.length * 0.95)] ?? 0;
	const most = Math.max(
		1e-9,
		Math.min(sorted.at(-1) ?? 0, usual * 2 || Infinity),
	);
	const step = 100 / Math.max(1, values.length - 1);
	const line = values
		.map(
			(value, i) =>
				`${(i * step).toFixed(1)} ${(28 - Math.min(1, (value ?? 0) / most) * 24).toFixed(1)}`,
		)
		.join("L");
	const [fill, stroke] = element.children;
	setAttribute(fill, "d", values.length < 2 ? "" : `M0 30L${line}L100 30Z`);
	setAttribute(stroke, "d", values.length < 2 ? "" : `M${line}`);
}

/** An empty one, for {@link renderSpark}. */
export function createSpark() {
	const box = {
		class: "spark",
		viewBox: "0 0 100 30",
		preserveAspectRatio: "none",
		"aria-hidden": "true",
	};
	return svg(
		"svg",
		box,
		svg("path", { class: "fill" }),
		svg("path", { class: "line" }),
	);
}
