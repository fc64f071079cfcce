// npm run profile -- cpu|alloc|heap|flame|doctor|bubbleprof [--contender gateway] [--work get] [--seconds 5]
import { existsSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startUpstream } from "../bench/harness/bench-upstream.ts";
import {
	defaultLoad,
	type LoadRequest,
	runLoad,
} from "../bench/harness/load.ts";
import { startOptions } from "../bench/harness/measure.ts";
import { sections } from "../bench/harness/plans.ts";
import { type Running, type Skipped, start } from "../bench/harness/spawn.ts";
import { allocationsToText, summarize, toText } from "./summary.ts";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		contender: { type: "string", default: "gateway" },
		work: { type: "string", default: "get" },
		seconds: { type: "string", default: "5" },
		top: { type: "string", default: "30" },
	},
});
const kind = positionals[0] ?? "cpu";
const seconds = Number(values.seconds);
const row = planOf(values.contender, values.work);
const folder = new URL("reports/", import.meta.url);
const name = `${kind}-${row.name.replaceAll(" ", "-")}-${values.work}`;
mkdirSync(folder, { recursive: true });

const upstream = await startUpstream();
try {
	if (kind === "cpu" || kind === "heap") await withNode();
	else if (kind === "alloc") await withAllocations();
	else await withClinic();
} finally {
	await upstream.stop();
}

function planOf(contender: string, work: string) {
	const section = sections.find(({ id }) => id === work);
	const plan = section?.rows.find((candidate) => candidate.name === contender);
	if (plan) return plan;
	const known = sections.map(
		({ id, rows }) => `${id}: ${rows.map((each) => each.name).join(", ")}`,
	);
	throw new Error(`no such contender and work; there are\n${known.join("\n")}`);
}

/** node's own profilers, which write when the process ends. */
async function withNode(): Promise<void> {
	const file = `${name}.${kind}profile`;
	const flags = [
		`--${kind}-prof`,
		`--${kind}-prof-dir=${fileURLToPath(folder)}`,
		`--${kind}-prof-name=${file}`,
	];
	if (kind === "cpu") flags.push("--cpu-prof-interval=250");
	const started = await start({
		...startOptions(row, upstream.port),
		nodeFlags: flags,
	});
	await loadAndStop(started);
	const path = fileURLToPath(new URL(file, folder));
	console.log(
		`${path}\nopen it in a browser's DevTools, or at any .${kind}profile viewer\n`,
	);
	if (kind === "cpu") writeSummary(path);
}

function writeSummary(path: string): void {
	const text = toText(
		`${row.name}, ${values.work}`,
		summarize(path, seconds * 1000),
		Number(values.top),
	);
	writeFileSync(path.replace(/cpuprofile$/, "txt"), text);
	console.log(text);
}

/** What is allocated for a request, by the function that allocates: garbage is paid for as well. */
async function withAllocations(): Promise<void> {
	const path = fileURLToPath(new URL(`${name}.heapprofile`, folder));
	const options = startOptions(row, upstream.port);
	const env = { ...options.env, ALLOCATIONS_FILE: path };
	const hook = new URL("allocations.ts", import.meta.url).href;
	const started = await start({
		...options,
		env,
		nodeFlags: ["--import", hook],
	});
	const requests = await loadAndStop(started, "SIGUSR2");
	const text = allocationsToText(
		`${row.name}, ${values.work}`,
		path,
		requests,
		Number(values.top),
	);
	writeFileSync(path.replace(/heapprofile$/, "txt"), text);
	console.log(text);
}

/** Clinic's tools, from profiles' own install; they make a page of HTML. */
async function withClinic(): Promise<void> {
	const clinic = fileURLToPath(
		new URL("node_modules/clinic/bin.js", import.meta.url),
	);
	if (!existsSync(clinic))
		throw new Error("clinic is not installed: npm ci --prefix profiles");
	const options = startOptions(row, upstream.port);
	const env = { ...options.env, NO_INSIGHT: "1" };
	const dest = fileURLToPath(new URL(name, folder));
	const nodeFlags = [
		clinic,
		kind,
		"--open=false",
		"--dest",
		dest,
		"--",
		process.execPath,
	];
	await loadAndStop(await start({ ...options, env, nodeFlags }));
	console.log(
		globSync(`${dest}/*.html`).join("\n") || `no page was made in ${dest}`,
	);
}

/** @returns the requests answered after the warm-up */
async function loadAndStop(
	started: Running | Skipped,
	signalWhenWarm?: NodeJS.Signals,
): Promise<number> {
	if ("skip" in started) throw new Error(started.skip);
	await load(started.port, row.request, 2);
	if (signalWhenWarm) process.kill(started.pid, signalWhenWarm);
	const requests = await load(started.port, row.request, seconds);
	await finish(started);
	return requests;
}

async function load(
	port: number,
	request: LoadRequest,
	runSeconds: number,
): Promise<number> {
	const options = { port, request, connections: 40, seconds: runSeconds };
	const result = await runLoad(defaultLoad(), options);
	if (result.fault !== null) throw new Error(result.fault);
	console.log(`${result.perSecond.toFixed(0)} requests / s`);
	return result.requests;
}

/** Ends the profiled process, which is not clinic's own, and waits until the report is written. */
async function finish({ child, pid }: Running): Promise<void> {
	const ended = new Promise((resolve) => child.once("exit", resolve));
	process.kill(pid, "SIGTERM");
	await ended;
}
