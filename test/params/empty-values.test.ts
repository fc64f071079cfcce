import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { createGateway, route, type Schema, Type } from "../../src/index.ts";

/** What a handler gets of these query values, fields or headers. */
async function valuesOf(
	part: "query" | "form" | "headers",
	shape: Readonly<Record<string, Schema>>,
	text: string,
): Promise<unknown> {
	const gateway = createGateway({
		routes: [
			route.post("/", { [part]: shape, handler: (ctx) => ({ ...ctx[part] }) }),
		],
	});
	const type = "application/x-www-form-urlencoded";
	const { status, body } = await gateway.inject(
		part === "query"
			? { method: "POST", url: `/?${text}` }
			: part === "form"
				? {
						method: "POST",
						url: "/",
						body: text,
						headers: { "content-type": type },
					}
				: { method: "POST", url: "/", headers: { x: text } },
	);
	return status === 200 ? JSON.parse(body) : status;
}

suite("an empty query value or field", () => {
	const absent: Readonly<Record<string, Schema>> = {
		"an optional integer": Type.Optional(Type.Integer()),
		"an optional number": Type.Optional(Type.Number()),
		"an optional boolean": Type.Optional(Type.Boolean()),
		"an optional date": Type.Optional(Type.String({ format: "date" })),
		"an optional time of a day": Type.Optional(
			Type.String({ format: "date-time" }),
		),
		"an integer or null": Type.Optional(
			Type.Union([Type.Integer(), Type.Null()]),
		),
		"one of some numbers": Type.Optional(
			Type.Union([Type.Literal(1), Type.Literal(2)]),
		),
		"zod's optional number": z.number().optional(),
		"a number that zod converts": z.coerce.number().optional(),
		"zod's optional date": z.iso.date().optional(),
	};
	for (const [what, schema] of Object.entries(absent)) {
		test(`of ${what} is absent`, async () => {
			assert.deepEqual(await valuesOf("query", { a: schema }, "a="), {});
			assert.deepEqual(await valuesOf("form", { a: schema }, "a="), {});
		});
	}

	test("of a date that zod converts is absent", async () => {
		const shape = { a: z.coerce.date().optional() };
		assert.deepEqual(await valuesOf("query", shape, "a="), {});
		assert.equal(await valuesOf("query", shape, "a=x"), 422);
	});

	test("gives its place to the default", async () => {
		const shape = { a: Type.Integer({ default: 3 }), b: z.int().default(4) };
		assert.deepEqual(await valuesOf("query", shape, "a=&b="), { a: 3, b: 4 });
		assert.deepEqual(await valuesOf("form", shape, "a=&b="), { a: 3, b: 4 });
	});

	test("of a text is a value, and one of a required number is a problem", async () => {
		const text = { a: Type.Optional(Type.String()) };
		assert.deepEqual(await valuesOf("query", text, "a="), { a: "" });
		const least = { a: Type.Optional(Type.String({ minLength: 1 })) };
		assert.equal(await valuesOf("query", least, "a="), 422);
		const either = {
			a: Type.Optional(Type.Union([Type.Integer(), Type.String()])),
		};
		assert.deepEqual(await valuesOf("query", either, "a="), { a: "" });
		assert.equal(await valuesOf("query", { a: Type.Integer() }, "a="), 422);
	});
});

suite("a list in a header", () => {
	const texts = { x: Type.Array(Type.String(), { style: "csv" }) };

	test("is without the blanks around its commas and without empty members", async () => {
		const given = " a, b c ,\t,d,, ";
		assert.deepEqual(await valuesOf("headers", texts, given), {
			x: ["a", "b c", "d"],
		});
	});

	test("may be of numbers", async () => {
		const shape = { x: Type.Array(Type.Integer(), { style: "csv" }) };
		assert.deepEqual(await valuesOf("headers", shape, "1, 2 ,3"), {
			x: [1, 2, 3],
		});
		assert.equal(await valuesOf("headers", shape, "1, 2 3"), 422);
	});

	test("keeps its blanks in a query", async () => {
		const shape = { x: Type.Array(Type.String(), { style: "csv" }) };
		assert.deepEqual(await valuesOf("query", shape, "x=a,%20b,"), {
			x: ["a", " b", ""],
		});
	});
});
