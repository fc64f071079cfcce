import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { dependency, input } from "../../src/model/dependency.ts";
import { route } from "../../src/model/route.ts";
import { documentOf, operationAt, operationOf } from "./document-of.ts";

const upstream = "http://127.0.0.1:1";
const problem = "application/problem+json";

test("the answer of success is documented with its status, schema and description", async () => {
	const operation = await operationOf(
		route.post("/users", {
			upstream,
			statusCode: 201,
			responseDescription: "The new user",
			response: Type.Object({ id: Type.Integer() }),
		}),
	);
	assert.deepEqual(operation.responses, {
		201: {
			description: "The new user",
			content: {
				"application/json": {
					schema: {
						type: "object",
						required: ["id"],
						properties: { id: { type: "integer" } },
					},
				},
			},
		},
	});
});

test("without a word about the answer it is a 200 with a description", async () => {
	const operation = await operationOf(route.get("/x", { upstream }));
	assert.deepEqual(operation.responses, { 200: { description: "OK" } });
});

test("a response map documents each status, and a 204 has no content", async () => {
	const operation = await operationOf(
		route.get("/x", {
			upstream,
			response: { 200: Type.String(), 204: Type.Null(), 404: Type.Integer() },
			responseDescription: "Found",
		}),
	);
	assert.deepEqual(operation.responses, {
		200: {
			description: "Found",
			content: { "application/json": { schema: { type: "string" } } },
		},
		204: { description: "No Content" },
		404: {
			description: "Not Found",
			content: { "application/json": { schema: { type: "integer" } } },
		},
	});
});

test("a response map without a success keeps the documented one", async () => {
	const operation = await operationOf(
		route.get("/x", { upstream, response: { 404: Type.Null() } }),
	);
	assert.deepEqual(Object.keys(operation.responses), ["200", "404"]);
});

test("what a selected answer leaves out is not documented", async () => {
	const response = Type.Object({
		a: Type.String(),
		b: Type.String(),
		c: Type.String(),
	});
	const shown = async (options: object): Promise<unknown> =>
		(
			await operationOf(
				route.get("/x", {
					upstream,
					response: { schema: response, mode: "select", ...options },
				}),
			)
		).responses["200"]?.content?.["application/json"]?.schema;
	const only = (...names: string[]): unknown => ({
		type: "object",
		required: names,
		properties: Object.fromEntries(names.map((n) => [n, { type: "string" }])),
	});
	assert.deepEqual(await shown({ include: ["a", "c"] }), only("a", "c"));
	assert.deepEqual(await shown({ exclude: ["a"] }), only("b", "c"));
	assert.deepEqual(await shown({}), only("a", "b", "c"));
});

test("more responses are merged in, their schemas turned and their descriptions filled in", async () => {
	const operation = await operationOf(
		route.get("/x", {
			upstream,
			response: Type.String(),
			responses: {
				200: { headers: { etag: { schema: Type.String() } } },
				409: {
					content: {
						"application/json": { schema: Type.Tuple([Type.String()]) },
					},
				},
			},
		}),
	);
	assert.deepEqual(operation.responses["200"], {
		description: "OK",
		content: { "application/json": { schema: { type: "string" } } },
		headers: { etag: { schema: { type: "string" } } },
	});
	assert.deepEqual(operation.responses["409"], {
		description: "Conflict",
		content: {
			"application/json": {
				schema: {
					type: "array",
					minItems: 1,
					prefixItems: [{ type: "string" }],
					items: false,
				},
			},
		},
	});
});

test("a 422 is documented where something is declared that can be wrong", async () => {
	const id = { id: Type.Integer() };
	const declaring = [
		route.get("/path/:id", { upstream, path: id }),
		route.get("/query", { upstream, query: id }),
		route.get("/headers", { upstream, headers: id }),
		route.get("/cookies", { upstream, cookies: id }),
		route.post("/body", { upstream, body: Type.String() }),
		route.post("/form", { upstream, form: id }),
		route.get("/needs", {
			upstream,
			dependencies: {
				page: dependency({ page: input.query("page") }, (v) => v),
			},
		}),
	];
	for (const one of declaring) {
		const { responses } = await operationOf(one);
		assert.deepEqual(responses["422"]?.content?.[problem]?.schema, {
			$ref: "#/components/schemas/ValidationProblem",
		});
	}
});

test("no 422 where nothing is declared or nothing is refused", async () => {
	const body = Type.String();
	const silent = [
		route.get("/users/:id", { upstream }),
		route.get("/drop", { upstream, query: "drop" }),
		route.get("/empty", { upstream, query: {} }),
		route.post("/shadow", { upstream, body, validation: "shadow" }),
		route.post("/off", { upstream, body, validation: "off" }),
	];
	for (const one of silent) {
		const { responses } = await operationOf(one);
		assert.deepEqual(Object.keys(responses), ["200"], one.path);
	}
});

test("with errorFormat 'fastapi' the 422 is FastAPI's own", async () => {
	const document = await documentOf(
		[route.get("/x", { upstream, query: { a: Type.String() } })],
		{ info: { errorFormat: "fastapi" } },
	);
	const { responses } = operationAt(document, "GET", "/x");
	assert.deepEqual(responses["422"], {
		description: "Validation Error",
		content: {
			"application/json": {
				schema: { $ref: "#/components/schemas/HTTPValidationError" },
			},
		},
	});
	const schemas = document.components?.schemas as Record<string, unknown>;
	assert.deepEqual(Object.keys(schemas).sort(), [
		"HTTPValidationError",
		"ValidationError",
	]);
});

test("what a policy says of 304 stands at GET and HEAD alone", async () => {
	const unmodified = {
		name: "unmodified",
		docs: { responses: { 304: { description: "Still good" } } },
		forRoute: () => null,
	};
	const policies = [unmodified];
	const read = await operationOf(route.get("/x", { upstream, policies }));
	assert.deepEqual(read.responses?.["304"], { description: "Still good" });
	const written = await operationOf(route.post("/x", { upstream, policies }));
	assert.equal(written.responses?.["304"], undefined);
});
