import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { dependency, input } from "../../src/model/dependency.ts";
import { route } from "../../src/model/route.ts";
import type {
	Dependency,
	DocsContribution,
	Policy,
} from "../../src/model/types.ts";
import { documentOf, operationAt, operationOf } from "./document-of.ts";

const upstream = "http://127.0.0.1:1";
const keyScheme = { type: "apiKey", in: "header", name: "X-Api-Key" };
const bearerScheme = { type: "http", scheme: "bearer" };

function identity(docs: DocsContribution, needs = {}): Dependency {
	return dependency(needs, () => null, { docs });
}

function policy(docs: DocsContribution): Policy {
	return { name: "test", forRoute: () => null, docs };
}

test("security schemes are gathered, and an operation requires all of its own", async () => {
	const key = identity({ security: { apiKey: keyScheme } });
	const token = dependency({ key }, () => null, {
		docs: { security: { jwt: bearerScheme } },
	});
	const document = await documentOf([
		route.get("/both", { upstream, dependencies: { token } }),
		route.get("/key", { upstream, dependencies: { key } }),
		route.get("/open", { upstream }),
	]);
	assert.deepEqual(document.components?.securitySchemes, {
		apiKey: keyScheme,
		jwt: bearerScheme,
	});
	const securityAt = (path: string): unknown =>
		operationAt(document, "GET", path).security;
	assert.deepEqual(securityAt("/both"), [{ apiKey: [], jwt: [] }]);
	assert.deepEqual(securityAt("/key"), [{ apiKey: [] }]);
	assert.equal(securityAt("/open"), undefined);
});

test("different schemes of one name are kept apart, equal ones are one", async () => {
	const other = { ...keyScheme, name: "x-other" };
	const document = await documentOf([
		route.get("/a", {
			upstream,
			dependencies: { key: identity({ security: { key: keyScheme } }) },
		}),
		route.get("/b", {
			upstream,
			dependencies: { key: identity({ security: { key: { ...keyScheme } } }) },
		}),
		route.get("/c", {
			upstream,
			dependencies: { key: identity({ security: { key: other } }) },
		}),
	]);
	assert.deepEqual(document.components?.securitySchemes, {
		key: keyScheme,
		key_2: other,
	});
	assert.deepEqual(operationAt(document, "GET", "/b").security, [{ key: [] }]);
	assert.deepEqual(operationAt(document, "GET", "/c").security, [
		{ key_2: [] },
	]);
});

test("what a security scheme stands for is not a parameter as well", async () => {
	const key = identity(
		{ security: { apiKey: keyScheme } },
		{ key: input.header("x-api-key"), other: input.header("x-other") },
	);
	const token = identity(
		{ security: { jwt: bearerScheme } },
		{ value: input.header("authorization") },
	);
	const { parameters } = await operationOf(
		route.get("/x", {
			upstream,
			query: { "x-api-key": Type.String() },
			dependencies: { key, token },
		}),
	);
	assert.deepEqual(
		parameters?.map((p) => [p.in, p.name]),
		[
			["query", "x-api-key"],
			["header", "x-other"],
		],
	);
});

test("an authorization header that no scheme stands for becomes one, for OpenAPI ignores such a parameter", async () => {
	const bare = dependency({ value: input.header("Authorization") }, (x) => x);
	const maybe = dependency(
		{ value: input.header("Authorization", Type.Optional(Type.String())) },
		(x) => x,
	);
	const document = await documentOf([
		route.get("/must", { upstream, dependencies: { bare } }),
		route.get("/may", { upstream, dependencies: { maybe } }),
	]);
	assert.deepEqual(document.components?.securitySchemes, {
		authorization: { type: "apiKey", in: "header", name: "Authorization" },
	});
	const must = operationAt(document, "GET", "/must");
	assert.equal(must.parameters, undefined);
	assert.deepEqual(must.security, [{ authorization: [] }]);
	assert.deepEqual(operationAt(document, "GET", "/may").security, [
		{},
		{ authorization: [] },
	]);
});

test("dependencies and policies add their refusals, the gateway's own included", async () => {
	const key = identity({ responses: { 401: { description: "No key" } } });
	const plan = policy({ responses: { 403: {}, 429: { description: "Slow" } } });
	const limit = policy({
		responses: {
			429: { headers: { "retry-after": { schema: Type.Integer() } } },
		},
	});
	const { responses } = await operationOf(
		route.get("/x", { upstream, dependencies: { key }, policies: [plan] }),
		{ policies: [limit] },
	);
	const content = {
		"application/problem+json": {
			schema: { $ref: "#/components/schemas/Problem" },
		},
	};
	assert.deepEqual(responses, {
		200: { description: "OK" },
		401: { description: "No key", content },
		403: { description: "Forbidden", content },
		429: {
			description: "Slow",
			content,
			headers: { "retry-after": { schema: { type: "integer" } } },
		},
	});
});

test("a refusal that says what it carries keeps it, and FastAPI's format has its own", async () => {
	const content = { "text/plain": { schema: { type: "string" } } };
	const docs = { responses: { 401: { content }, 403: {} } };
	const { responses } = await operationOf(
		route.get("/x", { upstream, policies: [policy(docs)] }),
		{ info: { errorFormat: "fastapi" } },
	);
	assert.deepEqual(responses["401"]?.content, content);
	assert.deepEqual(responses["403"]?.content, {
		"application/json": { schema: { $ref: "#/components/schemas/HTTPError" } },
	});
});

test("the gateway's own dependencies and policies stand in front of every route", async () => {
	const key = identity({ security: { apiKey: keyScheme } });
	const limit = policy({ responses: { 429: {} } });
	const operation = await operationOf(route.get("/x", { upstream }), {
		dependencies: { key },
		policies: [limit],
	});
	assert.deepEqual(operation.security, [{ apiKey: [] }]);
	assert.ok(operation.responses["429"]);
});
