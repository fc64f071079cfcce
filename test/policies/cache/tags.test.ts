import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	maxTagLength,
	maxTags,
	tagsOf,
} from "../../../src/policies/cache/http/tags.ts";

suite("the tags of an answer", () => {
	const cases: readonly [string, readonly string[], readonly string[]][] = [
		["none", [], []],
		["an empty header", ["cache-tag", " , ", "surrogate-key", "  "], []],
		[
			"Cache-Tag parts by commas",
			["Cache-Tag", "a, b c ,d"],
			["a", "b c", "d"],
		],
		[
			"Surrogate-Key parts by spaces",
			["Surrogate-Key", "a  b,c\td"],
			["a", "b,c", "d"],
		],
		[
			"both, on several lines, each once",
			["cache-tag", "a", "surrogate-key", "b a", "cache-tag", "c"],
			["a", "c", "b"],
		],
		["case counts", ["cache-tag", "A,a"], ["A", "a"]],
	];
	for (const [name, headers, tags] of cases) {
		test(name, () => {
			assert.deepEqual(tagsOf(headers), tags);
		});
	}

	test("as many as may be, as long as may be", () => {
		const tags = Array.from({ length: maxTags }, (_, i) =>
			`${i}-`.padEnd(maxTagLength, "x"),
		);
		assert.deepEqual(tagsOf(["cache-tag", tags.join()]), tags);
		assert.deepEqual(tagsOf(["surrogate-key", tags.join(" ")]), tags);
	});

	test("one more, or one longer, and they can't be kept", () => {
		const many = Array.from({ length: maxTags + 1 }, (_, i) => `t${i}`);
		assert.equal(tagsOf(["cache-tag", many.join()]), null);
		assert.equal(tagsOf(["surrogate-key", many.join(" ")]), null);
		assert.equal(tagsOf(["cache-tag", "x".repeat(maxTagLength + 1)]), null);
		assert.equal(
			tagsOf(["surrogate-key", `a ${"x".repeat(maxTagLength + 1)}`]),
			null,
		);
	});

	test("the same tag many times is one", () => {
		assert.deepEqual(tagsOf(["cache-tag", "a,".repeat(5000)]), ["a"]);
	});
});
