import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import {
	cp,
	mkdir,
	mkdtemp,
	readFile,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { promisify } from "node:util";
import { ask, Command } from "./helpers/command.ts";
import { uses } from "./helpers/package-uses.ts";

const root = join(import.meta.dirname, "..");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const packed =
	/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|(dist|src)\/.+)$/;

const maxUnpackedBytes = 5_000_000;

/** A config file as a user writes it, run without a loader. */
const config = `
	import { createGateway, route } from "headgate";
	const greeting: string = "well";
	export default createGateway({
		routes: [route.get("/", { handler: () => greeting })],
	});
`;

interface Pack {
	readonly filename: string;
	readonly unpackedSize: number;
	readonly files: readonly { readonly path: string }[];
}

let temp: string;
let pack: Pack;

/** Runs a program in `cwd`, and fails with all it said. */
async function run(
	cwd: string,
	file: string,
	...args: string[]
): Promise<string> {
	// Set by `npm test`, it would make npm work on this project instead.
	const { npm_config_local_prefix: _, ...env } = process.env;
	const running = promisify(execFile)(file, args, { cwd, env });
	const { stdout } = await running.catch((error) =>
		assert.fail(`${file} ${args.join(" ")}\n${error.stdout}\n${error.stderr}`),
	);
	return stdout;
}

/** Packs a copy, so that a build in the project itself is neither needed nor touched. */
async function packCopy(): Promise<Pack> {
	const copy = join(temp, "copy");
	const names = ["package.json", "README.md", "LICENSE", "CHANGELOG.md"];
	names.push("src", ".ci", "tsconfig.json", "tsconfig.build.json");
	for (const name of names) {
		await cp(join(root, name), join(copy, name), { recursive: true });
	}
	await symlink(join(root, "node_modules"), join(copy, "node_modules"));
	const args = ["pack", "--json", "--foreground-scripts=false"];
	const packs = await run(copy, "npm", ...args, "--pack-destination", temp);
	const manifests = [root, copy].map((folder) =>
		readFile(join(folder, "package.json"), "utf8"),
	);
	const [before, behind] = await Promise.all(manifests);
	assert.equal(behind, before, "packing leaves package.json as it was");
	const [first] = Object.values(JSON.parse(packs)) as Pack[];
	assert.ok(first);
	return first;
}

/** An empty project with nothing but the tarball in it, and one file for each subpath. */
async function installPack(project: string): Promise<void> {
	await mkdir(project);
	await writeFile(
		join(project, "package.json"),
		JSON.stringify({ name: "user", private: true, type: "module" }),
	);
	const quiet = ["--no-audit", "--no-fund", "--prefer-offline"];
	await run(project, "npm", "install", ...quiet, join(temp, pack.filename));
	for (const [name, { code }] of Object.entries(uses)) {
		await writeFile(join(project, fileOf(name)), code);
	}
	await writeFile(join(project, "gateway.ts"), config);
}

function fileOf(subpath: string): string {
	return `${subpath.replaceAll("/", "-")}.ts`;
}

before(
	async () => {
		temp = await mkdtemp(join(tmpdir(), "headgate-package-"));
		pack = await packCopy();
		await installPack(join(temp, "user"));
	},
	{ timeout: 80_000 },
);
after(() => rm(temp, { recursive: true, force: true }));

suite("the packed package, installed into an empty project", () => {
	test("holds what users need and nothing else", () => {
		const paths = pack.files.map(({ path }) => path);
		assert.deepEqual(
			paths.filter((path) => !packed.test(path)),
			[],
		);
		for (const path of ["LICENSE", "README.md", "dist/index.d.ts"]) {
			assert.ok(paths.includes(path), path);
		}
		assert.ok(pack.unpackedSize < maxUnpackedBytes, `${pack.unpackedSize}`);
	});

	test("has no script that runs, or warns, where it is installed", async () => {
		const file = join(temp, "user/node_modules/headgate/package.json");
		const { scripts } = JSON.parse(await readFile(file, "utf8"));
		for (const name of ["preinstall", "install", "postinstall", "prepare"]) {
			assert.equal(scripts[name], undefined, name);
		}
		const { scripts: own } = JSON.parse(
			await readFile(join(root, "package.json"), "utf8"),
		);
		assert.equal(own.prepare, "npm run build", "npm runs it for git installs");
	});

	test("has each declaration that another one names, and no other", async () => {
		const folder = join(temp, "user/node_modules/headgate");
		const paths = pack.files
			.map(({ path }) => path)
			.filter((path) => path.endsWith(".d.ts"));
		const named = new Set<string>();
		for (const path of paths) {
			const text = await readFile(join(folder, path), "utf8");
			for (const [, name = ""] of text.matchAll(/"(\.{1,2}\/[^"]+)\.js"/g)) {
				named.add(`${join(dirname(path), name)}.d.ts`);
			}
		}
		const { exports } = JSON.parse(
			await readFile(join(folder, "package.json"), "utf8"),
		);
		for (const { types } of Object.values<{ types?: string }>(exports)) {
			if (types !== undefined) named.add(join(types));
		}
		assert.deepEqual([...named].sort(), paths.sort());
	});

	test("has a use here for each subpath that it exports", async () => {
		const file = join(temp, "user/node_modules/headgate/package.json");
		const { exports } = JSON.parse(await readFile(file, "utf8"));
		const names = Object.keys(exports)
			.filter((name) => name !== "./package.json")
			.map((name) => `headgate${name.slice(1)}`);
		assert.deepEqual(names.sort(), Object.keys(uses).sort());
	});

	for (const [name, { prints }] of Object.entries(uses)) {
		test(`${name} imports and runs`, async () => {
			const project = join(temp, "user");
			const stdout = await run(project, process.execPath, fileOf(name));
			assert.equal(stdout.trim(), prints);
		});
	}

	for (const words of [[], ["--workers", "2"]]) {
		const shown = ["headgate gateway.ts", ...words].join(" ");
		test(`has a command: ${shown}`, async (t) => {
			const file = "node_modules/.bin/headgate";
			const args = [file, "gateway.ts", "--port", "0", ...words];
			const child = spawn(process.execPath, args, {
				cwd: join(temp, "user"),
				stdio: ["ignore", "pipe", "pipe"],
			});
			const command = new Command(child);
			t.after(() => child.kill("SIGKILL"));
			const [, url] = await command.said(/answers on (\S+)/);
			assert.equal(await ask(`${url}/`), '"well"');
			child.kill("SIGTERM");
			assert.equal((await command.ended()).code, 0);
		});
	}

	test("type-checks where declarations are checked too", async () => {
		const options = {
			strict: true,
			skipLibCheck: false,
			noEmit: true,
			target: "es2024",
			module: "nodenext",
			types: ["node"],
			typeRoots: [join(root, "node_modules/@types")],
		};
		const project = join(temp, "user");
		const config = { compilerOptions: options, include: ["*.ts"] };
		await writeFile(join(project, "tsconfig.json"), JSON.stringify(config));
		await run(project, process.execPath, tsc, "-p", ".");
	});
});
