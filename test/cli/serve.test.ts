import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { ask, type Command } from "../helpers/command.ts";
import { startCommand, writeConfig } from "./command.ts";

/** `/slow` says on standard output that it has begun, and answers when the process is told to end. */
const config = `
	// Something that would keep the process alive.
	setInterval(() => {}, 1_000);
	export default createGateway({
		routes: [
			route.get("/", { handler: () => "well" }),
			route.get("/slow", {
				handler: () => {
					console.log("begun");
					return new Promise((resolve) => {
						process.once("SIGTERM", () => resolve("finished"));
					});
				},
			}),
		],
	});
`;

async function start(
	t: TestContext,
): Promise<{ command: Command; url: string }> {
	const file = await writeConfig(t, config);
	const command = startCommand(t, file, "--port", "0");
	const [, url = ""] = await command.said(/answers on (http:\S+)\n/);
	return { command, url };
}

suite("headgate", () => {
	test("listens, and says where", async (t) => {
		const { command, url } = await start(t);
		assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
		assert.equal(await ask(`${url}/`), '"well"');
		assert.equal(command.stderr, "");
	});

	test("listens on another address of the machine", async (t) => {
		const file = await writeConfig(t, config);
		const command = startCommand(t, file, "--port", "0", "--host", "127.0.0.2");
		const [, url = ""] = await command.said(/answers on (http:\S+)\n/);
		assert.match(url, /^http:\/\/127\.0\.0\.2:/);
		assert.equal(await ask(`${url}/`), '"well"');
	});

	for (const signal of ["SIGINT", "SIGTERM"] as const) {
		test(`ends at ${signal}, whatever the config file has left open`, async (t) => {
			const { command } = await start(t);
			command.child.kill(signal);
			const { code } = await command.ended();
			assert.equal(code, 0);
			assert.match(command.stderr, new RegExp(`headgate: ${signal}, `));
		});
	}

	test("finishes the request under way before it ends", async (t) => {
		const { command, url } = await start(t);
		const answer = ask(`${url}/slow`);
		await command.said(/begun/);
		command.child.kill("SIGTERM");
		assert.equal(await answer, '"finished"');
		assert.equal((await command.ended()).code, 0);
	});

	test("ends at once at the second signal", async (t) => {
		const { command, url } = await start(t);
		const answer = ask(`${url}/slow`);
		await command.said(/begun/);
		command.child.kill("SIGINT");
		await command.said(/SIGINT, finishing/);
		command.child.kill("SIGINT");
		await assert.rejects(answer);
		assert.equal((await command.ended()).code, 130);
	});

	test("says that the port is taken", async (t) => {
		const server = createServer().listen(0, "127.0.0.1");
		t.after(() => server.close());
		await once(server, "listening");
		const port = String((server.address() as AddressInfo).port);
		const file = await writeConfig(t, config);
		const { code, stderr } = await startCommand(
			t,
			file,
			"--port",
			port,
		).ended();
		assert.equal(
			stderr,
			`headgate: can not listen on 127.0.0.1 port ${port}: the port is taken\n`,
		);
		assert.equal(code, 1);
	});

	test("says that the machine does not have the address", async (t) => {
		const file = await writeConfig(t, config);
		const words = [file, "--port", "0", "--host", "192.0.2.1"];
		const { stderr } = await startCommand(t, ...words).ended();
		assert.match(stderr, /192\.0\.2\.1 .* does not have that address\n$/);
	});
});
