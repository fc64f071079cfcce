import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { type ErrorCode, failure } from "../src/http/errors.ts";
import { createGateway, reply, route, upstream } from "../src/index.ts";
import { compilePlan } from "../src/params/form/form-plan.ts";
import { toLimits } from "../src/startup/settings.ts";
import { tableRows } from "./helpers/markdown.ts";

const root = join(import.meta.dirname, "..");

function read(path: string): string {
	return readFileSync(join(root, path), "utf8");
}

/** A cell without its marks of code. */
function plain(cell: string | undefined): string {
	return (cell ?? "").replaceAll("`", "");
}

/** The number at the front of a cell: `1,024`, `0: off`, `64 KiB for one field`. */
function numberOf(cell: string | undefined): number {
	const match = /^([\d,]+)( KiB| MiB)?/.exec(cell ?? "");
	assert.ok(match, `${cell}`);
	const units = { "": 1, " KiB": 1024, " MiB": 1024 * 1024 };
	const unit = units[(match[2] ?? "") as keyof typeof units];
	return Number(match[1]?.replaceAll(",", "")) * unit;
}

/** The numbers of a table by the names in its first column. */
function numbersOf(rows: readonly string[][]): Record<string, number> {
	return Object.fromEntries(
		rows.map(([name, value]) => [plain(name), numberOf(value)]),
	);
}

/** The property names that an interface of a source file has. */
function propertiesOf(text: string, name: string): string[] {
	const start = text.search(new RegExp(`^export interface ${name}\\b`, "m"));
	assert.ok(start >= 0, name);
	const body = text.slice(start, text.indexOf("\n}", start));
	return [...body.matchAll(/^\t(?:readonly )?(\w+)\??[:(]/gm)].map(
		([, property = ""]) => property,
	);
}

function namesOf(rows: readonly string[][]): string[] {
	return rows.map(([name]) => plain(name)).sort();
}

suite("docs/errors.md", () => {
	test("lists every code with its status and its sentence", () => {
		const union = /type ErrorCode =([^;]*);/.exec(read("src/http/errors.ts"));
		const codes = [...(union?.[1] ?? "").matchAll(/"(ERR_\w+)"/g)];
		const expected = codes.map(([, code = ""]) => {
			const { status, message } = failure(code as ErrorCode);
			return [String(status), code, message];
		});
		assert.ok(expected.length > 20);
		const rows = tableRows(read("docs/errors.md"), "## The codes");
		assert.deepEqual(
			rows.map((row) => row.map(plain)),
			expected,
		);
	});
});

suite("docs/routes.md", () => {
	const page = read("docs/routes.md");

	test("lists every option, and no other", () => {
		const source = read("src/model/route-options.ts");
		const expected = [
			...propertiesOf(source, "RouteDocs"),
			...propertiesOf(source, "RouteParts"),
			...propertiesOf(source, "OtherOptions"),
		];
		assert.ok(expected.length > 30);
		const rows = tableRows(page, "## Every option");
		assert.deepEqual(namesOf(rows), expected.sort());
	});

	test("shows paths that match what it says", async () => {
		const rows = tableRows(page, "## Paths and methods");
		assert.ok(rows.length > 5);
		for (const [path = "", matches = "", names = ""] of rows) {
			const gateway = createGateway({
				docs: false,
				routes: [
					route.get(plain(path), { handler: (ctx) => reply(200, ctx.path) }),
				],
			});
			const shown = [...matches.matchAll(/`([^`]+)`/g)].map(([, one]) => one);
			const [url = ""] = shown.map((one) => one?.replace(/\/$/, "/a/b"));
			const values = (await gateway.inject(url)).json() as object;
			const expected = [...names.matchAll(/`(\*|\w+)`/g)];
			assert.deepEqual(
				Object.keys(values),
				expected.map(([, name]) => name),
				path,
			);
		}
	});

	test("gives the limits of a form as they are", () => {
		assert.deepEqual(
			numbersOf(tableRows(page, "### Limits of a form")),
			compilePlan({}, {}).limits,
		);
	});
});

suite("docs/policies.md", () => {
	test("lists every hook", () => {
		const rows = tableRows(read("docs/policies.md"), "## The hooks");
		const hooks = rows.map(([hook]) => plain(hook).replace(/\(.*/, ""));
		const source = read("src/model/types.ts");
		assert.deepEqual(hooks.sort(), propertiesOf(source, "PolicyHooks").sort());
	});
});

suite("docs/operations.md", () => {
	const page = read("docs/operations.md");

	test("gives the limits as they are", () => {
		const rows = tableRows(page, "## Limits");
		assert.deepEqual(numbersOf(rows), toLimits());
	});

	test("gives the time-outs as they are", () => {
		const rows = tableRows(page, "### Time-outs");
		const { timeout } = upstream("http://users:8002");
		assert.deepEqual(numbersOf(rows), timeout);
	});

	test("lists every option of listen and of an upstream", () => {
		const options = read("src/model/gateway-options.ts");
		assert.deepEqual(
			namesOf(tableRows(page, "## Listening")),
			propertiesOf(options, "ListenOptions").sort(),
		);
		const source = read("src/model/upstream.ts");
		const names = namesOf(tableRows(page, "## Upstreams"));
		assert.deepEqual(
			[...new Set(names.map((name) => name.replace(/\..*/, "")))],
			propertiesOf(source, "UpstreamOptions").sort(),
		);
		assert.deepEqual(
			names.flatMap((name) => /^pool\.(.*)/.exec(name)?.[1] ?? []),
			propertiesOf(source, "UpstreamPoolOptions").sort(),
		);
	});

	test("lists every message that is logged", () => {
		const sources = globSync(
			"src/{*.ts,{model,upstream,connection,request,startup,server,proxy,params,http}/**/*.ts}",
			{
				cwd: root,
			},
		).map(read);
		const spelled = sources.flatMap((text) => [
			...text.matchAll(
				/logger\.(error|warn)\(\s*(?:\{[^}]*\}|\w+),\s*(?:"([^"]+)"|`\$\{hook\} failed`)/g,
			),
		]);
		assert.equal(
			sources.join("").match(/logger\.(error|warn|info)\(/g)?.length,
			spelled.length,
		);
		const hooks = sources.join("").matchAll(/logFailure\(ctx, "(\w+)"/g);
		const logged = [
			...spelled.flatMap(([, level, message]) =>
				message === undefined ? [] : [`${level} ${message}`],
			),
			...[...hooks].map(([, hook]) => `error ${hook} failed`),
		];
		const rows = tableRows(page, "## What is logged");
		assert.deepEqual(
			rows.map(([level, message]) => `${level} ${plain(message)}`).sort(),
			[...new Set(logged)].sort(),
		);
	});
});
