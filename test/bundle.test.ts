import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { promisify } from "node:util";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);
const code = `
	import { createGateway, route } from "headgate";
	import { metrics } from "headgate/metrics";
	import { status } from "headgate/status";
	const full = process.argv[2] === "full";
	const gateway = createGateway({
		policies: [status({ dependencies: {} }), ...(full ? [metrics()] : [])],
		routes: [route.get("/x", { handler: () => ({ ok: true }) })],
	});
	const ask = async (url) => {
		const { status, bytes } = await gateway.inject(url);
		return status + " " + (bytes.length > 0);
	};
	const run = async () => {
		for (const url of ["/x", "/docs", "/docs/swagger-ui-bundle.js", "/docs/favicon-32x32.png",
			"/openapi.json", "/_gateway", "/_gateway/status.js"]) console.log(url, await ask(url));
		if (full) console.log((await gateway.inject("/metrics")).body.match(/gateway_build_info.version="[^"]+/)[0]);
		await gateway.close();
	};
	run();
`;
const says = `/x 200 true
/docs 200 true
/docs/swagger-ui-bundle.js 200 true
/docs/favicon-32x32.png 200 true
/openapi.json 200 true
/_gateway 200 true
/_gateway/status.js 200 true
`;

/** A copy of the package, built; what it depends on is the project's. */
let project: string;
before(async () => {
	project = await mkdtemp(join(tmpdir(), "headgate-bundle-"));
	const copy = join(project, "copy");
	const names = ["package.json", "src", ".ci", "tsconfig.json"];
	names.push("tsconfig.build.json");
	const from = names.map((name) => join(root, name));
	await run("mkdir", [copy]);
	await run("cp", ["-r", ...from, copy]);
	const modules = join(root, "node_modules");
	await symlink(modules, join(copy, "node_modules"));
	await run("npm", ["run", "build"], { cwd: copy });
	await writeFile(join(copy, "app.mjs"), code);
});
after(() => rm(project, { recursive: true, force: true }));

suite("a gateway that is bundled starts without package files beside it", () => {
	for (const format of ["esm", "cjs"] as const) {
		test(`as ${format}`, async () => {
			const bundled = join(project, format);
			const file = join(bundled, format === "esm" ? "app.mjs" : "app.cjs");
			await build({
				entryPoints: [join(project, "copy/app.mjs")],
				outfile: file,
				bundle: true,
				format,
				platform: "node",
				target: "node22",
				logLevel: "silent",
				// What packages of the older kind ask for.
				banner:
					format === "esm"
						? {
								js: 'import { createRequire as make } from "node:module"; const require = make(import.meta.url);',
							}
						: {},
			});
			const options = { cwd: bundled };
			const { stdout, stderr } = await run(process.execPath, [file], options);
			assert.equal(stdout, says);
			assert.equal(stderr, "");
			// A package that is left to the user is still found, or named.
			const full = run(process.execPath, [file, "full"], options);
			await assert.rejects(full, /needs the package "prom-client"/);
			const modules = join(root, "node_modules");
			await symlink(modules, join(bundled, "node_modules"));
			const found = await run(process.execPath, [file, "full"], options);
			assert.match(found.stdout, /gateway_build_info.version="\d+\.\d+\.\d+/);
		});
	}
});
