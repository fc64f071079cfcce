import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { coreCount, isPinned } from "./machine.ts";

const folder = new URL("../results/", import.meta.url);

/** What ran where: the first lines of a report. */
export function describeRun(options: {
	readonly load: string;
	readonly rounds: number;
	readonly seconds: number;
}): string {
	const where = isPinned
		? "gateway on core 0, load and upstream on the others"
		: "not pinned: no taskset here, or one core";
	return [
		"# Bench",
		"",
		`Revision ${revision()}, node ${process.version}, ${cpus()[0]?.model}, ${coreCount} cores, ${where}.`,
		`Load: ${options.load}, 40 connections; ${options.rounds} rounds of ${options.seconds} s in turn; medians. Read the ratios: the figures hold for this run only.`,
		"",
	].join("\n");
}

/** Writes bench/results/NAME.md and NAME.json. */
export function saveResults(name: string, text: string, data: object): void {
	mkdirSync(folder, { recursive: true });
	writeFileSync(new URL(`${name}.md`, folder), text);
	const json = JSON.stringify(
		{ revision: revision(), node: process.version, ...data },
		null,
		"\t",
	);
	writeFileSync(new URL(`${name}.json`, folder), `${json}\n`);
}

/** Writes one more file into bench/results. */
export function saveFile(name: string, text: string): void {
	mkdirSync(folder, { recursive: true });
	writeFileSync(new URL(name, folder), text);
}

function revision(): string {
	const git = (...args: string[]) =>
		execFileSync("git", args, {
			encoding: "utf8",
			cwd: import.meta.dirname,
		}).trim();
	const changed =
		git("status", "--porcelain", "--", "../../src") === ""
			? ""
			: " with changes in src";
	return git("rev-parse", "--short", "HEAD") + changed;
}
