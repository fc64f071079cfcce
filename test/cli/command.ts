import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Command, startProgram } from "../helpers/command.ts";

const root = join(import.meta.dirname, "../..");

/** Runs `headgate` with these words. Its workers end with it. */
export function startCommand(
	t: TestContext,
	...words: readonly string[]
): Command {
	return startProgram(t, join(root, "src/cli/main.ts"), words);
}

/** Writes a config file that may use whatever the package exports, and gives its path. */
export async function writeConfig(
	t: TestContext,
	code: string,
	name = "gateway.mts",
): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), "headgate-cli-"));
	t.after(() => rm(folder, { recursive: true, force: true }));
	const index = JSON.stringify(join(root, "src/index.ts"));
	const path = join(folder, name);
	const head = `import { createGateway, reply, route } from ${index};\n`;
	await writeFile(path, head + code);
	return path;
}
