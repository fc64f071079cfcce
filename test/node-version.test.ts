import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

const root = join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const says = `headgate needs Node ${manifest.engines.node.slice(2)} or later, this is Node 20.11.1`;

/** Runs code as if this were Node 20. */
function runOld(...args: readonly string[]): { status: number; text: string } {
	const old = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.11.1"})`;
	const options = { cwd: root, encoding: "utf8" } as const;
	const { status, stdout, stderr } = spawnSync(
		process.execPath,
		["--import", old, "--import", "tsx", ...args],
		options,
	);
	return { status: status ?? -1, text: stdout + stderr };
}

suite("a Node that is too old is told which one is needed", () => {
	for (const [name, { default: file }] of Object.entries<{ default?: string }>(
		manifest.exports,
	)) {
		// What is on its own has no need of the rest.
		if (file === undefined || name === "./testing") continue;
		test(`by ${name}`, () => {
			const source = file.replace("dist", "src").replace(/js$/, "ts");
			const { status, text } = runOld("-e", `import("${source}")`);
			assert.equal(status, 1);
			assert.ok(text.includes(says), text);
		});
	}

	test("by the command, in one line", () => {
		const { status, text } = runOld("src/cli/main.ts", "gateway.ts");
		assert.equal(text, `headgate: ${says}\n`);
		assert.equal(status, 1);
	});

	test("no import fails on it before: what it does not have is read from the whole module", () => {
		const newer =
			/\b(?:hash|crc32|zstd\w*|create(?:Zstd)\w*|duplexPair|styleText|enableCompileCache|stripTypeScriptTypes|registerHooks|getCallSites|glob|globSync|parseEnv|isMainThread)\b/;
		for (const file of globSync("src/**/*.ts", { cwd: root })) {
			const text = readFileSync(join(root, file), "utf8");
			for (const [, names = ""] of text.matchAll(
				/import (?!type)[^;{]*\{([^}]*)\} from "node:/g,
			)) {
				assert.doesNotMatch(names, newer, file);
			}
		}
	});
});
