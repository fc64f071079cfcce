import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { startCommand, writeConfig } from "./command.ts";

/** Config files that give no gateway, and what is said of each. */
const mistakes: Readonly<Record<string, readonly [string, RegExp]>> = {
	"without a default export": [
		"export const gateway = createGateway({ routes: [] });",
		/gateway\.mts has no default export; it must end in `export default createGateway/,
	],
	"whose default export is no gateway": [
		"export default { routes: [] };",
		/the default export of .*gateway\.mts is no gateway/,
	],
	"whose default export is null": ["export default null;", /is no gateway/],
	"with routes that can not be": [
		'export default createGateway({ routes: [route.get("/:a", {}), route.get("b", { handler: () => 1 })] });',
		/could not be loaded\nTypeError: the gateway has 2 problems:\n {2}- GET \/:a: needs an upstream or a handler\n {2}- GET b: the path must begin with \//,
	],
	"that throws": [
		'throw new Error("no database");',
		/could not be loaded\nError: no database/,
	],
	"that throws what is no error": [
		'throw "no database";',
		/could not be loaded\nno database/,
	],
	"that imports what is not there": [
		'import "./nothing.ts";',
		/could not be loaded\nError.*Cannot find module/,
	],
};

suite("headgate with a config file", () => {
	for (const [title, [code, message]] of Object.entries(mistakes)) {
		test(`${title} says so and ends`, async (t) => {
			const file = await writeConfig(t, code);
			const { code: exitCode, stderr } = await startCommand(t, file).ended();
			assert.match(stderr, message);
			assert.equal(exitCode, 1);
		});
	}

	test("that is not there says where it looked", async (t) => {
		const file = join(dirname(await writeConfig(t, "")), "nothing.ts");
		const { code, stderr } = await startCommand(t, file).ended();
		assert.equal(stderr, `headgate: there is no file ${file}\n`);
		assert.equal(code, 1);
	});

	test("that is a folder says so", async (t) => {
		const folder = dirname(await writeConfig(t, ""));
		const { stderr } = await startCommand(t, folder).ended();
		assert.equal(stderr, `headgate: ${folder} is no file\n`);
	});

	test("that fails with something open ends all the same", async (t) => {
		const file = await writeConfig(t, "setInterval(() => {}, 1_000);");
		assert.equal((await startCommand(t, file).ended()).code, 1);
	});
});
