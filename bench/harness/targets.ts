import type { Figure } from "./figures.ts";
import type { Row } from "./measure.ts";
import { nodePeers } from "./plans.ts";
import { tableLine } from "./report.ts";
import { median } from "./stats.ts";

/** What one run has measured. */
export interface Results {
	/** By the id of their section. */
	readonly sections: Readonly<Record<string, readonly Row[]>>;
	readonly figures: readonly Figure[];
}

interface Target {
	readonly work: string;
	readonly atMost: number;
	readonly of: string;
	readonly unit?: string;
	/** NaN where one of its rows was not measured. */
	readonly measured: (results: Results) => number;
}

/** What is asked for. Lower is better. */
const targets: readonly Target[] = [
	{
		work: "pass-through GET",
		atMost: 1,
		of: "ceiling",
		measured: (results) => ratio(results, "get", "gateway", "ceiling"),
	},
	{
		work: "pass-through GET",
		atMost: 0.72,
		of: "the fastest node peer",
		measured: (results) => toFastestPeer(results, "get"),
	},
	{
		work: "typed GET with API key",
		atMost: 1.12,
		of: "pass-through",
		measured: (results) =>
			ratio(results, "variants", "gateway-typed", "gateway"),
	},
	{
		work: "full stack GET",
		atMost: 1.45,
		of: "pass-through",
		measured: (results) =>
			ratio(results, "variants", "gateway-full", "gateway"),
	},
	{
		work: "access log, metrics and request id",
		atMost: 1.25,
		of: "pass-through",
		measured: (results) =>
			ratio(results, "costs", "log + metrics + id", "gateway"),
	},
	{
		work: "JSON body 1 KiB, checked and re-serialised",
		atMost: 1.35,
		of: "pass-through POST",
		measured: (results) => ratio(results, "post", "gateway-body", "gateway"),
	},
	{
		work: "1 MiB download",
		atMost: 1,
		of: "ceiling",
		measured: (results) => ratio(results, "download", "gateway", "ceiling"),
	},
	{
		work: "1 MiB download",
		atMost: 0.9,
		of: "the fastest node peer",
		measured: (results) => toFastestPeer(results, "download"),
	},
	{
		work: "cache hit, 82 bytes",
		atMost: 1.4,
		of: "bare node:http",
		measured: (results) => ratio(results, "cache", "gateway-cache", "bare"),
	},
	{
		work: "10,000 routes",
		atMost: 1.03,
		of: "10 routes",
		measured: (results) =>
			ratio(results, "variants", "10,000 routes", "10 routes"),
	},
	{
		work: "10 synchronous dependencies",
		atMost: 1,
		of: "added to pass-through",
		unit: "us",
		measured: (results) =>
			added(results, "variants", "10 dependencies", "gateway"),
	},
	{
		work: "64 MiB download, RSS growth",
		atMost: 32,
		of: "",
		unit: "MiB",
		measured: (results) => figure(results, "download-rss-gateway"),
	},
	{
		work: "64 MiB upload, RSS growth",
		atMost: 32,
		of: "",
		unit: "MiB",
		measured: (results) => figure(results, "upload-rss-gateway"),
	},
	{
		work: "5,000 idle keep-alive connections",
		atMost: 12,
		of: "of RSS each",
		unit: "KiB",
		measured: (results) => figure(results, "idle-gateway"),
	},
	{
		work: "start-up with 1,000 typed routes",
		atMost: 400,
		of: "",
		unit: "ms",
		measured: (results) => figure(results, "start-routes-1000"),
	},
];

/** The table of what is asked, with what this run has measured beside it. */
export function toTargets(results: Results): string {
	const lines = [
		["work", "at most", "measured", ""],
		["---", "---", "---:", "---"],
		...targets.map((target) => cells(target, target.measured(results))),
	];
	return `## Targets\n\n${lines.map(tableLine).join("\n")}\n`;
}

function cells({ work, atMost, of, unit }: Target, measured: number): string[] {
	const known = !Number.isNaN(measured);
	const asked = unit
		? `${atMost} ${unit} ${of}`
		: `${atMost.toFixed(2)} of ${of}`;
	const met = measured <= atMost ? "met" : "**not met**";
	return [
		work,
		asked,
		known ? measured.toFixed(2) : "not measured",
		known ? met : "",
	];
}

/** Median over the rounds of one row's CPU to another's in the same round. */
function ratio(
	results: Results,
	section: string,
	row: string,
	to: string,
): number {
	const rounds = roundsOf(results, section, row);
	const base = roundsOf(results, section, to);
	return median(rounds.map((cpuUs, i) => cpuUs / (base[i] ?? NaN)));
}

function added(
	results: Results,
	section: string,
	row: string,
	to: string,
): number {
	const rounds = roundsOf(results, section, row);
	const base = roundsOf(results, section, to);
	return median(rounds.map((cpuUs, i) => cpuUs - (base[i] ?? NaN)));
}

function toFastestPeer(results: Results, section: string): number {
	const measured = (results.sections[section] ?? []).filter(
		({ name, why }) => why === null && nodePeers.includes(name),
	);
	const fastest = measured.toSorted((a, b) => a.cpuUs - b.cpuUs)[0];
	return fastest ? ratio(results, section, "gateway", fastest.name) : NaN;
}

function figure({ figures }: Results, id: string): number {
	return figures.find((candidate) => candidate.id === id)?.value ?? NaN;
}

function roundsOf(
	results: Results,
	section: string,
	name: string,
): readonly number[] {
	return (
		results.sections[section]?.find((row) => row.name === name)?.rounds ?? []
	);
}
