import assert from "node:assert/strict";
import { test } from "node:test";
import { route } from "../../src/model/route.ts";
import { toPathTemplates } from "../../src/openapi/paths.ts";
import { documentOf, operationAt } from "./document-of.ts";

const upstream = "http://127.0.0.1:1";

test("find-my-way paths become OpenAPI templates", () => {
	const templates: readonly (readonly [string, ...string[]])[] = [
		["/", "/"],
		["*", "/{path}"],
		["/users/:id", "/users/{id}"],
		["/users/:id/", "/users/{id}/"],
		["/users/:id(^\\d+$)", "/users/{id}"],
		["/users/:id((?:a|b)\\))/x", "/users/{id}/x"],
		["/at/:hour(^\\d{2})h:minute(^\\d{2})m", "/at/{hour}h{minute}m"],
		["/near/:lat-:lng", "/near/{lat}-{lng}"],
		["/files/:name.png", "/files/{name}.png"],
		["/files/*", "/files/{path}"],
		["/files/:path/*", "/files/{path}/{wildcard}"],
		["/v1::cancel", "/v1:cancel"],
		["/a{b}", "/a%7Bb%7D"],
		["/users/:id?", "/users", "/users/{id}"],
		["/:id?", "/", "/{id}"],
		["/users/:id?/", "/users/", "/users/{id}/"],
	];
	for (const [path, ...expected] of templates) {
		const found = toPathTemplates(path).map(({ template }) => template);
		assert.deepEqual(found, expected, path);
	}
});

test("an expression in the path is the pattern of a parameter without a schema", async () => {
	const document = await documentOf([
		route.get("/a/:id(^\\d+$)", { upstream }),
		route.get("/b/:size(s|m)", { upstream }),
	]);
	const schemaAt = (path: string): unknown =>
		operationAt(document, "GET", path).parameters?.[0]?.schema;
	assert.deepEqual(schemaAt("/a/{id}"), { type: "string", pattern: "^\\d+$" });
	assert.deepEqual(schemaAt("/b/{size}"), {
		type: "string",
		pattern: "^(?:s|m)$",
	});
});

test("an optional parameter gives two paths, and it is required in the longer one", async () => {
	const document = await documentOf([route.get("/users/:id?", { upstream })]);
	assert.equal(operationAt(document, "GET", "/users").parameters, undefined);
	assert.deepEqual(operationAt(document, "GET", "/users/{id}").parameters, [
		{ name: "id", in: "path", required: true, schema: { type: "string" } },
	]);
});

test("paths that differ in the names of their parameters alone share the first one's", async () => {
	const document = await documentOf([
		route.get("/users/:id", { upstream }),
		route.delete("/users/:name", {
			upstream,
			path: { name: { type: "integer" } },
		}),
	]);
	assert.deepEqual(Object.keys(document.paths), ["/users/{id}"]);
	assert.deepEqual(operationAt(document, "DELETE", "/users/{id}").parameters, [
		{ name: "id", in: "path", required: true, schema: { type: "integer" } },
	]);
});

test("of two routes that OpenAPI can not tell apart the first one is shown", async () => {
	const document = await documentOf([
		route.get("/files/:id", { upstream, summary: "one" }),
		route.get("/files/*", { upstream, summary: "all" }),
	]);
	assert.deepEqual(Object.keys(document.paths), ["/files/{id}"]);
	assert.equal(operationAt(document, "GET", "/files/{id}").summary, "one");
});
