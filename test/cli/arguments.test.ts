import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parseArguments } from "../../src/cli/arguments.ts";
import { startCommand } from "./command.ts";

const manifest = join(import.meta.dirname, "../../package.json");

/** What is wrong with the words, and what is said of it. */
const mistakes: readonly (readonly [readonly string[], string])[] = [
	[[], "no config file is given"],
	[["a.ts", "b.ts"], "one config file is run, not 2"],
	[["a.ts", "--prot", "1"], "Unknown option '--prot'"],
	[["a.ts", "--port"], "Option '--port <value>' argument missing"],
	[
		["a.ts", "--port", "eighty"],
		'--port must be a whole number from 0 to 65535, got "eighty"',
	],
	[
		["a.ts", "--port=65536"],
		'--port must be a whole number from 0 to 65535, got "65536"',
	],
	[
		["a.ts", "--port", "1e3"],
		'--port must be a whole number from 0 to 65535, got "1e3"',
	],
	[
		["a.ts", "--workers", "0"],
		'--workers must be a whole number from 1 to 1024, got "0"',
	],
];

suite("the words behind headgate", () => {
	test("are a config file, and where it is to listen", () => {
		const words = "a.ts --port 80 --host :: --workers 4".split(" ");
		assert.deepEqual(parseArguments(words), {
			kind: "run",
			configFile: "a.ts",
			port: 80,
			host: "::",
			workers: 4,
		});
	});

	test("but for the config file have defaults", () => {
		assert.deepEqual(parseArguments(["a.ts"]), {
			kind: "run",
			configFile: "a.ts",
			port: 8000,
			host: "127.0.0.1",
			workers: 0,
		});
	});

	for (const [words, message] of mistakes) {
		test(`are refused: ${words.join(" ") || "none"}`, () => {
			assert.throws(() => parseArguments(words), {
				message: `${message}\nTry headgate --help.`,
				exitCode: 2,
			});
		});
	}
});

suite("headgate", () => {
	test("--help tells every option", async (t) => {
		const { code, stdout, stderr } = await startCommand(t, "--help").ended();
		assert.equal(stderr, "");
		assert.equal(code, 0);
		for (const name of ["port", "host", "workers", "version", "help"]) {
			assert.match(stdout, new RegExp(`^  --${name}\\b`, "m"));
		}
	});

	test("--version tells the package's", async (t) => {
		const { stdout } = await startCommand(t, "--version").ended();
		const { version } = JSON.parse(readFileSync(manifest, "utf8"));
		assert.equal(stdout, `${version}\n`);
	});

	test("says what is wrong in one sentence, without a stack", async (t) => {
		const ended = await startCommand(t, "a.ts", "--port", "x").ended();
		assert.deepEqual(ended, {
			code: 2,
			signal: null,
			stdout: "",
			stderr:
				'headgate: --port must be a whole number from 0 to 65535, got "x"\nTry headgate --help.\n',
		});
	});
});
