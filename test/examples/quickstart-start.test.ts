import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { within } from "../helpers/byte-reader.ts";
import { startRawUpstream } from "../helpers/raw-upstream.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const startMs = 30_000;

/** A quickstart started as a user starts it, and what it has said so far. */
interface Started {
	readonly child: ChildProcess;
	readonly said: string;
}

/** Runs `npm start` on a free port until it has said where the docs are. */
async function npmStart(
	t: TestContext,
	env: Readonly<Record<string, string>> = {},
): Promise<Started> {
	// A process group of its own, so that nothing stays behind a failed test.
	const child = spawn("npm", ["start"], {
		cwd: root,
		detached: true,
		env: { ...process.env, PORT: "0", ...env },
		stdio: ["ignore", "pipe", "pipe"],
	});
	t.after(() => killGroup(child));
	let said = "";
	const ready = new Promise<void>((resolve, reject) => {
		child.stdout?.on("data", (chunk) => {
			said += chunk;
			if (/\/docs\n/.test(said)) resolve();
		});
		child.stderr?.on("data", (chunk) => {
			said += chunk;
		});
		child.on("exit", () => reject(new Error(`it ended: ${said}`)));
	});
	await within(ready, startMs, "npm start");
	return { child, said };
}

function killGroup(child: ChildProcess): void {
	try {
		process.kill(-(child.pid as number), "SIGKILL");
	} catch (error) {
		assert.equal((error as NodeJS.ErrnoException).code, "ESRCH");
	}
}

/** The one line that a user is told to run. */
function curlLine(said: string): string {
	const lines = said.split("\n").filter((line) => line.includes("curl "));
	assert.equal(lines.length, 1, said);
	return (lines[0] as string).trim();
}

function gatewayUrl(said: string): string {
	const url = /answers on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
	assert.ok(url, said);
	return url;
}

test("npm start answers the line it prints, shows its docs, and ends when it is told to", async (t) => {
	const { child, said } = await npmStart(t);
	const { stdout } = await run("sh", ["-c", curlLine(said)]);
	assert.deepEqual(JSON.parse(stdout), { query_int: 7, query_str: "hello" });
	const docs = await fetch(`${gatewayUrl(said)}/docs`);
	assert.equal(docs.status, 200);
	assert.match(await docs.text(), /API Gateway/);

	// As a terminal or a supervisor does: npm and its shell get it too, and the gateway must go by itself.
	process.kill(-(child.pid as number), "SIGTERM");
	await within(groupIsGone(child), 10_000, "the end of the gateway");
	await assert.rejects(fetch(`${gatewayUrl(said)}/docs`));
});

/** Resolves when no process of the group is left. */
async function groupIsGone(child: ChildProcess): Promise<void> {
	await once(child, "exit");
	for (let isThere = true; isThere; ) {
		await new Promise((resolve) => setTimeout(resolve, 20));
		try {
			process.kill(-(child.pid as number), 0);
		} catch {
			isThere = false;
		}
	}
}

test("npm start stands in front of the service that UPSTREAM_URL names", async (t) => {
	const service = await startRawUpstream();
	t.after(() => service.close());
	const { said } = await npmStart(t, { UPSTREAM_URL: service.url });
	const { stdout } = await run("sh", ["-c", curlLine(said)]);
	assert.equal(stdout, "ok");
	assert.equal(
		(await service.request()).target,
		"/v1/query?query_int=7&query_str=hello",
	);
});
