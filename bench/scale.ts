// npm run bench:scale -- [--only routes,headers] [--rounds 20] [--seconds 0.25]
// How the CPU of a request grows with routes, dependencies, headers, connections and body size; a plot of each.
import { parseArgs } from "node:util";
import { startUpstream } from "./harness/bench-upstream.ts";
import { type Growth, growths } from "./harness/growths.ts";
import { pinSelf } from "./harness/machine.ts";
import { measure, type Row, type RowPlan } from "./harness/measure.ts";
import { toMarkdown } from "./harness/report.ts";
import { describeRun, saveFile } from "./harness/results.ts";
import { type Series, toSvg } from "./harness/svg.ts";

const { values } = parseArgs({
	options: {
		only: { type: "string" },
		rounds: { type: "string", default: "20" },
		seconds: { type: "string", default: "0.25" },
	},
});
const options = {
	load: "bursts",
	rounds: Number(values.rounds),
	seconds: Number(values.seconds),
	warmSeconds: 1.5,
	tries: 1,
} as const;

pinSelf();
const upstream = await startUpstream();
const texts = [describeRun(options)];
for (const growth of growths) {
	if (values.only && !values.only.split(",").includes(growth.id)) continue;
	const rows = await run(growth);
	texts.push(toMarkdown(growth.title, rows));
	console.log(texts.at(-1));
	saveFile(
		`scale-${growth.id}.svg`,
		toSvg({
			...growth,
			yLabel: "CPU us / request",
			series: toSeries(growth, rows),
		}),
	);
}
if (values.only === undefined) saveFile("scale.md", texts.join("\n"));
await upstream.stop();
process.exit();

function run({ series }: Growth): Promise<Row[]> {
	const plans = series.flatMap(({ rows }) => rows.map(({ plan }) => plan));
	const reference = (plans[0] as RowPlan).name;
	return measure(plans, { ...options, upstreamPort: upstream.port, reference });
}

function toSeries({ series }: Growth, rows: readonly Row[]): Series[] {
	return series.map(({ name, rows: planned }) => ({
		name,
		points: planned.flatMap(({ x, plan }) => {
			const row = rows.find((candidate) => candidate.name === plan.name);
			return row?.why === null ? [{ x, y: row.cpuUs }] : [];
		}),
	}));
}
