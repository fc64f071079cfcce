import { spawnSync } from "node:child_process";
import {
	copyFileSync,
	globSync,
	mkdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

// tsc writes `./x.js` for `./x.ts` in JavaScript, but not in declarations.
const specifier = /(\bfrom |\bimport\()"(\.{1,2}\/[^"]+)\.ts"/g;

rmSync("dist", { recursive: true, force: true });
const { status } = spawnSync("tsc", ["-p", "tsconfig.build.json"], {
	stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);
for (const file of globSync("dist/**/*.d.ts")) {
	const text = readFileSync(file, "utf8");
	writeFileSync(file, text.replace(specifier, '$1"$2.js"'));
}
// What a browser gets goes along as it is.
for (const file of globSync("src/**/page/*.{html,css,js,svg}")) {
	const target = file.replace(/^src/, "dist");
	mkdirSync(dirname(target), { recursive: true });
	copyFileSync(file, target);
}
await import("./copy-docs-ui.ts");
