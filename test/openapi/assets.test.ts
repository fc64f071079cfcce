import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const project = join(import.meta.dirname, "../..");

test("without the page's files the start fails and names the command that brings them; docs: false does without", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "headgate-docs-"));
	t.after(() => rmSync(folder, { recursive: true }));
	for (const name of ["src", ".ci", "package.json", "tsconfig.json"]) {
		cpSync(join(project, name), join(folder, name), { recursive: true });
	}
	symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
	const run = (...args: string[]) =>
		spawnSync(process.execPath, ["--import", "tsx", ...args], {
			cwd: folder,
			encoding: "utf8",
		});
	const start = (options: string) =>
		run(
			"--input-type=module",
			"--eval",
			`const { createGateway } = await import("./src/gateway.ts");
			createGateway(${options});`,
		);

	const missing = start("{ routes: [] }");
	assert.equal(missing.status, 1);
	assert.match(missing.stderr, /docs page are missing: run `npm run prepare`/);
	const off = start("{ routes: [], docs: false }");
	assert.equal(off.status, 0, off.stderr);

	const { scripts } = JSON.parse(
		run("--print", "JSON.stringify(require('./package.json'))").stdout,
	);
	const [command, ...args] = scripts.prepare.split(" ");
	assert.equal(command, "node");
	const prepared = run(...args.slice(2));
	assert.equal(prepared.status, 0, prepared.stderr);
	const found = start("{ routes: [] }");
	assert.equal(found.status, 0, found.stderr);
});
