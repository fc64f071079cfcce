import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** How a library of schemas is written. */
interface Library {
	readonly head: string;
	readonly int: string;
	readonly text: string;
	object(properties: string): string;
	optional(schema: string): string;
	array(schema: string): string;
}

const typebox: Library = {
	head: "",
	int: "Type.Integer()",
	text: "Type.String()",
	object: (properties) => `Type.Object({ ${properties} })`,
	optional: (schema) => `Type.Optional(${schema})`,
	array: (schema) => `Type.Array(${schema})`,
};
const zod: Library = {
	head: `import { z } from "zod";\n`,
	int: "z.int()",
	text: "z.string()",
	object: (properties) => `z.object({ ${properties} })`,
	optional: (schema) => `${schema}.optional()`,
	array: (schema) => `z.array(${schema})`,
};

function itemOf(library: Library, i: number): string {
	const { int, text, object, optional, array } = library;
	const extra = object(`a${i}: ${text}, b: ${optional(int)}`);
	return object(
		`id: ${int}, name: ${text}, tags: ${array(text)}, extra: ${optional(extra)}`,
	);
}

/** Routes of three kinds, each with a schema that no other has. */
function toRoute(library: Library, i: number): string {
	const { int, text, optional, array } = library;
	const item = itemOf(library, i);
	switch (i % 3) {
		case 0:
			return `api.get("/items${i}/:id/of/:owner", {
				operationId: "get${i}", path: { id: ${int} }, response: ${item},
				query: { page: ${optional(int)}, q${i}: ${optional(array(text))} },
				forward: { headers: (ctx) => ({ "x-id": ctx.path.id, "x-user": ctx.deps.caller.id }) },
			})`;
		case 1:
			return `api.post("/items${i}", { body: ${item}, handler: (ctx) => ({ id: ctx.body.id }) })`;
		default:
			return `api.put("/items${i}/:id", { path: { id: ${int} }, body: ${item}, response: ${item} })`;
	}
}

/** A gateway of so many routes, in modules. */
function toGateway(
	library: Library,
	count: number,
	modules: number,
	routes = (names: readonly string[]) => names.join(", "),
): Readonly<Record<string, string>> {
	const files: Record<string, string> = {};
	const each = count / modules;
	for (let k = 0; k < modules; k++) {
		const own = Array.from({ length: each }, (_, i) =>
			toRoute(library, k * each + i),
		);
		files[`m${k}.ts`] = `import { Type } from "headgate";
			import { api } from "./shared.ts";
			${library.head}
			${own.map((text, i) => `const r${i} = ${text};`).join("\n")}
			export const routes = [${own.map((_, i) => `r${i}`).join(", ")}];
			void Type;`;
	}
	files["shared.ts"] = `import { dependency, route } from "headgate";
		export const caller = dependency(() => ({ id: "ada", plan: "free" }));
		export const api = route.with({ prefix: "/api", upstream: "http://a", dependencies: { caller } });`;
	const names = Object.keys(files).filter((name) => name.startsWith("m"));
	files["gateway.ts"] = `import { createGateway } from "headgate";
		import { plans } from "headgate/plans";
		import { caller } from "./shared.ts";
		${names.map((name, k) => `import { routes as m${k} } from "./${name}";`).join("\n")}
		const policy = plans({
			routes: [${names.map((_, k) => `m${k}`).join(", ")}], consumer: caller,
			plans: { free: { routes: { get0: { cost: 2 } } } },
		});
		// @ts-expect-error there is no such route
		plans({ routes: [${names.map((_, k) => `m${k}`).join(", ")}], consumer: caller, plans: { free: { routes: { get1: {} } } } });
		createGateway({ policies: [policy], routes: [${routes(names.map((_, k) => `m${k}`))}] });`;
	return files;
}

interface Cost {
	readonly instantiations: number;
	readonly memory: number;
}

/** What the compiler does for these files, which must be without an error. */
async function measure(files: Readonly<Record<string, string>>): Promise<Cost> {
	const folder = await mkdtemp(join(tmpdir(), "headgate-scale-"));
	try {
		await mkdir(join(folder, "src"));
		await symlink(join(root, "node_modules"), join(folder, "node_modules"));
		for (const [name, text] of Object.entries(files)) {
			await writeFile(join(folder, "src", name), text);
		}
		await writeFile(join(folder, "package.json"), `{ "type": "module" }`);
		const config = {
			extends: join(root, "tsconfig.json"),
			compilerOptions: {
				noEmit: true,
				isolatedDeclarations: false,
				declaration: false,
				noUnusedLocals: false,
				typeRoots: [join(root, "node_modules/@types")],
				paths: {
					headgate: [join(root, "src/index.ts")],
					"headgate/plans": [join(root, "src/policies/plans/plans.ts")],
				},
			},
			include: ["src"],
		};
		await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
		const tsc = join(root, "node_modules/.bin/tsc");
		// Checkers that run in parallel count what they share twice.
		const options = ["--extendedDiagnostics", "--singleThreaded"];
		const { stdout } = await run(tsc, options, { cwd: folder }).catch(
			({ stdout: said }: { stdout: string }) =>
				assert.fail(said.slice(0, 2_000)),
		);
		return {
			instantiations: numberOf(stdout, "Instantiations"),
			memory: numberOf(stdout, "Memory used"),
		};
	} finally {
		await rm(folder, { recursive: true });
	}
}

function numberOf(text: string, name: string): number {
	return Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(text)?.[1]);
}

suite("what many typed routes cost the compiler", () => {
	test("grows linearly up to 3,000 routes in ten modules", async () => {
		const [none, some, many] = [
			await measure(toGateway(typebox, 30, 10)),
			await measure(toGateway(typebox, 1_500, 10)),
			await measure(toGateway(typebox, 3_000, 10)),
		];
		for (const cost of ["instantiations", "memory"] as const) {
			const half = some[cost] - none[cost];
			const whole = many[cost] - none[cost];
			assert.ok(whole < half * 2.3, `${cost}: ${half}, then ${whole}`);
		}
	});

	test("lets 3,000 routes be spread into one array", async () => {
		await measure(
			toGateway(typebox, 3_000, 10, (names) =>
				names.map((name) => `...${name}`).join(", "),
			),
		);
	});

	test("is at most 150,000 instantiations for 300 routes", async () => {
		const few = await measure(toGateway(typebox, 4, 1));
		const many = await measure(toGateway(typebox, 300, 1));
		const more = many.instantiations - few.instantiations;
		assert.ok(more <= 150_000, String(more));
	});

	test("is at most twice that of zod alone for 300 routes with zod", async () => {
		const empty = await measure({ "a.ts": `import "headgate/plans";` });
		const whole = await measure(toGateway(zod, 300, 10));
		// A third of the routes has two large schemas.
		const schemas = Array.from({ length: 400 }, (_, i) => {
			const item = itemOf(zod, i);
			return `const s${i} = ${item}; export const f${i} = (value: z.infer<typeof s${i}>) => value.id;`;
		});
		const alone = await measure({
			"a.ts": zod.head + schemas.join("\n"),
		});
		const more = whole.instantiations - empty.instantiations;
		const { instantiations } = alone;
		assert.ok(more <= 2 * instantiations, `${more}, alone ${instantiations}`);
	});
});
