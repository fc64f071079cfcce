import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runBurst } from "./bursts.ts";
import { hasCommand, pin } from "./machine.ts";

/** One request, sent again and again. */
export interface LoadRequest {
	readonly method?: "GET" | "POST";
	readonly path: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
	/** The status of a right answer. Default 200; wrk tells only 2xx and 3xx from the rest. */
	readonly status?: number;
}

export interface LoadOptions {
	readonly port: number;
	readonly request: LoadRequest;
	readonly connections: number;
	readonly seconds: number;
}

/** What a load generator saw. */
export interface LoadResult {
	readonly requests: number;
	readonly perSecond: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
	/** What makes the run worthless: answers other than 2xx, errors, time-outs. Null when there was none. */
	readonly fault: string | null;
}

/** Which load generator; `bursts` is our own, for comparisons of small differences. */
export type LoadName = "autocannon" | "wrk" | "bursts";

/** wrk where it is installed: it costs a tenth of autocannon and so leaves the upstream more of its core. */
export function defaultLoad(): LoadName {
	return hasCommand("wrk") ? "wrk" : "autocannon";
}

/** Runs load from its own process, away from the gateway's core. */
export function runLoad(
	name: LoadName,
	options: LoadOptions,
): Promise<LoadResult> {
	if (name === "bursts") return runBurst(options);
	return name === "wrk" ? runWrk(options) : runAutocannon(options);
}

async function runAutocannon(options: LoadOptions): Promise<LoadResult> {
	const file = fileURLToPath(new URL("autocannon.ts", import.meta.url));
	const text = await output([process.execPath, file, JSON.stringify(options)]);
	return JSON.parse(text);
}

async function runWrk(options: LoadOptions): Promise<LoadResult> {
	const folder = mkdtempSync(join(tmpdir(), "headgate-wrk-"));
	try {
		const script = join(folder, "request.lua");
		writeFileSync(script, wrkScript(options.request));
		const url = `http://127.0.0.1:${options.port}${options.request.path}`;
		const { connections, seconds } = options;
		const args = [
			"-t1",
			`-c${connections}`,
			`-d${Math.max(1, Math.round(seconds))}s`,
		];
		return parseWrk(
			await output([
				"wrk",
				...args,
				"--latency",
				"--timeout",
				"10s",
				"-s",
				script,
				url,
			]),
		);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function wrkScript({ method, headers, body }: LoadRequest): string {
	const lines = [`wrk.method = ${JSON.stringify(method ?? "GET")}`];
	if (body !== undefined) lines.push(`wrk.body = [==[${body}]==]`);
	for (const [name, value] of Object.entries(headers))
		lines.push(
			`wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
		);
	return lines.join("\n");
}

function parseWrk(text: string): LoadResult {
	const requests = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
	const fault = /Non-2xx.*|Socket errors.*/.exec(text)?.[0] ?? null;
	return {
		requests,
		perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? 0),
		p50Ms: milliseconds(/50%\s+([\d.]+)(us|ms|s)/.exec(text)),
		p99Ms: milliseconds(/99%\s+([\d.]+)(us|ms|s)/.exec(text)),
		fault: requests === 0 ? "no request was answered" : fault,
	};
}

function milliseconds(match: RegExpExecArray | null): number {
	const factor = { us: 0.001, ms: 1, s: 1000 }[match?.[2] ?? ""] ?? NaN;
	return Number(match?.[1]) * factor;
}

function output(command: readonly string[]): Promise<string> {
	const [file, ...args] = pin("load", command);
	const { promise, resolve, reject } = Promise.withResolvers<string>();
	const child = spawn(file as string, args, {
		stdio: ["ignore", "pipe", "inherit"],
	});
	let text = "";
	child.stdout.on("data", (data) => (text += data));
	child.on("error", reject);
	child.on("close", () => resolve(text));
	return promise;
}
