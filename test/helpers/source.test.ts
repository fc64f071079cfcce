import assert from "node:assert/strict";
import { test } from "node:test";
import { exportedNames, namedModules } from "./source.ts";

test("finds every way to name a module, and none in comments or strings", () => {
	const text = [
		'import "./a.ts";',
		'import b from "./b.ts";',
		"import {",
		"\ttype C,",
		"\tD,",
		'} from "./c.ts";',
		'export type { E } from "./e.ts";',
		'export * from "./f.ts";',
		'const any = "/files/*";',
		'const g = await import("./g.ts"); // */',
		"import {",
		"\ttype H,",
		"\ttype I,",
		'} from "./h.ts";',
		'// import "./no.ts";',
		"/**",
		' * import { x } from "./no.ts"',
		" */",
		"export const say = \"import from './no.ts'\";",
	].join("\n");
	const found = namedModules(text).sort((a, b) =>
		a.specifier.localeCompare(b.specifier),
	);
	assert.deepEqual(
		found.map(({ specifier, typesOnly }) => [specifier, typesOnly]),
		[
			["./a.ts", false],
			["./b.ts", false],
			["./c.ts", false],
			["./e.ts", true],
			["./f.ts", false],
			["./g.ts", false],
			["./h.ts", true],
		],
	);
});

test("finds every exported name under the name it is exported by", () => {
	const text = [
		"export const a = 1;",
		"export async function b() {}",
		"export function* c() {}",
		"export class D {}",
		"export interface E {}",
		"export type F<T> = T;",
		"const inner = 2;",
		"export {",
		"\tinner as g,",
		"\ttype H,",
		'} from "./x.ts";',
		'export type { I, J as K } from "./y.ts";',
		"// export const no = 1;",
	].join("\n");
	assert.deepEqual(exportedNames(text).sort(), [..."DEFHIKabcg"]);
});
