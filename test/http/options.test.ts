import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	type Checks,
	checkOptions,
	either,
	flag,
	func,
	group,
	list,
	mapOf,
	milliseconds,
	nearestName,
	oneOf,
	required,
	text,
	whole,
} from "../../src/policies/kit/kit.ts";

interface Options {
	readonly name: string;
	readonly mode?: "fast" | "slow";
	readonly timeout?: { readonly headersMs?: number };
	readonly names?: readonly string[];
	readonly plans?: Readonly<Record<string, { readonly limit?: number }>>;
	readonly strict?: boolean;
	readonly onEnd?: () => void;
	readonly retry?: number | { readonly times?: number };
}

const checks: Checks<Options> = {
	name: required(text),
	mode: oneOf("fast", "slow"),
	timeout: group({ headersMs: milliseconds() }),
	names: list(text, 1),
	plans: mapOf(group({ limit: whole() })),
	strict: flag,
	onEnd: func,
	retry: either(
		"a whole number or an object",
		whole(),
		group({ times: whole(1, 9) }),
	),
};

const wrong: readonly (readonly [unknown, string])[] = [
	[{ nam: "a" }, 'there is no option "nam"; did you mean "name"?'],
	[{ Strict: true }, 'there is no option "Strict"; did you mean "strict"?'],
	[
		{ xyzzy: 1 },
		'there is no option "xyzzy"; known are name, mode, timeout, names, plans, strict, onEnd, retry',
	],
	[
		{ timeout: { headerMs: 1 } },
		'there is no option "timeout.headerMs"; did you mean "timeout.headersMs"?',
	],
	[
		{ plans: { "a b": { limits: 1 } } },
		'there is no option "plans["a b"].limits"; did you mean "plans["a b"].limit"?',
	],
	[{ name: undefined }, "name is required"],
	[{ name: "" }, 'name must be a string that is not empty, got ""'],
	[{ mode: "fats" }, "did you mean 'fast'?"],
	[{ mode: true }, "mode must be 'fast' or 'slow', got true"],
	[{ timeout: 5000 }, "timeout must be an object, got 5000"],
	[{ timeout: null }, "timeout must be an object, got null"],
	[
		{ timeout: { headersMs: Number.NaN } },
		"timeout.headersMs must be a number of milliseconds from 0 to 2147483647, got NaN",
	],
	[{ timeout: { headersMs: 2 ** 31 } }, "got 2147483648"],
	[{ names: "a" }, 'names must be an array, got "a"'],
	[{ names: [] }, "names must not be empty"],
	[{ names: ["a", 1] }, "names[1] must be a string that is not empty, got 1"],
	[{ strict: "yes" }, 'strict must be true or false, got "yes"'],
	[{ onEnd: {} }, "onEnd must be a function, got an object"],
	[{ retry: true }, "retry must be a whole number or an object, got true"],
	[{ retry: { times: 10 } }, "retry.times must be a whole number from 1 to 9"],
	[{ retry: { time: 1 } }, 'did you mean "retry.times"?'],
];

suite("the check of options", () => {
	test("takes what fits, and options that are undefined", () => {
		checkOptions("thing", { name: "a", mode: "slow", retry: 2 }, checks);
		checkOptions<Options>("thing", { name: "a", retry: { times: 3 } }, checks);
		checkOptions("thing", { name: "a", strict: undefined }, checks);
	});

	for (const [options, says] of wrong) {
		test(`${JSON.stringify(options)}: ${says}`, () => {
			const given = { name: "a", ...(options as object) };
			assert.throws(
				() => checkOptions("thing", given, checks),
				(error: Error) =>
					error instanceof TypeError &&
					error.message.startsWith("thing: ") &&
					error.message.includes(says),
			);
		});
	}

	test("lists every problem", () => {
		const given = { strikt: 1, mode: 2 } as object as Options;
		assert.throws(() => checkOptions("thing", given, checks), {
			message:
				'thing has 3 problems:\n  - there is no option "strikt"; did you mean "strict"?' +
				"\n  - name is required\n  - mode must be 'fast' or 'slow', got 2",
		});
	});

	for (const [value, shown] of [
		[5, "5"],
		[null, "null"],
		[undefined, "undefined"],
		[["a"], "an array"],
		["text", '"text"'],
	] as const) {
		test(`rejects ${shown} in place of the options`, () => {
			assert.throws(() => checkOptions("thing", value as never, checks), {
				name: "TypeError",
				message: `thing: the options must be an object, got ${shown}`,
			});
		});
	}

	test("shows no contents of objects, and the start of long texts alone", () => {
		const secret = { name: { password: "hunter2" }, mode: "x".repeat(99) };
		assert.throws(
			() => checkOptions("thing", secret as never, checks),
			(error: Error) =>
				!/hunter2|x{61}/.test(error.message) && /x{60}/.test(error.message),
		);
	});

	test("an option that the interface lacks does not compile, nor one that is missing", () => {
		const some = { name: text, strict: flag };
		// @ts-expect-error mode and others are missing
		const less: Checks<Options> = some;
		// @ts-expect-error there is no option "more"
		const more: Checks<{ readonly name: string }> = { name: text, more: text };
		assert.ok(less && more);
	});
});

suite("the nearest name", () => {
	const known = ["connections", "maxQueue", "keepAliveMs", "timeout", "via"];
	for (const [name, nearest] of [
		["maxConnections", "connections"],
		["keepalivems", "keepAliveMs"],
		["keep_alive_ms", "keepAliveMs"],
		["timeouts", "timeout"],
		["tiemout", "timeout"],
		["queue", "maxQueue"],
		["zebra", null],
	] as const) {
		test(`${name}: ${nearest}`, () => {
			assert.equal(nearestName(name, known), nearest);
		});
	}
});
