import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { pauseBefore } from "../../src/cli/workers.ts";
import { ask, type Command } from "../helpers/command.ts";
import { startCommand, writeConfig } from "./command.ts";

/** `/slow` says that it has begun, and answers when the gateway begins to close. */
const config = `
	const { promise, resolve } = Promise.withResolvers();
	process.once("message", () => resolve("finished"));
	export default createGateway({
		routes: [
			route.get("/pid", { handler: () => process.pid }),
			route.get("/slow", {
				handler: () => {
					console.log("begun");
					return promise;
				},
			}),
		],
	});
`;

async function start(
	t: TestContext,
	code = config,
): Promise<{ command: Command; url: string }> {
	const file = await writeConfig(t, code);
	const command = startCommand(t, file, "--port", "0", "--workers", "2");
	const [, url = ""] = await command.said(/answers on (\S+) with 2 workers\n/);
	return { command, url };
}

/** The processes that answer, asked until there are two. */
async function findWorkers(url: string): Promise<[number, number]> {
	const pids = new Set<number>();
	for (let i = 0; i < 100 && pids.size < 2; i++) {
		pids.add(Number(await ask(`${url}/pid`)));
	}
	assert.equal(pids.size, 2);
	return [...pids] as [number, number];
}

suite("headgate --workers", () => {
	test("shares the port among processes, and says once where", async (t) => {
		const { command, url } = await start(t);
		const pids = await findWorkers(url);
		assert.ok(!pids.includes(command.child.pid as number));
		assert.equal(command.stdout.match(/answers on/g)?.length, 1);
	});

	test("starts another worker for one that dies", async (t) => {
		const { command, url } = await start(t);
		const [first, second] = await findWorkers(url);
		process.kill(first, "SIGKILL");
		await command.said(
			new RegExp(
				`worker ${first} ended with SIGKILL; another starts in 100 ms`,
			),
		);
		const [, third] = await command.said(/worker (\d+) answers/);
		assert.deepEqual(
			new Set(await findWorkers(url)),
			new Set([second, Number(third)]),
		);
	});

	test("finishes what is under way in every worker, then ends", async (t) => {
		const { command, url } = await start(t);
		const answer = ask(`${url}/slow`);
		await command.said(/begun/);
		command.child.kill("SIGTERM");
		assert.equal(await answer, '"finished"');
		const { code } = await command.ended();
		assert.equal(code, 0);
		assert.doesNotMatch(command.stderr, /another starts/);
	});

	test("ends in order when all its processes are signalled", async (t) => {
		const { command, url } = await start(t);
		const answer = ask(`${url}/slow`);
		await command.said(/begun/);
		const pids = [...(await findWorkers(url)), command.child.pid as number];
		for (const pid of pids) process.kill(pid, "SIGTERM");
		assert.equal(await answer, '"finished"');
		assert.equal((await command.ended()).code, 0);
		assert.doesNotMatch(command.stderr, / answers/);
	});

	test("ends at once at the second signal, workers and all", async (t) => {
		const { command, url } = await start(
			t,
			config.replace("resolve(", "void ("),
		);
		const answer = ask(`${url}/slow`);
		await command.said(/begun/);
		command.child.kill("SIGINT");
		await command.said(/SIGINT, finishing/);
		command.child.kill("SIGINT");
		await assert.rejects(answer);
		assert.equal((await command.ended()).code, 130);
	});

	test("leaves no worker behind when it is killed itself", async (t) => {
		const { command, url } = await start(t);
		await findWorkers(url);
		command.child.kill("SIGKILL");
		assert.equal((await command.ended()).signal, "SIGKILL");
		await assert.rejects(ask(`${url}/pid`), { code: "ECONNREFUSED" });
	});

	for (const slow of ["first", "second"]) {
		test(`ends at a signal while the ${slow} worker starts`, async (t) => {
			const id = slow === "first" ? 1 : 2;
			const file = await writeConfig(
				t,
				`import cluster from "node:cluster";
				if (cluster.worker.id === ${id}) {
					console.log("loading");
					await new Promise((resolve) => setTimeout(resolve, 60_000));
				}
				export default createGateway({ routes: [route.get("/x", () => 1)] });`,
			);
			const command = startCommand(t, file, "--port", "0", "--workers", "2");
			await command.said(/loading/);
			command.child.kill("SIGTERM");
			assert.equal((await command.ended()).code, 0);
		});
	}

	test("ends at a signal while a worker is started again", async (t) => {
		const { command, url } = await start(t);
		const [first] = await findWorkers(url);
		process.kill(first, "SIGKILL");
		await command.said(/another starts in 100 ms/);
		await new Promise((resolve) => setTimeout(resolve, 200));
		command.child.kill("SIGTERM");
		assert.equal((await command.ended()).code, 0);
	});

	test("says once what is wrong with the config file, and ends", async (t) => {
		const file = await writeConfig(t, 'throw new Error("no database");');
		const { code, stderr } = await startCommand(
			t,
			file,
			"--workers",
			"2",
		).ended();
		assert.equal(stderr.match(/could not be loaded/g)?.length, 1);
		assert.doesNotMatch(stderr, /another starts/);
		assert.equal(code, 1);
	});
});

test("the pause before another worker grows when they die soon, and is bounded", () => {
	const pauses = [0, 1, 2, 3, 7, 8, 9, 2_000].map(pauseBefore);
	assert.deepEqual(pauses, [100, 100, 200, 400, 6_400, 10_000, 10_000, 10_000]);
});
