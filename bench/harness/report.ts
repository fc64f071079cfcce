import type { Figure } from "./figures.ts";
import type { Row } from "./measure.ts";

const heads = [
	"contender",
	"CPU us / request",
	"ratio",
	"spread",
	"requests / s",
	"p50 ms",
	"p99 ms",
	"core used",
];

/** Rows as a Markdown table; a row without figures says why. */
export function toMarkdown(title: string, rows: readonly Row[]): string {
	const lines = [heads, heads.map((_, i) => (i === 0 ? "---" : "---:"))];
	for (const row of rows) lines.push(cells(row));
	return `## ${title}\n\n${lines.map(tableLine).join("\n")}\n`;
}

/** Figures as a Markdown table. */
export function toFigureTable(figures: readonly Figure[]): string {
	const lines = [
		["figure", "contender", "value"],
		["---", "---", "---:"],
		...figures.map(({ name, contender, value, unit }) => [
			name,
			contender,
			`${value.toFixed(1)} ${unit}`,
		]),
	];
	return `## Start-up, memory, large bodies\n\n${lines.map(tableLine).join("\n")}\n`;
}

/** Cells as a line of a Markdown table. */
export function tableLine(cells: readonly string[]): string {
	return `| ${cells.join(" | ")} |`;
}

function cells(row: Row): string[] {
	if (row.why !== null)
		return [row.name, row.why, ...Array<string>(heads.length - 2).fill("")];
	return [
		row.name,
		row.cpuUs.toFixed(1),
		row.ratio.toFixed(2),
		`±${(row.spread * 100).toFixed(0)} %`,
		row.perSecond.toFixed(0),
		row.p50Ms.toFixed(2),
		row.p99Ms.toFixed(2),
		`${(row.busy * 100).toFixed(0)} %`,
	];
}
