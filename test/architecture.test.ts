import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { suite, test } from "node:test";
import { publicNames } from "./helpers/public-names.ts";
import { exportedNames, namedModules } from "./helpers/source.ts";

const root = join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const subpaths = Object.entries<{ types: string; default: string }>(
	manifest.exports,
).filter(([name]) => name !== "./package.json");

/** The rank of what stands directly under src/. Imports only point to a lower one, or stay in their folder. */
const ranks: Readonly<Record<string, number>> = {
	http: 0,
	params: 1,
	model: 2,
	upstream: 3,
	connection: 4,
	proxy: 5,
	request: 6,
	startup: 7,
	server: 8,
	openapi: 9,
	"gateway.ts": 10,
	"index.ts": 11,
	policies: 12,
	cli: 12,
	"testing.ts": 12,
};

interface Edge {
	readonly from: string;
	readonly to: string;
	readonly typesOnly: boolean;
}

/** The text of every file under src/ by its path from there. */
const sources = new Map(
	globSync("**/*.ts", { cwd: join(root, "src") })
		.sort()
		.map((file) => [file, readFileSync(join(root, "src", file), "utf8")]),
);

/** Who imports whom, of our own. */
const edges: readonly Edge[] = [...sources].flatMap(([from, text]) =>
	namedModules(text)
		.filter(({ specifier }) => /^\.\.?\//.test(specifier))
		.map(({ specifier, typesOnly }) => {
			const to = normalize(join(dirname(from), specifier));
			return { from, to, typesOnly };
		}),
);

function placeOf(file: string): string {
	return file.split("/", 1)[0] ?? "";
}

function rankOf(file: string): number {
	const rank = ranks[placeOf(file)];
	assert.ok(rank !== undefined, `src/${file} has no rank`);
	return rank;
}

function pointsDown({ from, to }: Edge): boolean {
	return placeOf(from) === placeOf(to) || rankOf(to) < rankOf(from);
}

/** A way from `file` back to a file on `path`; null when there is none. */
function findCycle(
	file: string,
	path: readonly string[],
	done: Set<string>,
): string | null {
	const start = path.indexOf(file);
	if (start >= 0) return [...path.slice(start), file].join(" -> ");
	if (done.has(file)) return null;
	for (const { from, to } of edges) {
		if (from !== file) continue;
		const cycle = findCycle(to, [...path, file], done);
		if (cycle !== null) return cycle;
	}
	done.add(file);
	return null;
}

suite("the ranks of src", () => {
	test("every file has a rank and every import of ours names a file that is there", () => {
		assert.ok(sources.size > 20);
		for (const file of sources.keys()) rankOf(file);
		const missing = edges.filter(({ to }) => !sources.has(to));
		assert.deepEqual(missing, []);
	});

	test("imports point to a lower rank or stay in their folder", () => {
		assert.deepEqual(
			edges.filter((edge) => !pointsDown(edge)),
			[],
		);
	});

	test("a policy imports the public API, the kit and its own folder tree alone", () => {
		const tree = (file: string): string => file.split("/", 2).join("/");
		const own = ({ from, to }: Edge): boolean =>
			to === "index.ts" ||
			to.startsWith("policies/kit/") ||
			(tree(from) === "policies/plans" && tree(to) === "policies/rate-limit") ||
			tree(to) === tree(from);
		// The kit makes tools of the core public.
		const ofPolicies = edges.filter(
			({ from }) =>
				from.startsWith("policies/") && !from.startsWith("policies/kit/"),
		);
		assert.deepEqual(
			ofPolicies.filter((edge) => !own(edge)),
			[],
		);
	});

	test("the command line imports the public API and its own folder alone", () => {
		const ofCli = edges.filter(({ from }) => from.startsWith("cli/"));
		assert.ok(ofCli.length > 0);
		assert.deepEqual(
			ofCli.filter(
				({ to }) =>
					!["index.ts", "http/node-version.ts"].includes(to) &&
					!to.startsWith("cli/"),
			),
			[],
		);
	});

	test("no file loads itself by way of others", () => {
		const done = new Set<string>();
		for (const file of sources.keys()) {
			assert.equal(findCycle(file, [], done), null);
		}
	});
});

suite("the shape of files", () => {
	test("none is longer than 400 lines", () => {
		const files = globSync("{src,test,examples,bench,.ci}/**/*.ts", {
			cwd: root,
			exclude: ["**/node_modules"],
		});
		const long = files.filter((file) => {
			const text = readFileSync(join(root, file), "utf8");
			return text.split("\n").length > 401;
		});
		assert.deepEqual(long, []);
	});

	test("names are exported one by one, never as default and never as *", () => {
		const bad = [...sources].filter(([, text]) =>
			/^export (default|\*)|\bas default\b/m.test(text),
		);
		assert.deepEqual(
			bad.map(([file]) => file),
			[],
		);
	});
});

suite("the package", () => {
	test("has at most six runtime dependencies", () => {
		assert.ok(Object.keys(manifest.dependencies).length <= 6);
	});

	test("names a program for its command", () => {
		for (const file of Object.values<string>(manifest.bin)) {
			const text = readFileSync(sourceOf(file), "utf8");
			assert.match(text, /^#!\/usr\/bin\/env node\n/);
		}
	});

	test("names one file for each subpath", () => {
		for (const [name, { types, default: file }] of subpaths) {
			assert.equal(types, file.replace(/\.js$/, ".d.ts"), name);
			assert.ok(existsSync(sourceOf(file)), `${name} has no source`);
		}
	});

	for (const [name, { default: file }] of subpaths) {
		test(`exports from ${name} what it promises`, async () => {
			const all = exportedNames(readFileSync(sourceOf(file), "utf8"));
			const values = Object.keys(await import(sourceOf(file)));
			const types = all.filter((one) => !values.includes(one));
			assert.deepEqual(
				{ values: values.sort(), types: types.sort() },
				{
					values: publicNames[name]?.values.split(/\s+/),
					types: publicNames[name]?.types.split(/\s+/),
				},
			);
		});
	}

	test("its lockfile carries no download addresses", () => {
		const lock = readFileSync(join(root, "package-lock.json"), "utf8");
		assert.doesNotMatch(lock, /"resolved"/);
	});

	test("no tracked file names a registry's host", () => {
		const options = { cwd: root, encoding: "utf8" } as const;
		const tracked = execFileSync("git", ["ls-files", "-z"], options).split(
			"\0",
		);
		const host =
			/registry\.[a-z0-9-]+\.(org|com|io|dev|net|cn)|npm\.pkg\.[a-z]/i;
		const named = tracked.filter(
			(file) =>
				file !== "" &&
				existsSync(join(root, file)) &&
				host.test(readFileSync(join(root, file), "latin1")),
		);
		assert.deepEqual(named, []);
	});
});

function sourceOf(distFile: string): string {
	return join(
		root,
		distFile.replace("./dist/", "src/").replace(/\.js$/, ".ts"),
	);
}
