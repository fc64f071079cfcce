// npm run bench -- [--quick] [--only get,post] [--rows ceiling,gateway] [--rounds 5] [--seconds 2] [--load wrk|autocannon|bursts]
import { parseArgs } from "node:util";
import { startUpstream } from "./harness/bench-upstream.ts";
import { type Figure, measureFigures } from "./harness/figures.ts";
import { defaultLoad, type LoadName } from "./harness/load.ts";
import { pinSelf } from "./harness/machine.ts";
import { type MeasureOptions, measure, type Row } from "./harness/measure.ts";
import { type Section, sections } from "./harness/plans.ts";
import { toFigureTable, toMarkdown } from "./harness/report.ts";
import { describeRun, saveResults } from "./harness/results.ts";
import { toTargets } from "./harness/targets.ts";

const { values } = parseArgs({
	options: {
		quick: { type: "boolean", default: false },
		only: { type: "string" },
		rows: { type: "string" },
		rounds: { type: "string" },
		seconds: { type: "string" },
		load: { type: "string" },
	},
});
const { quick } = values;
const load = (values.load ?? (quick ? "bursts" : defaultLoad())) as LoadName;
const isBursts = load === "bursts";
const options = {
	load,
	rounds: Number(values.rounds ?? (isBursts ? (quick ? 6 : 40) : 5)),
	seconds: Number(values.seconds ?? (isBursts ? (quick ? 0.2 : 0.25) : 2)),
	warmSeconds: quick ? 0.6 : 2,
	tries: quick || isBursts ? 1 : 3,
};

pinSelf();
const upstream = await startUpstream();
const sectionRows: Record<string, readonly Row[]> = {};
const texts: string[] = [];
say(describeRun(options));
for (const section of sections.filter(isWanted)) {
	const rows = await runSection(section);
	sectionRows[section.id] = rows;
	say(toMarkdown(section.title, rows));
}
const figures: Figure[] = isWanted({ id: "figures" })
	? await measureFigures(upstream.port, quick ? 2 : 5)
	: [];
if (figures.length > 0) say(toFigureTable(figures));
const results = { sections: sectionRows, figures };
say(toTargets(results));
if (values.only === undefined)
	saveResults(quick ? "quick" : "bench", texts.join("\n"), {
		options,
		results,
	});
await upstream.stop();
process.exit();

function isWanted({ id }: Pick<Section, "id">): boolean {
	return values.only === undefined || values.only.split(",").includes(id);
}

function runSection({ rows, reference }: Section): Promise<Row[]> {
	const wanted = values.rows?.split(",");
	const plans = rows.filter(({ name }) => !wanted || wanted.includes(name));
	const measureOptions: MeasureOptions = {
		...options,
		upstreamPort: upstream.port,
		reference,
		onProgress: progress,
	};
	return measure(plans, measureOptions);
}

/** One line, written over, on a terminal only. */
function progress(text: string): void {
	if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function say(text: string): void {
	progress("");
	texts.push(text);
	console.log(text);
}
