import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { announce, skip } from "./contender.ts";

export interface Daemon {
	readonly command: string;
	readonly args: (configFile: string) => readonly string[];
	readonly config: (port: number, folder: string) => string;
}

/** Runs an installed proxy in the foreground, as one process, on a generated configuration. */
export async function runDaemon({
	command,
	args,
	config,
}: Daemon): Promise<void> {
	if (spawnSync("which", [command]).status !== 0) skip("not installed");
	const folder = mkdtempSync(join(tmpdir(), `headgate-${command}-`));
	const port = await freePort();
	const file = join(folder, "config");
	writeFileSync(file, config(port, folder));
	const child = spawn(command, args(file), {
		stdio: ["ignore", "ignore", "inherit"],
	});
	child.on("exit", () => {
		rmSync(folder, { recursive: true, force: true });
		process.exit();
	});
	process.on("SIGTERM", () => child.kill("SIGTERM"));
	await accepts(port);
	announce(port, child.pid as number);
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	return port;
}

/** Tries until a connection is taken. The only sign a foreign process gives. */
export async function accepts(port: number): Promise<void> {
	for (let tries = 0; tries < 200; tries++) {
		const socket = connect(port, "127.0.0.1");
		const taken = await once(socket, "connect").then(
			() => true,
			() => false,
		);
		socket.destroy();
		if (taken) return;
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
	throw new Error("it never listened");
}
