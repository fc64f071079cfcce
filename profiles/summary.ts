import { readFileSync } from "node:fs";

interface CallFrame {
	readonly functionName: string;
	readonly url: string;
	readonly lineNumber: number;
}

interface CpuProfile {
	readonly nodes: readonly {
		readonly id: number;
		readonly callFrame: CallFrame;
	}[];
	readonly samples: readonly number[];
	readonly timeDeltas: readonly number[];
}

interface AllocationNode {
	readonly callFrame: CallFrame;
	readonly selfSize: number;
	readonly children: readonly AllocationNode[];
}

/** Self time of a function, or of a part of the program. */
export interface SelfTime {
	readonly name: string;
	/** Of the time in which the process was not idle. */
	readonly share: number;
}

/** Where the time went. */
export interface Summary {
	readonly functions: readonly SelfTime[];
	readonly parts: readonly SelfTime[];
	readonly busyMs: number;
}

const notBusy = new Set(["(idle)", "(root)"]);

/**
 * Self time by function and by part of a .cpuprofile.
 * @param lastMs only the end of the profile counts, so that start and warm-up stay out
 */
export function summarize(file: string, lastMs: number): Summary {
	const profile: CpuProfile = JSON.parse(readFileSync(file, "utf8"));
	const frames = new Map(
		profile.nodes.map(({ id, callFrame }) => [id, callFrame]),
	);
	const functions = new Map<string, number>();
	const parts = new Map<string, number>();
	let busyUs = 0;
	let leftUs = lastMs * 1000;
	for (let i = profile.samples.length - 1; i >= 0 && leftUs > 0; i--) {
		const us = profile.timeDeltas[i] as number;
		leftUs -= us;
		const frame = frames.get(profile.samples[i] as number) as CallFrame;
		if (notBusy.has(frame.functionName)) continue;
		busyUs += us;
		add(functions, nameOf(frame), us);
		add(parts, partOf(frame), us);
	}
	return {
		functions: toShares(functions, busyUs),
		parts: toShares(parts, busyUs),
		busyMs: busyUs / 1000,
	};
}

function add(sums: Map<string, number>, name: string, us: number): void {
	sums.set(name, (sums.get(name) ?? 0) + us);
}

function toShares(
	sums: ReadonlyMap<string, number>,
	whole: number,
): SelfTime[] {
	return [...sums]
		.map(([name, us]) => ({ name, share: us / whole }))
		.toSorted((a, b) => b.share - a.share);
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
	const name = functionName || "(anonymous)";
	return url === "" ? name : `${name} ${shortUrl(url)}:${lineNumber + 1}`;
}

function shortUrl(url: string): string {
	const at = url.lastIndexOf("node_modules/");
	if (at !== -1) return url.slice(at + "node_modules/".length);
	return url.replace(/^file:\/\/.*?\/(?=(src|bench)\/)/, "");
}

/** `node:http`, `undici`, `src/proxy`, `(garbage collector)`... */
function partOf({ functionName, url }: CallFrame): string {
	if (url === "")
		return functionName.startsWith("(") ? functionName : "native code";
	if (url.startsWith("wasm:")) return "undici's parser (wasm)";
	const short = shortUrl(url);
	if (short.startsWith("node:"))
		return short.replace(/^node:(internal\/)?/, "node: ");
	return short.split("/").slice(0, 2).join("/");
}

/** The summary as text: parts first, then the functions that used most. */
export function toText(
	title: string,
	{ functions, parts, busyMs }: Summary,
	top: number,
): string {
	const line = ({ name, share }: SelfTime) =>
		`${(share * 100).toFixed(1).padStart(6)} %  ${name}`;
	return [
		`${title}: self time, ${(busyMs / 1000).toFixed(1)} s busy`,
		"",
		"by part",
		...parts.slice(0, 20).map(line),
		"",
		`by function, the first ${top}`,
		...functions.slice(0, top).map(line),
		"",
	].join("\n");
}

/** Bytes allocated for one request, by part and by function, as text. */
export function allocationsToText(
	title: string,
	file: string,
	requests: number,
	top: number,
): string {
	const { head }: { head: AllocationNode } = JSON.parse(
		readFileSync(file, "utf8"),
	);
	const functions = new Map<string, number>();
	const parts = new Map<string, number>();
	const visit = ({ callFrame, selfSize, children }: AllocationNode): void => {
		add(functions, nameOf(callFrame), selfSize);
		add(parts, partOf(callFrame), selfSize);
		for (const child of children) visit(child);
	};
	visit(head);
	const lines = (sums: ReadonlyMap<string, number>) =>
		[...sums]
			.toSorted((a, b) => b[1] - a[1])
			.slice(0, top)
			.map(
				([name, bytes]) =>
					`${(bytes / requests).toFixed(0).padStart(6)}  ${name}`,
			);
	const total = [...parts.values()].reduce((sum, bytes) => sum + bytes, 0);
	return [
		`${title}: ${(total / requests).toFixed(0)} bytes allocated for a request`,
		"",
		"by part",
		...lines(parts),
		"",
		"by function",
		...lines(functions),
		"",
	].join("\n");
}
