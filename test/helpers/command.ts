import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { within } from "./byte-reader.ts";

const waitMs = 30_000;

/** How a program ended. */
export interface Ended {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** A running program. */
export class Command {
	readonly child: ChildProcess;
	stdout = "";
	stderr = "";
	readonly #closed: Promise<unknown>;

	constructor(child: ChildProcess) {
		this.child = child;
		this.#closed = once(child, "close");
		child.stdout?.setEncoding("utf8").on("data", (data) => {
			this.stdout += data;
		});
		child.stderr?.setEncoding("utf8").on("data", (data) => {
			this.stderr += data;
		});
	}

	/** Waits until it has said something of that form, and gives the match. */
	async said(pattern: RegExp): Promise<RegExpExecArray> {
		const wait = async (): Promise<RegExpExecArray> => {
			for (;;) {
				const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
				if (match !== null) return match;
				if (this.child.exitCode !== null) {
					assert.fail(`it ended: ${this.stdout}${this.stderr}`);
				}
				await Promise.race([
					once(
						this.child.stdout as NodeJS.ReadableStream & NodeJS.EventEmitter,
						"data",
					),
					once(
						this.child.stderr as NodeJS.ReadableStream & NodeJS.EventEmitter,
						"data",
					),
					this.#closed,
				]);
			}
		};
		return within(wait(), waitMs, `${pattern} in ${this.stdout}${this.stderr}`);
	}

	/** Waits for its end, and for that of all who write to the same streams: its workers. */
	async ended(): Promise<Ended> {
		await within(this.#closed, waitMs, `the end after ${this.stderr}`);
		const { exitCode: code, signalCode: signal } = this.child;
		return { code, signal, stdout: this.stdout, stderr: this.stderr };
	}
}

/** Runs a TypeScript program; what is left of it at the end of the test is killed. */
export function startProgram(
	t: TestContext,
	file: string,
	words: readonly string[] = [],
	env: Readonly<Record<string, string>> = {},
): Command {
	const args = ["--import", import.meta.resolve("tsx"), file, ...words];
	const child = spawn(process.execPath, args, {
		env: { ...process.env, ...env },
		stdio: ["ignore", "pipe", "pipe"],
	});
	t.after(() => child.kill("SIGKILL"));
	return new Command(child);
}

/** The body of an answer, over a connection of its own. */
export async function ask(url: string): Promise<string> {
	const req = get(url, { agent: false });
	const [res] = await once(req, "response");
	return text(res);
}
