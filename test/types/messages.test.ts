import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, suite, test } from "node:test";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** Each mistake, and what the compiler must name where it stands. */
const mistakes: Readonly<Record<string, readonly [string, RegExp]>> = {
	"a schema for a name that is not in the path": [
		`route.get("/users/:id", { upstream, path: { ident: Type.Integer() } });`,
		/'"the path has no parameter :ident"'/,
	],
	"a template name that nothing declares": [
		`route.get("/users/:id", { upstream, upstreamPath: "/v1/:user" });`,
		/Property 'forward' is missing .* Given<"forward.path must give :user">/,
	],
	"a template wildcard that nothing declares": [
		`route.get("/users/:id", { upstream, upstreamPath: "/v1/*" });`,
		/Refused<"nothing declares \*">/,
	],
	"a body and a form": [
		`route.post("/", { upstream, body: Type.Object({}), form: { a: Type.String() } });`,
		/'"a route takes a body or a form, not both"'/,
	],
	"a misspelt option": [
		`route.get("/", { upstream, dependancies: {} });`,
		/'dependancies' does not exist in type 'Declared<"\/", /,
	],
	"a path value that is not there": [
		`route.get("/users/:id", { handler: (ctx) => ctx.path.ident });`,
		/Property 'ident' does not exist on type '\{ readonly id: string; \}'/,
	],
	"a dependency that is not there": [
		`route.get("/", { handler: (ctx) => ctx.deps.caller });`,
		/Property 'caller' does not exist/,
	],
	"a value of the wrong type": [
		`route.get("/:id", { path: { id: Type.Integer() }, handler: (ctx) => ctx.path.id.trim() });`,
		/Property 'trim' does not exist on type 'number'/,
	],
	"a value that is no schema": [
		`route.get("/", { upstream, query: { page: "integer" } });`,
		/Type 'string' is not assignable to type 'Schema'/,
	],
	"a handler that gives nothing": [
		`route.get("/", { handler: () => undefined });`,
		/'undefined' is not assignable to type 'MaybePromise<Reply \| ReplyValue>'/,
	],
};

const head = `import { route, Type } from ${JSON.stringify(join(root, "src/index.ts"))};
const upstream = "http://users:8002";
`;

/** The compiler's words about a file, by line. */
async function compile(text: string): Promise<ReadonlyMap<number, string>> {
	const folder = await mkdtemp(join(tmpdir(), "headgate-messages-"));
	try {
		await writeFile(join(folder, "fixture.ts"), text);
		await writeFile(
			join(folder, "tsconfig.json"),
			JSON.stringify({
				extends: join(root, "tsconfig.json"),
				compilerOptions: { typeRoots: [join(root, "node_modules/@types")] },
				include: ["fixture.ts"],
			}),
		);
		const tsc = join(root, "node_modules/.bin/tsc");
		const { stdout } = await run(tsc, ["--noEmit", "--pretty", "false"], {
			cwd: folder,
		}).catch((error: { stdout: string }) => error);
		return toMessages(stdout);
	} finally {
		await rm(folder, { recursive: true });
	}
}

function toMessages(output: string): ReadonlyMap<number, string> {
	const byLine = new Map<number, string>();
	for (const [, line, message] of output.matchAll(
		/^fixture\.ts\((\d+),\d+\): (.*(?:\n .*)*)/gm,
	)) {
		const at = Number(line);
		byLine.set(at, `${byLine.get(at) ?? ""}${message}\n`);
	}
	return byLine;
}

suite("the compiler's message names what is wrong:", () => {
	const firstLine = head.split("\n").length;
	let messages: ReadonlyMap<number, string> = new Map();

	before(async () => {
		const lines = Object.values(mistakes).map(([line]) => line);
		messages = await compile(head + lines.join("\n"));
	});

	Object.entries(mistakes).forEach(([what, [, expected]], i) => {
		test(what, () => assert.match(messages.get(firstLine + i) ?? "", expected));
	});
});
