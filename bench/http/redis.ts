import { spawn, spawnSync } from "node:child_process";
import { pin } from "../harness/machine.ts";
import { skip } from "./contender.ts";
import { accepts, freePort } from "./daemon.ts";

/** Starts a Redis of this process's own on the load's cores, and gives its URL. It keeps nothing and ends with this process. */
export async function startRedis(): Promise<string> {
	if (spawnSync("redis-server", ["--version"]).status !== 0) {
		skip("redis-server is not installed");
	}
	const port = await freePort();
	const [command = "", ...args] = pin("load", [
		...["redis-server", "--port", String(port), "--bind", "127.0.0.1"],
		...["--save", "", "--appendonly", "no"],
	]);
	const child = spawn(command, args, { stdio: "ignore" });
	process.on("exit", () => child.kill("SIGKILL"));
	child.unref();
	await accepts(port);
	return `redis://127.0.0.1:${port}`;
}
