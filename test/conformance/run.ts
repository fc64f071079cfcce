import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type RawUpstream, startRawUpstream } from "../helpers/raw-upstream.ts";
import { judge, Stage, type Verdict } from "./stage.ts";
import { suite } from "./suite.ts";
import { type Column, toMarkdown } from "./table.ts";
import { targets } from "./targets/all.ts";
import type { StartTarget, Target } from "./targets/child.ts";

const { values: options } = parseArgs({
	options: {
		/** Names separated by commas, or the URL of a proxy that forwards `/*` to `--upstream-port`. Default: all. */
		target: { type: "string" },
		/** The port of 127.0.0.1 that the raw upstream listens on. Default: a free one. */
		"upstream-port": { type: "string", default: "0" },
		/** Only cases whose id or topic holds this text. */
		only: { type: "string", default: "" },
		/** Writes docs/conformance.md from this run. Default: when all targets and cases run. */
		write: { type: "boolean", default: false },
	},
});

const cases = suite.filter((one) =>
	`${one.id} ${one.topic}`.includes(options.only),
);
const names = options.target?.split(",") ?? [...targets.keys()];
const columns: Column[] = [];
for (const name of names) columns.push(await runTarget(name));
if (options.write || (options.target === undefined && options.only === "")) {
	const file = join(import.meta.dirname, "..", "..", "docs", "conformance.md");
	await writeFile(file, toMarkdown(cases, columns));
}

/** Runs every case against one target, started again whenever it died. */
async function runTarget(name: string): Promise<Column> {
	await using upstream = await startRawUpstream({
		port: Number(options["upstream-port"]),
	});
	const start = starterOf(name);
	const verdicts = new Map<string, Verdict>();
	const startedAt = performance.now();
	let target = await start(upstream.port);
	for (const one of cases) {
		let verdict = await judge(one, new Stage(target, upstream));
		if (!target.isAlive())
			verdict = { result: "fail", reason: "the target ended" };
		if (verdict.result !== "pass") print(one.id, verdict);
		verdicts.set(one.id, verdict);
		if (needsRestart(verdict, target))
			target = await restart(target, start, upstream);
	}
	await target.close();
	const seconds = (performance.now() - startedAt) / 1_000;
	process.stdout.write(
		`${name} ${target.version}: ${summary(verdicts)} in ${seconds.toFixed(0)} s\n`,
	);
	return { name: target.name, version: target.version, verdicts };
}

function starterOf(name: string): StartTarget {
	if (!URL.canParse(name)) {
		const start = targets.get(name);
		if (!start)
			throw new Error(
				`no target named ${name}; there are ${[...targets.keys()].join(", ")}`,
			);
		return start;
	}
	const { hostname, port, host } = new URL(name);
	return async () => ({
		name: host,
		version: "",
		host: hostname,
		port: Number(port || 80),
		isAlive: () => true,
		close: async () => {},
	});
}

function needsRestart(verdict: Verdict, target: Target): boolean {
	return (
		!target.isAlive() ||
		(verdict.result === "fail" && verdict.reason.startsWith("afterwards"))
	);
}

async function restart(
	target: Target,
	start: StartTarget,
	upstream: RawUpstream,
): Promise<Target> {
	await target.close();
	await upstream.closeConnections();
	upstream.connections = [];
	return start(upstream.port);
}

function print(
	id: string,
	verdict: Exclude<Verdict, { result: "pass" }>,
): void {
	process.stdout.write(
		`  ${verdict.result.padEnd(7)} ${id.padEnd(28)} ${verdict.reason}\n`,
	);
}

function summary(verdicts: ReadonlyMap<string, Verdict>): string {
	const results = [...verdicts.values()].map((verdict) => verdict.result);
	const count = (wanted: string) =>
		results.filter((result) => result === wanted).length;
	return `${count("pass")} pass, ${count("differs")} differ, ${count("fail")} fail`;
}
