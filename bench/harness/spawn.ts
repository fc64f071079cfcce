import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { hasProc, pin, type Side } from "./machine.ts";

const startTimeoutMs = 30_000;

/** What this process has started and not yet stopped: it goes when this one goes, however that comes. */
const children = new Set<ChildProcess>();
process.on("exit", () => {
	for (const child of children) child.kill();
});
process.once("SIGTERM", () => process.exit(1));
process.once("SIGINT", () => process.exit(1));

/** A contender or the upstream, running. */
export interface Running {
	readonly port: number;
	/** Of the process that does the work: nginx, not what started it. */
	readonly pid: number;
	readonly child: ChildProcess;
	/** From spawn to the first line, in milliseconds. */
	readonly startMs: number;
	stop(): Promise<void>;
}

/** Why a contender can not run here. */
export interface Skipped {
	readonly skip: string;
}

export interface StartOptions {
	readonly side: Side;
	/** Relative to bench/. */
	readonly file: string;
	readonly env?: Readonly<Record<string, string>>;
	/** For node itself, such as `--cpu-prof`. */
	readonly nodeFlags?: readonly string[];
}

/**
 * Starts a file of bench/ as its own process and waits for the line that tells its port.
 * A process that ends before is skipped, with the reason.
 */
export async function start(options: StartOptions): Promise<Running | Skipped> {
	const startedAt = performance.now();
	const child = spawnNode(options);
	children.add(child);
	child.once("exit", () => children.delete(child));
	const errors: string[] = [];
	child.stderr?.on("data", (data) => errors.push(String(data)));
	const line = await firstLine(child);
	if (line === null) return { skip: lastError(errors) };
	const said = JSON.parse(line);
	if (said.skip) return said;
	const { port, pid } = said;
	const startMs = performance.now() - startedAt;
	return { port, pid, child, startMs, stop: () => stop(child) };
}

function spawnNode({ side, file, env, nodeFlags }: StartOptions): ChildProcess {
	const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
	const flags = nodeFlags ?? [];
	const [command, ...args] = pin(side, [process.execPath, ...flags, path]);
	return spawn(command as string, args, {
		env: { ...process.env, NODE_ENV: "production", ...env },
		stdio: ["ignore", "pipe", "pipe", ...(hasProc ? [] : ["ipc" as const])],
	});
}

async function firstLine(child: ChildProcess): Promise<string | null> {
	const lines = createInterface({
		input: child.stdout as NodeJS.ReadableStream,
	});
	const timer = setTimeout(() => child.kill("SIGKILL"), startTimeoutMs);
	try {
		for await (const line of lines) if (line.startsWith("{")) return line;
		return null;
	} finally {
		clearTimeout(timer);
		child.stdout?.resume();
	}
}

function lastError(errors: readonly string[]): string {
	const lines = errors.join("").split("\n");
	const line = lines.find((text) => /Error/.test(text)) ?? "it did not start";
	return line.trim().slice(0, 120);
}

async function stop(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	child.kill("SIGTERM");
	const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
	await once(child, "exit");
	clearTimeout(timer);
}
