import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import * as v from "valibot";
import { z } from "zod";
import { dependency, input } from "../../src/model/dependency.ts";
import { route } from "../../src/model/route.ts";
import { type FormShape, file } from "../../src/params/form/form.ts";
import { operationOf } from "./document-of.ts";

const upstream = "http://127.0.0.1:1";

test("path, query, header and cookie parameters carry their schemas", async () => {
	const { parameters } = await operationOf(
		route.get("/users/:id", {
			upstream,
			path: { id: Type.Integer({ minimum: 1 }) },
			query: { verbose: Type.Optional(Type.Boolean()) },
			headers: { "x-tenant": Type.String({ description: "Who" }) },
			cookies: { session: Type.String({ default: "" }) },
		}),
	);
	assert.deepEqual(parameters, [
		{
			name: "id",
			in: "path",
			required: true,
			schema: { type: "integer", minimum: 1 },
		},
		{
			name: "verbose",
			in: "query",
			required: false,
			schema: { type: "boolean" },
		},
		{
			name: "x-tenant",
			in: "header",
			required: true,
			description: "Who",
			schema: { type: "string", description: "Who" },
		},
		{
			name: "session",
			in: "cookie",
			required: false,
			schema: { type: "string", default: "" },
		},
	]);
});

test("a path parameter is required whatever its schema says", async () => {
	const { parameters } = await operationOf(
		route.get("/users/:id", {
			upstream,
			path: { id: Type.Optional(Type.String()) },
		}),
	);
	assert.equal(parameters?.[0]?.required, true);
});

test("a deprecated schema makes a deprecated parameter", async () => {
	const { parameters } = await operationOf(
		route.get("/x", {
			upstream,
			query: { old: Type.String({ deprecated: true }) },
		}),
	);
	assert.equal(parameters?.[0]?.deprecated, true);
});

test("style csv is one value with commas: not exploded", async () => {
	const ids = Type.Array(Type.Integer(), { style: "csv" });
	const { parameters } = await operationOf(
		route.get("/x/:ids", {
			upstream,
			path: { ids },
			query: { ids, more: Type.Array(Type.String()) },
			headers: { ids },
		}),
	);
	const schema = { type: "array", items: { type: "integer" } };
	const csv = { required: true, explode: false, schema };
	assert.deepEqual(parameters, [
		{ name: "ids", in: "path", style: "simple", ...csv },
		{ name: "ids", in: "query", style: "form", ...csv },
		{
			name: "more",
			in: "query",
			required: true,
			schema: { type: "array", items: { type: "string" } },
		},
		{ name: "ids", in: "header", style: "simple", ...csv },
	]);
});

test("Standard Schemas are described where they tell, and empty where they do not", async () => {
	const { parameters } = await operationOf(
		route.get("/x", {
			upstream,
			query: {
				told: z.number().min(1),
				optional: z.string().optional(),
				silent: v.string(),
				maybe: v.optional(v.string()),
			},
		}),
	);
	assert.deepEqual(parameters, [
		{
			name: "told",
			in: "query",
			required: true,
			schema: { type: "number", minimum: 1 },
		},
		{
			name: "optional",
			in: "query",
			required: false,
			schema: { type: "string" },
		},
		{ name: "silent", in: "query", required: true, schema: {} },
		{ name: "maybe", in: "query", required: false, schema: {} },
	]);
});

test("inputs of dependencies, and of what those need, are parameters of the route, each once", async () => {
	const page = input.query("page", Type.Integer({ default: 1 }));
	const tenant = dependency({ id: input.header("x-tenant"), page }, (x) => x);
	const paging = dependency({ tenant, page }, (x) => x);
	const again = dependency(
		{ tenant, header: input.header("X-Tenant"), theme: input.cookie("theme") },
		(x) => x,
	);
	const { parameters } = await operationOf(
		route.get("/x", { upstream, dependencies: { paging, again } }),
		{ dependencies: { tenant } },
	);
	assert.deepEqual(
		parameters?.map((p) => [p.in, p.name, p.required]),
		[
			["header", "x-tenant", true],
			["query", "page", false],
			["cookie", "theme", true],
		],
	);
});

test("where a route and a dependency declare one name, the route's schema is shown", async () => {
	const caller = dependency(
		{ id: input.path("id"), page: input.query("page") },
		(x) => x,
	);
	const { parameters } = await operationOf(
		route.get("/users/:id/:other", {
			upstream,
			path: { id: Type.Integer() },
			query: { page: Type.Integer() },
			dependencies: { caller },
		}),
	);
	assert.deepEqual(
		parameters?.map(({ name, schema }) => [name, schema]),
		[
			["id", { type: "integer" }],
			["other", { type: "string" }],
			["page", { type: "integer" }],
		],
	);
});

test("a dependency's path input describes the parameter that the route leaves open", async () => {
	const user = dependency({ id: input.path("id", Type.Integer()) }, (x) => x);
	const { parameters } = await operationOf(
		route.get("/users/:id", { upstream, dependencies: { user } }),
	);
	assert.deepEqual(parameters?.[0]?.schema, { type: "integer" });
});

test("a declared body is JSON, required unless its schema is optional", async () => {
	const schema = { type: "object", properties: {} };
	const required = await operationOf(
		route.post("/x", { upstream, body: Type.Object({}) }),
	);
	assert.deepEqual(required.requestBody, {
		required: true,
		content: { "application/json": { schema } },
	});
	const optional = await operationOf(
		route.post("/x", { upstream, body: Type.Optional(Type.Object({})) }),
	);
	assert.equal(optional.requestBody?.required, false);
});

test("a form without files is urlencoded or multipart", async () => {
	const { requestBody } = await operationOf(
		route.post("/x", {
			upstream,
			form: { name: Type.String(), age: Type.Optional(Type.Integer()) },
		}),
	);
	const schema = {
		type: "object",
		required: ["name"],
		properties: { name: { type: "string" }, age: { type: "integer" } },
	};
	assert.deepEqual(requestBody, {
		required: true,
		content: {
			"application/x-www-form-urlencoded": { schema },
			"multipart/form-data": { schema },
		},
	});
});

test("files make a form multipart, with their content types", async () => {
	const { requestBody } = await operationOf(
		route.post("/x", {
			upstream,
			form: {
				caption: Type.Optional(Type.String()),
				image: file({
					contentTypes: ["image/png", "image/*"],
					description: "A",
				}),
				more: file({ optional: true, multiple: true }),
			},
		}),
	);
	const binary = { type: "string", format: "binary" };
	assert.deepEqual(requestBody, {
		required: true,
		content: {
			"multipart/form-data": {
				schema: {
					type: "object",
					required: ["image"],
					properties: {
						caption: { type: "string" },
						image: { ...binary, description: "A" },
						more: { type: "array", items: binary },
					},
				},
				encoding: { image: { contentType: "image/png, image/*" } },
			},
		},
	});
});

test("form inputs of dependencies join the route's form, or make one", async () => {
	const login = dependency(
		{
			username: input.form("username"),
			scope: input.form("scope", Type.String({ default: "" })),
		},
		(x) => x,
	);
	const fieldsOf = async (form: FormShape): Promise<unknown> => {
		const { requestBody } = await operationOf(
			route.post("/x", { upstream, dependencies: { login }, form }),
		);
		assert.equal(requestBody?.required, true);
		return requestBody.content["application/x-www-form-urlencoded"]?.schema;
	};
	const username = { type: "string" };
	const scope = { type: "string", default: "" };
	assert.deepEqual(await fieldsOf({}), {
		type: "object",
		required: ["username"],
		properties: { username, scope },
	});
	assert.deepEqual(await fieldsOf({ age: Type.Integer() }), {
		type: "object",
		required: ["username", "age"],
		properties: { username, scope, age: { type: "integer" } },
	});
});

test("a form of optional fields alone is optional", async () => {
	const { requestBody } = await operationOf(
		route.post("/x", { upstream, form: { a: Type.Optional(Type.String()) } }),
	);
	assert.equal(requestBody?.required, false);
});
