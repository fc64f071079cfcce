import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Type } from "../../src/index.ts";
import { compileSchema, type JsonSchema } from "../../src/params/schema.ts";
import { loose, problemsOf } from "../helpers/start-up-problems.ts";

const wrong: readonly (readonly [unknown, string])[] = [
	[
		{ type: "integer", minimun: 1 },
		'no keyword "minimun" in JSON Schema; did you mean "minimum"?',
	],
	[{ type: "intger" }, "type must be 'array', "],
	[{ type: "intger" }, "did you mean 'integer'?"],
	[{ type: ["string", "nul"] }, "type[1] must be"],
	[
		{ type: "string", format: "emial" },
		'format: there is no format "emial"; did you mean "email"?',
	],
	[{ type: "string", format: "phone" }, "Format.Set"],
	[{ $ref: "#/nowhere" }, '$ref: "#/nowhere" leads nowhere'],
	[
		{ type: "object", properties: { a: { $ref: "Nope" } } },
		'$ref: "Nope" leads nowhere',
	],
	[{ $ref: "#/$defs/B", $defs: { A: { type: "string" } } }, "leads nowhere"],
	[Type.Ref("User"), '"User" leads nowhere'],
	[
		{ type: "object", properties: { a: { maxlength: 1 } } },
		'properties.a: there is no keyword "maxlength" in JSON Schema; did you mean "maxLength"?',
	],
	[
		{ type: "array", items: { tpye: "string" } },
		'items: there is no keyword "tpye"',
	],
	[
		{ anyOf: [{ type: "string" }, { typ: "null" }] },
		'anyOf[1]: there is no keyword "typ"',
	],
	[{ type: "object", property: {} }, 'did you mean "properties"?'],
	[
		{ type: "object", properties: [] },
		"properties must be an object, got an empty array",
	],
	[
		{ type: "object", properties: { a: "string" } },
		'properties.a must be an object, got "string"',
	],
	[{ type: "object", required: "a" }, 'required must be an array, got "a"'],
	[{ type: "string", required: true }, "required must be an array, got true"],
	[{ type: "integer", minimum: "5" }, 'minimum must be a number, got "5"'],
	[{ type: "string", maxLength: -1 }, "maxLength must be a whole number"],
	[
		{ type: "string", minLength: 5, maxLength: 3 },
		"minLength is above maxLength",
	],
	[{ type: "string", pattern: "[" }, "pattern: Invalid regular expression"],
	[{ enum: "a" }, 'enum must be an array, got "a"'],
	[{ type: "array", style: "cvs" }, "did you mean 'csv'?"],
	[Type.String({ nullable: true }), 'no keyword "nullable"'],
	[
		Type.Object({ a: Type.Optional(Type.Integer({ maximun: 3 })) }),
		"properties.a: ",
	],
];

const right: readonly object[] = [
	{},
	Type.Any(),
	Type.Never(),
	Type.Unknown(),
	Type.BigInt({ minimum: 1n }),
	Type.Tuple([Type.String(), Type.Integer()]),
	Type.Record(Type.String(), Type.Number()),
	Type.Union([Type.Literal("a"), Type.Null()]),
	Type.Intersect([Type.Object({ a: Type.String() })]),
	Type.Enum({ a: 1 }),
	Type.TemplateLiteral("a|b"),
	Type.Unsafe({ type: "string", "x-mine": 1 }),
	Type.Cyclic({ N: Type.Object({ n: Type.Optional(Type.Ref("N")) }) }, "N"),
	Type.String({ format: "date-time", title: "t", examples: ["a"] }),
	Type.Integer({ format: "int64", "x-sql": "bigint", deprecated: true }),
	{ type: "string", format: "password", writeOnly: true },
	{ type: ["string", "null"], default: { $ref: "#/data" } },
	{ $ref: "#/$defs/a~1b", $defs: { "a/b": { type: "string" } } },
	{ $ref: "#user", $defs: { user: { $anchor: "user", type: "object" } } },
	{ $ref: "#/definitions/A", definitions: { A: true } },
	{ type: "object", properties: { a: { $ref: "#" } } },
	{ $id: "https://a.example/all", $ref: "one", $defs: { one: { $id: "one" } } },
	// biome-ignore lint/suspicious/noThenProperty: it is a keyword
	{ if: { type: "string" }, then: { minLength: 1 }, else: false },
	{ type: "array", prefixItems: [{ type: "string" }], items: false },
];

suite("a JSON Schema is checked at start-up:", () => {
	for (const [schema, says] of wrong) {
		test(`${JSON.stringify(schema)}: ${says}`, () => {
			assert.throws(
				() => compileSchema(schema as JsonSchema),
				(error: Error) =>
					error instanceof TypeError && error.message.includes(says),
			);
		});
	}
	for (const [i, schema] of right.entries()) {
		test(`right ${i}`, () => {
			assert.ok(compileSchema(schema));
		});
	}

	test("a route's problem names the place in the route", () => {
		const upstream = "http://127.0.0.1:1";
		const lines = problemsOf([
			loose("/a", { upstream, query: { n: Type.Integer({ minimun: 1 }) } }),
			loose("/b", { upstream, body: { type: "objct" } }),
			loose("/c", { upstream, response: { 200: { $ref: "#/x" } } }),
		]);
		assert.equal(lines.length, 3, lines.join("\n"));
		assert.match(String(lines[0]), /^GET \/a: query\.n: there is no keyword/);
		assert.match(String(lines[1]), /^GET \/b: body: type must be/);
		assert.match(String(lines[2]), /^GET \/c: response\.200: \$ref: "#\/x"/);
	});
});
