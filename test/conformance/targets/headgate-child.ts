import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, startChild, type Target } from "./child.ts";

const here = import.meta.dirname;

/** headgate in a process of its own. */
export async function startHeadgateChild(
	upstreamPort: number,
): Promise<Target> {
	const port = await freePort();
	const manifest = join(here, "..", "..", "..", "package.json");
	const { version } = JSON.parse(await readFile(manifest, "utf8")) as {
		version: string;
	};
	return startChild({
		name: "headgate",
		version,
		command: process.execPath,
		args: [
			"--import",
			"tsx",
			join(here, "headgate.ts"),
			String(port),
			String(upstreamPort),
		],
		files: {},
		port,
	});
}
