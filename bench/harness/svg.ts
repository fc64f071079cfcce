/** Points of one contender, joined by a line. */
export interface Series {
	readonly name: string;
	readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Plot {
	readonly title: string;
	readonly xLabel: string;
	readonly yLabel: string;
	/** Both axes logarithmic; else the values of x stand at equal distances and y begins at 0. */
	readonly isLog: boolean;
	readonly xText: (x: number) => string;
	readonly series: readonly Series[];
}

const width = 640;
const height = 360;
const left = 70;
const right = 130;
const top = 40;
const bottom = 50;
const colors = ["#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce"];

/** A plot as a file of its own: no script, no font, readable on light and dark. */
export function toSvg(plot: Plot): string {
	const scale = scaleOf(plot);
	const parts = [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
		`<rect width="${width}" height="${height}" fill="#fff"/>`,
		text(width / 2, 20, plot.title, "middle", 'font-size="14"'),
		text((left + width - right) / 2, height - 10, plot.xLabel, "middle"),
		text(
			14,
			height / 2,
			plot.yLabel,
			"middle",
			`transform="rotate(-90 14 ${height / 2})"`,
		),
		...xAxis(plot, scale),
		...yAxis(plot, scale),
		...plot.series.map((series, index) => curve(series, index, scale)),
		"</svg>",
	];
	return `${parts.join("\n")}\n`;
}

interface Scale {
	readonly xs: readonly number[];
	readonly maxY: number;
	readonly toX: (x: number) => number;
	readonly toY: (y: number) => number;
}

function scaleOf({ series, isLog }: Plot): Scale {
	const points = series.flatMap((each) => each.points);
	const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
	const maxY = Math.max(...points.map(({ y }) => y)) * (isLog ? 1.5 : 1.15);
	const minY = Math.min(...points.map(({ y }) => y)) / 1.5;
	const plotHeight = height - top - bottom;
	const yPart = isLog
		? (y: number) => Math.log(y / minY) / Math.log(maxY / minY)
		: (y: number) => y / maxY;
	return {
		xs,
		maxY,
		toX: (x) =>
			left +
			(xs.indexOf(x) / Math.max(1, xs.length - 1)) * (width - left - right),
		toY: (y) => height - bottom - yPart(y) * plotHeight,
	};
}

function xAxis({ xText }: Plot, { xs, toX }: Scale): string[] {
	return xs.map((x) => text(toX(x), height - bottom + 18, xText(x), "middle"));
}

function yAxis({ isLog }: Plot, { maxY, toY }: Scale): string[] {
	const ticks = isLog ? powersOfTen(maxY) : evenTicks(maxY);
	return ticks
		.filter((y) => toY(y) <= height - bottom + 1)
		.flatMap((y) => [
			`<line x1="${left}" x2="${width - right}" y1="${toY(y)}" y2="${toY(y)}" stroke="#ddd"/>`,
			text(left - 6, toY(y) + 4, y.toLocaleString("en"), "end"),
		]);
}

function powersOfTen(max: number): number[] {
	return Array.from(
		{ length: Math.floor(Math.log10(max)) + 1 },
		(_, i) => 10 ** i,
	);
}

function evenTicks(max: number): number[] {
	const rough = max / 5;
	const power = 10 ** Math.floor(Math.log10(rough));
	const step =
		([1, 2, 5, 10].find((factor) => factor * power >= rough) as number) * power;
	return Array.from({ length: Math.floor(max / step) + 1 }, (_, i) =>
		Number((i * step).toPrecision(3)),
	);
}

function curve(
	{ name, points }: Series,
	index: number,
	{ toX, toY }: Scale,
): string {
	const color = colors[index % colors.length] as string;
	const places = points.map(
		({ x, y }) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`,
	);
	const dots = places.map((place) => {
		const [cx, cy] = place.split(",");
		return `<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`;
	});
	const label = text(
		width - right + 16,
		top + 14 + index * 18,
		name,
		"start",
		`fill="${color}"`,
	);
	return `<polyline points="${places.join(" ")}" fill="none" stroke="${color}" stroke-width="2"/>${dots.join("")}${label}`;
}

function text(
	x: number,
	y: number,
	content: string,
	anchor: string,
	more = "",
): string {
	const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
	return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" ${more}>${escaped}</text>`;
}
