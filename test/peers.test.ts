import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

const root = join(import.meta.dirname, "..");
const hook = join(import.meta.dirname, "helpers/older-peer.mjs");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Tests that are run again with the older major version of an optional package. */
const older: Readonly<Record<string, readonly [string, ...string[]]>> = {
	ioredis: [
		"ioredis5",
		"policies/rate-limit/redis.test.ts",
		"policies/cache/redis.test.ts",
	],
	jose: [
		"jose5",
		"policies/auth/jwt.test.ts",
		"policies/auth/jwt-keys.test.ts",
	],
	pino: ["pino9", "policies/observability/access-log.test.ts"],
};

suite("the older major version of an optional package will do", () => {
	for (const [name, [alias, ...files]] of Object.entries(older)) {
		test(`${alias}: ${files.join(", ")}`, () => {
			const { NODE_TEST_CONTEXT: _, ...env } = process.env;
			const run = spawnSync(
				process.execPath,
				[
					...["--import", hook, "--import", "tsx", "--test"],
					...files.map((file) => join(import.meta.dirname, file)),
				],
				{
					cwd: root,
					encoding: "utf8",
					env: { ...env, PEER: name, PEER_AS: alias },
				},
			);
			assert.equal(run.status, 0, run.stdout.slice(-4_000) + run.stderr);
			const passed = /(?:# |ℹ )pass (\d+)/.exec(run.stdout)?.[1];
			assert.ok(Number(passed) > 0, run.stdout);
		});

		test(`${name}: both major versions may be installed beside headgate`, () => {
			const range: string = manifest.peerDependencies[name];
			const major = Number(alias.slice(name.length));
			assert.equal(range, `^${major}.0.0 || ^${major + 1}.0.0`);
			assert.match(
				manifest.devDependencies[alias],
				new RegExp(`^npm:${name}@\\^${major}\\.`),
			);
		});
	}
});
