import assert from "node:assert/strict";
import { test } from "node:test";
import { toFieldText, toFieldTexts } from "../../src/params/form/field-text.ts";

test("numbers are written in decimal, without an exponent", () => {
	const cases: [number, string][] = [
		[0, "0"],
		[-0, "0"],
		[1.5, "1.5"],
		[-12, "-12"],
		[1e21, "1000000000000000000000"],
		[-1.25e22, "-12500000000000000000000"],
		[1e-7, "0.0000001"],
		[-1.5e-10, "-0.00000000015"],
		[Number.MAX_SAFE_INTEGER, "9007199254740991"],
	];
	for (const [value, text] of cases) {
		assert.equal(toFieldText(value), text);
		assert.equal(Number(text), value === 0 ? 0 : value);
	}
});

test("what a schema may give is written as text", () => {
	assert.equal(toFieldText(true), "true");
	assert.equal(toFieldText(false), "false");
	assert.equal(toFieldText(12n), "12");
	assert.equal(toFieldText(""), "");
	assert.equal(toFieldText(new Date(0)), "1970-01-01T00:00:00.000Z");
	assert.equal(toFieldText({ a: [1] }), '{"a":[1]}');
	assert.equal(toFieldText(null), null);
	assert.equal(toFieldText(undefined), null);
});

test("an array is a text for each item, and nothing for what is absent", () => {
	assert.deepEqual(toFieldTexts([1, "a", null, undefined, true]), [
		"1",
		"a",
		"true",
	]);
	assert.deepEqual(toFieldTexts("a"), ["a"]);
	assert.deepEqual(toFieldTexts(undefined), []);
	assert.deepEqual(toFieldTexts([]), []);
});
