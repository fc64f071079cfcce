import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Where the gateway runs, and where everything else does. */
export type Side = "gateway" | "load";

/** How many cores there are. Read once: after pinSelf() node would count one core only. */
export const coreCount: number = availableParallelism();
const loadCores = `1-${coreCount - 1}`;
const pinned = hasCommand("taskset") && coreCount > 1;

/** Whether the gateway has a core of its own. */
export const isPinned: boolean = pinned;

/** Whether CPU and memory of any process can be read from /proc. */
export const hasProc: boolean = existsSync("/proc/self/stat");

/** Whether a command is installed. */
export function hasCommand(name: string): boolean {
	return spawnSync("which", [name]).status === 0;
}

/**
 * A command line pinned to its side: the gateway to core 0, load and upstream to the others.
 * Unchanged where there is no taskset or only one core.
 */
export function pin(side: Side, command: readonly string[]): string[] {
	if (!pinned) return [...command];
	return ["taskset", "-c", side === "gateway" ? "0" : loadCores, ...command];
}

/** Moves this process to the load's cores, for a load that runs in it. */
export function pinSelf(): void {
	if (!pinned) return;
	spawnSync("taskset", ["-a", "-c", "-p", loadCores, String(process.pid)]);
}
