import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { LogEntry } from "../../src/policies/observability/log/access-log.ts";
import { type Command, startProgram } from "../helpers/command.ts";

const file = join(import.meta.dirname, "../../examples/observability/start.ts");

/** Starts it as `npm run example:observability` does, on a free port. */
async function start(
	t: TestContext,
): Promise<{ url: string; command: Command }> {
	const command = startProgram(t, file, [], { PORT: "0" });
	const [, url = ""] = await command.said(
		/The status page is at (\S+)\/_gateway\n/,
	);
	return { url, command };
}

/** Asks what a printed `curl` line asks. */
async function curl(line: string): Promise<{ status: number; text: string }> {
	const [, name = "accept", value = "*/*"] =
		/-H '([^:]+): ([^']+)'/.exec(line) ?? [];
	const target = line.split(" ").at(-1)?.replaceAll("'", "") as string;
	const res = await fetch(target, { headers: { [name]: value } });
	return { status: res.status, text: await res.text() };
}

test("examples/observability: every line that it prints does what it says", async (t) => {
	const { url, command } = await start(t);
	const lines = command.stdout.match(/curl .+/g) ?? [];
	const texts: string[] = [];
	for (const line of lines) {
		const { status, text } = await curl(line);
		assert.equal(status, 200, line);
		texts.push(text);
	}
	const [first = "", continued = "", , , kept, again, counted = ""] = texts;
	const [, traceId = "", spanId = ""] =
		/ in 00-(\w{32})-(\w{16})-01, request [\w-]{36}\n$/.exec(first) ?? [];
	assert.match(continued, / in 00-0af7651916cd43dd8448eb211c80319c-\w{16}-01,/);
	assert.equal(again, kept);
	assert.match(counted, /gateway_cache_total\{result="hit"\} 1\n/);
	assert.match(
		counted,
		/gateway_upstream_retries_total\{upstream="[^"]+"\} 1\n/,
	);
	assert.equal((await fetch(`${url}/_gateway`)).status, 200);

	// The log is written in batches: the line about the hit is the last of it.
	await command.said(/"cache":"hit"/);
	const entries = command.stdout
		.split("\n")
		.filter((line) => line.startsWith('{"level"'))
		.map((line) => JSON.parse(line) as LogEntry);
	assert.equal(entries[0]?.traceId, traceId);
	assert.equal(entries[0]?.path, "/users/7?token=[redacted]");
	assert.equal(entries[2]?.retries, 1);
	assert.equal(entries[5]?.cache, "hit");
	assert.match(command.stdout, new RegExp(`id: '${spanId}'`));
	assert.match(command.stdout, /'http\.request\.resend_count': 1/);
	// The text that it prints has the value once, and nothing that follows has it again.
	assert.equal(command.stdout.split("not-for-the-log").length, 2);
});

test("examples/observability ends when it is told to", async (t) => {
	const { command } = await start(t);
	command.child.kill("SIGINT");
	const { code, stderr } = await command.ended();
	assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
});
