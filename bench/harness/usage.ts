import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hasProc } from "./machine.ts";
import type { Running } from "./spawn.ts";

/** What a process has used so far. */
export interface Usage {
	/** User and system time of all its threads, in microseconds. */
	readonly cpuUs: number;
	/** Time its threads stood ready while others had the core, in microseconds; 0 where it is not known. */
	readonly waitUs: number;
	readonly rssBytes: number;
	/** The most it ever held, or since `resetPeak`. */
	readonly peakRssBytes: number;
}

/** Reads the usage of a running contender: from /proc, else from the process itself. */
export async function readUsage(running: Running): Promise<Usage> {
	if (hasProc) return fromProc(running.pid);
	running.child.send("usage");
	const [usage] = await once(running.child, "message");
	return { ...usage, waitUs: 0 };
}

/** Forgets the peak of resident memory, so that the next one is of the work to come. */
export function resetPeak(pid: number): void {
	if (hasProc) writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function fromProc(pid: number): Usage {
	const status = readFileSync(`/proc/${pid}/status`, "utf8");
	return {
		...times(pid),
		rssBytes: kibibytes(status, "VmRSS") * 1024,
		peakRssBytes: kibibytes(status, "VmHWM") * 1024,
	};
}

/** The scheduler's nanoseconds of each thread where it keeps them; /proc/PID/stat counts in steps of 10 ms. */
function times(pid: number): Pick<Usage, "cpuUs" | "waitUs"> {
	try {
		return fromScheduler(pid);
	} catch {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		const ticks = Number(fields[11]) + Number(fields[12]);
		return { cpuUs: ticks * 10_000, waitUs: 0 };
	}
}

function fromScheduler(pid: number): Pick<Usage, "cpuUs" | "waitUs"> {
	let cpuNs = 0;
	let waitNs = 0;
	for (const thread of readdirSync(`/proc/${pid}/task`)) {
		const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8");
		const [ran, waited] = text.split(" ");
		cpuNs += Number(ran);
		waitNs += Number(waited);
	}
	return { cpuUs: cpuNs / 1000, waitUs: waitNs / 1000 };
}

function kibibytes(status: string, name: string): number {
	return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
}
