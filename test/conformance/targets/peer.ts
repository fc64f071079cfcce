import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startChild, type Target, timeouts } from "./child.ts";

const peers = join(import.meta.dirname, "..", "peers");
const prefix = join(tmpdir(), "conformance-peers");

/** A Node proxy from a package, run by its program in `peers/`. Its packages are installed once, outside of the tree. */
export async function startPeer(
	packageName: string,
	file: string,
	upstreamPort: number,
): Promise<Target> {
	await install();
	const port = await freePort();
	const manifest = join(prefix, "node_modules", packageName, "package.json");
	const { version } = JSON.parse(await readFile(manifest, "utf8")) as {
		version: string;
	};
	await copyFile(join(peers, file), join(prefix, file));
	const settings = JSON.stringify({ port, upstreamPort, ...timeouts });
	return startChild({
		name: packageName,
		version,
		command: process.execPath,
		args: [join(prefix, file), settings],
		files: {},
		port,
	});
}

async function install(): Promise<void> {
	await mkdir(prefix, { recursive: true });
	await copyFile(join(peers, "package.json"), join(prefix, "package.json"));
	const present = await readFile(
		join(prefix, "node_modules", ".package-lock.json"),
	).catch(() => null);
	if (present) return;
	const npm = spawn(
		"npm",
		["install", "--no-audit", "--no-fund", "--prefix", prefix],
		{ stdio: "inherit" },
	);
	const [code] = await once(npm, "exit");
	if (code !== 0) throw new Error(`npm install ended with ${code}`);
}
