import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Type } from "typebox";
import { Settings } from "typebox/system";
import type { Problem } from "../../src/http/errors.ts";
import { explain, type Validator } from "../../src/params/parts/explain.ts";
import type { Location } from "../../src/params/parts/problems.ts";
import { compileSchema, type Schema } from "../../src/params/schema.ts";

function problemsOf(schema: Schema, value: unknown): readonly Problem[] {
	const problems: Problem[] = [];
	compileSchema(schema).validate(value, ["body"], problems);
	return problems;
}

function placesOf(schema: Schema, value: unknown): readonly Location[] {
	return problemsOf(schema, value).map(({ loc }) => loc);
}

const names = Array.from({ length: 60 }, (_, i) => `f${i}`);
const Wide = Type.Object(
	Object.fromEntries(names.map((name) => [name, Type.Integer()])),
);

suite("what is wrong with a value", () => {
	test("is listed up to 50 problems, missing or wrong", () => {
		const wrong = Object.fromEntries(names.map((name) => [name, "x"]));
		const expected = names.slice(0, 50).map((name) => ["body", name]);
		assert.deepEqual(placesOf(Wide, wrong), expected);
		assert.deepEqual(placesOf(Wide, {}), expected);
	});

	test("leaves the validator's own setting as it was", () => {
		const { maxErrors } = Settings.Get();
		placesOf(Wide, {});
		assert.equal(Settings.Get().maxErrors, maxErrors);
	});

	test("names a property that is not allowed once, by its own name", () => {
		const Closed = Type.Object(
			{ a: Type.Optional(Type.String()) },
			{
				additionalProperties: false,
			},
		);
		assert.deepEqual(problemsOf(Closed, { "x/y~z": 1, é: 2 }), [
			{ loc: ["body", "x/y~z"], msg: "Not allowed", type: "undeclared" },
			{ loc: ["body", "é"], msg: "Not allowed", type: "undeclared" },
		]);
	});

	test("does not repeat at length what the client wrote", () => {
		const long = "k".repeat(100_000);
		const Closed = Type.Object({}, { additionalProperties: false });
		const Named = { type: "object", propertyNames: { maxLength: 3 } };
		for (const schema of [Closed, Named]) {
			const text = JSON.stringify(problemsOf(schema, { [long]: 1 }));
			assert.ok(text.includes("body") && text.length < 400, text.slice(0, 400));
		}
	});
});

suite("what is wrong with a large value", () => {
	const many = 3_000;
	const unasked: Validator = {
		Check: () => false,
		Errors: () => assert.fail("it goes through all of the value"),
	};
	const look = (schema: Schema, value: unknown): readonly Problem[] => {
		const problems: Problem[] = [];
		const json = schema as Readonly<Record<string, unknown>>;
		explain(unasked, json, value, ["body"], problems);
		return problems;
	};
	const Items = Type.Array(Type.Object({ id: Type.Integer() }));
	const Nested = Type.Object({
		list: Items,
		note: Type.String(),
		more: Type.Optional(Type.String()),
	});

	test("is found item by item, and no further than 50 problems", () => {
		const places = look(Items, Array(many).fill({ id: "x" })).map(
			({ loc }) => loc,
		);
		assert.equal(places.length, 50);
		assert.deepEqual(places.at(-1), ["body", 49, "id"]);
	});

	test("is found at its end, and beside what is large", () => {
		const list: unknown[] = Array(many).fill({ id: 1 });
		list.push({});
		assert.deepEqual(
			look(Nested, { list, more: 7 }).map(({ loc, type }) => [...loc, type]),
			[
				["body", "list", many, "id", "missing"],
				["body", "note", "missing"],
				["body", "more", "type"],
			],
		);
	});

	test("is one sentence where no piece of it is wrong by itself", () => {
		const list = Array(many).fill({ id: 1 });
		const Few = Type.Array(Type.Object({ id: Type.Integer() }), {
			maxItems: 9,
		});
		for (const [schema, value] of [
			[Few, list],
			[Type.Union([Few, Type.Null()]), list],
			[Type.String(), list],
			[Nested, list],
		] as const) {
			assert.deepEqual(look(schema, value), [
				{ loc: ["body"], msg: "Does not match its schema", type: "schema" },
			]);
		}
	});

	test("is told of the whole where a piece refers to definitions of the whole", () => {
		const schema = {
			$defs: { Id: { type: "integer" } },
			type: "array",
			items: { $ref: "#/$defs/Id" },
		};
		const problems = problemsOf(schema, Array(many).fill("x"));
		assert.ok(problems.length > 0);
	});
});
