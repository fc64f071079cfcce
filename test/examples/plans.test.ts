import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Command, startProgram } from "../helpers/command.ts";

const file = join(import.meta.dirname, "../../examples/plans/start.ts");

/** An answer to one of the lines that it prints. */
interface Answer {
	readonly status: number;
	readonly left: string | null;
	readonly text: string;
}

/** Starts it as `npm run example:plans` does, on a free port. */
async function start(
	t: TestContext,
): Promise<{ url: string; command: Command }> {
	const command = startProgram(t, file, [], { PORT: "0", REDIS_URL: "" });
	const [, url = ""] = await command.said(/The docs are at (\S+)\/docs\n/);
	return { url, command };
}

/** Asks what a printed `curl` line asks. */
async function curl(line: string): Promise<Answer> {
	const [, name = "accept", value = "*/*"] =
		/-H '([^:]+): ([^']+)'/.exec(line) ?? [];
	const target = line.split(" ").at(-1) as string;
	const res = await fetch(target, { headers: { [name]: value } });
	const left = res.headers.get("ratelimit");
	return { status: res.status, left, text: await res.text() };
}

test("examples/plans: every line that it prints does what it says", async (t) => {
	const { url, command } = await start(t);
	const lines = command.stdout.match(/curl .+/g) ?? [];
	const answers: Answer[] = [];
	for (const line of lines) answers.push(await curl(line));
	assert.deepEqual(
		answers.map(({ status }) => status),
		[200, 429, 403, 200, 200, 200],
	);
	const texts = answers.map(({ text }) => text);
	assert.equal(texts[0], "/words/tree for nobody, plan none\n");
	assert.equal(texts[3], "/search for bob, plan free\n");
	assert.equal(texts[4], "/export for ada, plan pro\n");
	assert.equal(texts[5], "/words/tree for eve, plan pro\n");
	assert.match(answers[3]?.left ?? "", /"rate";r=15;t=15, "daily";r=95;/);
	assert.match(
		answers[4]?.left ?? "",
		/"rate";r=500;.*"exports";r=1;.*"daily";r=9900;/,
	);
	const forged = { authorization: "Bearer a.b.c" };
	assert.equal((await fetch(`${url}/search`, { headers: forged })).status, 401);
});

test("examples/plans ends when it is told to", async (t) => {
	const { command } = await start(t);
	command.child.kill("SIGINT");
	const { code, stderr } = await command.ended();
	assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
});
