import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { promisify } from "node:util";
import { createQuickstart } from "../examples/quickstart/gateway.ts";
import { startMicroservice } from "../examples/quickstart/microservice.ts";
import {
	anchors,
	type CodeBlock,
	codeBlocks,
	pageLinks,
} from "./helpers/markdown.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** The text of each page by its path. */
const pages = new Map(
	["README.md", "CHANGELOG.md", ...globSync("docs/*.md", { cwd: root })].map(
		(path) => [path, readFileSync(join(root, path), "utf8")],
	),
);

/** An example of a page, and the file that it is tried in. */
interface Example extends CodeBlock {
	/** Such as `docs/routes.md:12`. */
	readonly place: string;
	readonly file: string;
}

const examples: readonly Example[] = [...pages].flatMap(([path, text]) =>
	codeBlocks(text)
		.filter(({ words }) => words[0] === "ts")
		.map((block) => ({
			...block,
			place: `${path}:${block.line}`,
			file: `${path.replaceAll(/[/.]/g, "-")}-${block.line}.ts`,
		})),
);

let folder: string;

/** Where the package's names lead: to its sources. */
function sourcePaths(): Record<string, string[]> {
	const subpaths = Object.entries<{ default?: string }>(manifest.exports);
	return Object.fromEntries(
		subpaths.flatMap(([name, { default: file }]) => {
			if (file === undefined) return [];
			const source = file.replace("./dist/", "src/").replace(/\.js$/, ".ts");
			return [[`headgate${name.slice(1)}`, [join(root, source)]]];
		}),
	);
}

before(async () => {
	folder = await mkdtemp(join(tmpdir(), "headgate-docs-"));
	await mkdir(join(folder, "examples"));
	await symlink(join(root, "node_modules"), join(folder, "node_modules"));
	const config = {
		extends: join(root, "tsconfig.json"),
		compilerOptions: {
			paths: sourcePaths(),
			moduleDetection: "force",
			declaration: false,
			isolatedDeclarations: false,
		},
		include: ["examples"],
	};
	await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
	await writeFile(join(folder, "package.json"), '{ "type": "module" }');
	for (const { file, code, line } of examples) {
		// The compiler then names the line of the page.
		const text = "\n".repeat(line) + code;
		await writeFile(join(folder, "examples", file), text);
	}
});
after(() => rm(folder, { recursive: true }));

/** What an example says it prints, line by line. */
function promised(code: string): string[] {
	return [...code.matchAll(/\/\/ -> (.*)$/gm)].map(([, line = ""]) => line);
}

suite("the examples of the README and the docs", () => {
	test("type-check as they stand", async () => {
		assert.ok(examples.length > 10);
		const tsc = join(root, "node_modules/.bin/tsc");
		const { stdout } = await run(tsc, ["--noEmit", "--pretty", "false"], {
			cwd: folder,
		}).catch((error: { stdout: string }) => error);
		assert.equal(stdout, "");
	});

	test("say what they print only where that is tried", () => {
		const untried = examples.filter(
			({ words, code }) => words.includes("run") !== promised(code).length > 0,
		);
		assert.deepEqual(
			untried.map(({ place }) => place),
			[],
		);
	});

	suite("print what they say", { concurrency: 2 }, () => {
		for (const { words, place, file, code } of examples) {
			if (!words.includes("run")) continue;
			test(place, { timeout: 30_000 }, async () => {
				const tsx = import.meta.resolve("tsx");
				const { stdout } = await run(
					process.execPath,
					["--import", tsx, join("examples", file)],
					{ cwd: folder },
				);
				assert.deepEqual(stdout.trimEnd().split("\n"), promised(code));
			});
		}
	});
});

suite("the pages", () => {
	for (const [path, text] of pages) {
		test(`${path} links to what is there`, () => {
			for (const link of pageLinks(text)) {
				const target = link.path === "" ? path : join(dirname(path), link.path);
				const shown = `${link.path}#${link.anchor}`;
				assert.ok(existsSync(join(root, target)), shown);
				if (link.anchor === "") continue;
				const names = anchors(pages.get(target) ?? "");
				assert.ok(names.includes(link.anchor), shown);
			}
		});

		test(`${path} names scripts that are there`, () => {
			for (const [, name = ""] of text.matchAll(/\bnpm run ([\w:-]+)/g)) {
				assert.ok(Object.hasOwn(manifest.scripts, name), name);
			}
		});
	}
});

test("the README's first request is answered as it says", async (t) => {
	const shown = /^ {4}\$ (curl .*)\n {4}(.*)$/m.exec(
		pages.get("README.md") ?? "",
	);
	assert.ok(shown);
	const [, line = "", answer] = shown;
	const service = await startMicroservice();
	t.after(() => service.close());
	const gateway = createQuickstart(service.url);
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const { url } = await gateway.listen();
	const here = line.replace("http://127.0.0.1:8000", url);
	assert.notEqual(here, line);
	const { stdout } = await run("sh", ["-c", here]);
	assert.equal(stdout, answer);
});
