import { spawnSync } from "node:child_process";
import {
	copyFileSync,
	globSync,
	mkdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";

// tsc writes `./x.js` for `./x.ts` in JavaScript, but not in declarations.
const specifier = /(\bfrom |\bimport\()"(\.{1,2}\/[^"]+)\.ts"/g;

/** What a declaration names of our own. */
const named = /(?:\bfrom |\bimport\()"(\.{1,2}\/[^"]+)"/g;

/** Runs the compiler; its options stand in tsconfig.build.json. */
function compile(...options: readonly string[]): void {
	const words = ["-p", "tsconfig.build.json", ...options];
	const { status } = spawnSync("tsc", words, { stdio: "inherit" });
	if (status !== 0) process.exit(status ?? 1);
}

rmSync("dist", { recursive: true, force: true });
compile("--emitDeclarationOnly");
// Comments stand in the declarations and in src, to which the maps lead: a third copy would be dead weight.
compile(
	"--declaration",
	"false",
	"--declarationMap",
	"false",
	"--isolatedDeclarations",
	"false",
	"--removeComments",
);
for (const file of globSync("dist/**/*.d.ts")) {
	const text = readFileSync(file, "utf8");
	writeFileSync(file, text.replace(specifier, '$1"$2.js"'));
}
// Of the declarations, a compiler reads those that an exported one leads to. The others would be dead weight.
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const reached = new Set<string>();
for (const { types } of Object.values<{ types?: string }>(manifest.exports)) {
	if (types !== undefined) reach(join(types));
}
for (const file of globSync("dist/**/*.d.ts")) {
	if (reached.has(file)) continue;
	rmSync(file);
	rmSync(`${file}.map`, { force: true });
}

/** Notes a declaration, and all that it names. */
function reach(file: string): void {
	if (reached.has(file)) return;
	reached.add(file);
	for (const [, name = ""] of readFileSync(file, "utf8").matchAll(named)) {
		reach(join(dirname(file), name.replace(/\.js$/, ".d.ts")));
	}
}

// What a browser gets goes into modules: a bundle of a gateway has no files beside it.
const { pageFiles } = await import(
	"../src/policies/observability/status/page-files.ts"
);
writeModule(
	"policies/observability/status/page-files.js",
	`export const pageFiles = ${JSON.stringify(pageFiles)};`,
);
const docs = await import("../src/openapi/page-files.ts");
const names = Object.keys(docs.pageFiles);
for (const [name, read] of Object.entries(docs.pageFiles)) {
	const text = brotliCompressSync(await read()).toString("base64");
	writeModule(
		`openapi/page-files/${name}.js`,
		`import { brotliDecompressSync } from "node:zlib";\nexport const bytes = brotliDecompressSync(Buffer.from("${text}", "base64"));`,
	);
}
const reads = names.map(
	(name) =>
		`\t${JSON.stringify(name)}: async () => (await import(${JSON.stringify(`./page-files/${name}.js`)})).bytes,`,
);
writeModule(
	"openapi/page-files.js",
	`export const pageFiles = {\n${reads.join("\n")}\n};\nexport const pageVersion = ${JSON.stringify(docs.pageVersion)};`,
);
const swagger = dirname(
	createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"),
);
for (const name of ["LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"]) {
	copyFileSync(join(swagger, name), join("dist/openapi/page-files", name));
}

function writeModule(file: string, code: string): void {
	const path = join("dist", file);
	mkdirSync(dirname(path), { recursive: true });
	rmSync(`${path}.map`, { force: true });
	writeFileSync(path, `${code}\n`);
}
