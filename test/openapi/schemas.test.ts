import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { z } from "zod";
import { route } from "../../src/model/route.ts";
import {
	createDocument,
	type OpenApiDocument,
} from "../../src/openapi/document.ts";
import type { Schema } from "../../src/params/schema.ts";
import { documentOf, operationAt } from "./document-of.ts";

const upstream = "http://127.0.0.1:1";

/** The document of one route for each schema, `/0`, `/1` and so on. */
function describe(...bodies: readonly Schema[]): Promise<OpenApiDocument> {
	return documentOf(
		bodies.map((body, i) =>
			route.post(`/${i}`, { upstream, body, validation: "off" }),
		),
	);
}

function bodyOf(document: OpenApiDocument, i = 0): unknown {
	const { requestBody } = operationAt(document, "POST", `/${i}`);
	return requestBody?.content["application/json"]?.schema;
}

function componentsOf(document: OpenApiDocument): Record<string, unknown> {
	return { ...document.components?.schemas };
}

const toRef = (name: string) => ({ $ref: `#/components/schemas/${name}` });

test("TypeBox schemas come out as plain JSON Schema", async () => {
	const plain = Type.Object({
		a: Type.Optional(Type.Integer({ minimum: 1, default: 3 })),
		b: Type.Union([Type.Literal("x"), Type.Null()]),
		c: Type.Readonly(Type.Array(Type.Enum(["p", "q"]))),
		d: Type.Record(Type.String(), Type.Number()),
		e: Type.Refine(Type.String(), (text) => text !== "no"),
	});
	assert.deepEqual(bodyOf(await describe(plain)), {
		type: "object",
		required: ["b", "c", "d", "e"],
		properties: {
			a: { type: "integer", minimum: 1, default: 3 },
			b: { anyOf: [{ type: "string", const: "x" }, { type: "null" }] },
			c: { type: "array", items: { enum: ["p", "q"] } },
			d: { type: "object", patternProperties: { "^.*$": { type: "number" } } },
			e: { type: "string" },
		},
	});
});

test("properties may have the names of keywords", async () => {
	const odd = {
		type: "object",
		properties: {
			$id: { type: "string" },
			$ref: { type: "string" },
			$defs: { type: "string" },
			"~kind": { type: "string" },
			type: { type: "string" },
			items: { type: "integer" },
		},
	};
	// The test's own look at references takes these names for keywords.
	const document = createDocument(
		{ title: "Odd", version: "1" },
		[route.post("/0", { upstream, body: odd })],
		{ dependencies: {}, policies: [] },
	);
	assert.deepEqual(bodyOf(document), odd);
});

test("tuples and types that JSON does not know are written as 2020-12 has them", async () => {
	const document = await describe(
		Type.Tuple([Type.String(), Type.Integer()]),
		Type.BigInt({ default: 5n }),
		Type.Undefined(),
		{ items: [{ type: "string" }] },
	);
	assert.deepEqual(bodyOf(document, 0), {
		type: "array",
		minItems: 2,
		prefixItems: [{ type: "string" }, { type: "integer" }],
		items: false,
	});
	assert.deepEqual(bodyOf(document, 1), { type: "integer", default: 5 });
	assert.deepEqual(bodyOf(document, 2), {});
	assert.deepEqual(bodyOf(document, 3), {
		prefixItems: [{ type: "string" }],
		items: true,
	});
});

test("a schema with an $id is a component wherever it is used", async () => {
	const user = Type.Object({ name: Type.String() }, { $id: "User" });
	const document = await describe(
		user,
		Type.Array(user),
		Type.Object({ owner: user, again: Type.Ref("User") }),
	);
	assert.deepEqual(bodyOf(document, 0), toRef("User"));
	assert.deepEqual(bodyOf(document, 1), {
		type: "array",
		items: toRef("User"),
	});
	assert.deepEqual(bodyOf(document, 2), {
		type: "object",
		required: ["owner", "again"],
		properties: { owner: toRef("User"), again: toRef("User") },
	});
	assert.deepEqual(componentsOf(document), {
		User: {
			type: "object",
			required: ["name"],
			properties: { name: { type: "string" } },
		},
	});
});

test("an $id that is no component name is made one", async () => {
	const $id = "https://shop.example/user schema.json";
	const document = await describe(Type.String({ $id }));
	const name = "https_shop.example_user_schema.json";
	assert.deepEqual(bodyOf(document), toRef(name));
	assert.deepEqual(componentsOf(document), { [name]: { type: "string" } });
});

test("two schemas of one $id are two components, equal ones are one", async () => {
	const document = await describe(
		Type.String({ $id: "Name" }),
		Type.String({ $id: "Name" }),
		Type.Integer({ $id: "Name" }),
	);
	assert.deepEqual(
		[0, 1, 2].map((i) => bodyOf(document, i)),
		[toRef("Name"), toRef("Name"), toRef("Name_2")],
	);
	assert.deepEqual(componentsOf(document), {
		Name: { type: "string" },
		Name_2: { type: "integer" },
	});
});

test("Type.Cyclic becomes components that refer to one another", async () => {
	const parts = {
		Tree: Type.Object({
			leaf: Type.Ref("Leaf"),
			trees: Type.Array(Type.Ref("Tree")),
		}),
		Leaf: Type.Object({ of: Type.Ref("Tree") }),
	};
	const document = await describe(
		Type.Cyclic(parts, "Tree"),
		Type.Cyclic(parts, "Leaf"),
	);
	assert.deepEqual(bodyOf(document, 0), toRef("Tree"));
	assert.deepEqual(bodyOf(document, 1), toRef("Leaf"));
	assert.deepEqual(componentsOf(document), {
		Tree: {
			type: "object",
			required: ["leaf", "trees"],
			properties: {
				leaf: toRef("Leaf"),
				trees: { type: "array", items: toRef("Tree") },
			},
		},
		Leaf: {
			type: "object",
			required: ["of"],
			properties: { of: toRef("Tree") },
		},
	});
});

test("definitions of one name and other content stay apart", async () => {
	const holding = (type: string): Schema => ({
		$defs: { Part: { type } },
		items: { $ref: "#/$defs/Part" },
	});
	const document = await describe(holding("string"), holding("integer"));
	assert.deepEqual(bodyOf(document, 0), { items: toRef("Part") });
	assert.deepEqual(bodyOf(document, 1), { items: toRef("Part_2") });
});

test("a schema that refers to itself by # is a component", async () => {
	const list: Schema = {
		title: "List",
		type: "object",
		properties: { next: { $ref: "#" }, same: { $ref: "#/properties/next" } },
	};
	const document = await describe(list);
	assert.deepEqual(bodyOf(document), toRef("List"));
	assert.deepEqual(componentsOf(document), {
		List: {
			title: "List",
			type: "object",
			properties: {
				next: toRef("List"),
				same: { $ref: "#/components/schemas/List/properties/next" },
			},
		},
	});
});

test("# within a schema with an $id means that schema", async () => {
	const node = { $id: "Node", properties: { next: { $ref: "#" } } };
	const document = await describe({ items: node });
	assert.deepEqual(bodyOf(document), { items: toRef("Node") });
	assert.deepEqual(componentsOf(document), {
		Node: { properties: { next: toRef("Node") } },
	});
});

test("a reference that nothing answers leaves the document whole", async () => {
	const document = await describe({ items: { $ref: "Nowhere" } });
	assert.deepEqual(bodyOf(document), { items: toRef("Nowhere") });
	assert.deepEqual(componentsOf(document), { Nowhere: {} });
});

test("zod's recursive and named schemas are components", async () => {
	const Category = z.object({
		name: z.string(),
		get children() {
			return z.array(Category);
		},
	});
	const named = z.string().meta({ id: "Title" });
	const document = await describe(
		z.object({ category: Category, title: named }),
		Category,
	);
	assert.deepEqual(Object.keys(componentsOf(document)).sort(), [
		"Schema",
		"Title",
		"__schema0",
	]);
});

test("the gateway's own components give way to nothing and take nothing's place", async () => {
	const document = await documentOf([
		route.post("/0", {
			upstream: "http://127.0.0.1:1",
			body: Type.Object({ mine: Type.String() }, { $id: "ValidationProblem" }),
		}),
	]);
	const components = componentsOf(document);
	assert.deepEqual(bodyOf(document), toRef("ValidationProblem"));
	assert.ok("ValidationProblem_2" in components);
});
