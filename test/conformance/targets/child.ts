import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A proxy that forwards everything to one upstream. */
export interface Target {
	readonly name: string;
	readonly version: string;
	readonly host: string;
	readonly port: number;
	/** Whether its process is still there. */
	isAlive(): boolean;
	close(): Promise<void>;
}

/** Starts a target in front of the upstream at that port of 127.0.0.1. */
export type StartTarget = (upstreamPort: number) => Promise<Target>;

/** Time-outs of every target, in milliseconds: short enough to be seen within a case. */
export const timeouts = {
	connectMs: 500,
	/** Silence of the upstream, before and after its head. */
	upstreamMs: 700,
	/** A whole head from the client, and silence in its body. */
	clientMs: 1_000,
} as const;

/** What to run, once its files are there. */
export interface Program {
	readonly name: string;
	readonly version: string;
	readonly command: string;
	/** `{dir}` stands for the directory of the files. */
	readonly args: readonly string[];
	readonly files: Readonly<Record<string, string>>;
	readonly port: number;
}

/** Runs a program as a child with its files in a directory of its own; both are gone after `close`. */
export async function startChild(program: Program): Promise<Target> {
	const dir = await mkdtemp(join(tmpdir(), "conformance-"));
	for (const [file, text] of Object.entries(program.files))
		await writeFile(join(dir, file), text.replaceAll("{dir}", dir));
	const args = program.args.map((arg) => arg.replaceAll("{dir}", dir));
	const child = spawn(program.command, args, {
		stdio: ["ignore", "ignore", "pipe"],
	});
	let errors = "";
	child.stderr?.on("data", (chunk: Buffer) => {
		errors = (errors + chunk.toString()).slice(-4_000);
	});
	try {
		await accepting(program.port, child);
	} catch (error) {
		await end(child);
		throw new Error(`${program.name} did not start: ${errors}`, {
			cause: error,
		});
	}
	return {
		name: program.name,
		version: program.version,
		host: "127.0.0.1",
		port: program.port,
		isAlive: () => child.exitCode === null && child.signalCode === null,
		close: async () => {
			await end(child);
			await rm(dir, { recursive: true, force: true });
		},
	};
}

/** A TCP port that is free now. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	return typeof address === "object" && address ? address.port : 0;
}

/** A command's output, both streams. */
export async function outputOf(
	command: string,
	args: readonly string[],
): Promise<string> {
	const child = spawn(command, args);
	let text = "";
	child.stdout.on("data", (chunk: Buffer) => {
		text += chunk.toString();
	});
	child.stderr.on("data", (chunk: Buffer) => {
		text += chunk.toString();
	});
	await once(child, "close");
	return text;
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const gone = once(child, "exit");
	child.kill("SIGTERM");
	const timer = setTimeout(() => child.kill("SIGKILL"), 2_000);
	await gone;
	clearTimeout(timer);
}

/** A child can not tell that it listens: it is asked until it accepts, for 10 s at most. */
async function accepting(port: number, child: ChildProcess): Promise<void> {
	for (let attempt = 0; attempt < 200; attempt += 1) {
		if (child.exitCode !== null)
			throw new Error(`it ended with ${child.exitCode}`);
		if (await accepts(port)) return;
		await delay(50);
	}
	throw new Error(`nothing listens on port ${port}`);
}

async function accepts(port: number): Promise<boolean> {
	const socket = connect(port, "127.0.0.1");
	try {
		await once(socket, "connect");
		return true;
	} catch {
		return false;
	} finally {
		socket.destroy();
	}
}
