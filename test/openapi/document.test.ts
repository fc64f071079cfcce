import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { route } from "../../src/model/route.ts";
import { documentOf, operationAt, operationOf } from "./document-of.ts";

const upstream = "http://127.0.0.1:1";

test("a gateway without routes has a valid, empty document", async () => {
	assert.deepEqual(await documentOf([]), {
		openapi: "3.1.0",
		info: { title: "Test", version: "1.0.0" },
		paths: {},
	});
});

test("title, version, description and servers are the gateway's", async () => {
	const info = {
		title: "Shop",
		version: "2.1.0",
		description: "All of it",
		servers: [{ url: "https://shop.example" }],
	};
	const document = await documentOf([], { info });
	assert.deepEqual(document.info, {
		title: "Shop",
		version: "2.1.0",
		description: "All of it",
	});
	assert.deepEqual(document.servers, info.servers);
});

test("each method of a route is an operation; HEAD and OPTIONS only where they are declared", async () => {
	const document = await documentOf([
		route(["GET", "POST"], "/both", { upstream }),
		route.head("/head", { upstream, response: Type.String() }),
		route.options("/options", { upstream }),
	]);
	assert.deepEqual(
		Object.entries(document.paths).map(([p, item]) => [p, Object.keys(item)]),
		[
			["/both", ["get", "post"]],
			["/head", ["head"]],
			["/options", ["options"]],
		],
	);
	const head = operationAt(document, "HEAD", "/head");
	assert.equal(head.responses["200"]?.content, undefined);
});

test("a method that OpenAPI has no word for is left out", async () => {
	const document = await documentOf([
		route(["PROPFIND", "GET"], "/dav", { upstream }),
		route("QUERY", "/query", { upstream }),
	]);
	assert.deepEqual(Object.keys(document.paths), ["/dav"]);
	assert.deepEqual(Object.keys(document.paths["/dav"] ?? {}), ["get"]);
});

test("a route for every method shows the common ones and gives way to a route for one", async () => {
	const document = await documentOf([
		route.all("/legacy", { upstream, summary: "all" }),
		route.post("/legacy", { upstream, summary: "post" }),
	]);
	assert.deepEqual(Object.keys(document.paths["/legacy"] ?? {}).sort(), [
		"delete",
		"get",
		"patch",
		"post",
		"put",
	]);
	assert.equal(operationAt(document, "POST", "/legacy").summary, "post");
	assert.equal(operationAt(document, "GET", "/legacy").summary, "all");
});

test("includeInDocs: false hides a route", async () => {
	const document = await documentOf([
		route.get("/seen", { upstream }),
		route.get("/hidden", {
			upstream,
			includeInDocs: false,
			body: Type.Object({}, { $id: "Hidden" }),
		}),
	]);
	assert.deepEqual(Object.keys(document.paths), ["/seen"]);
	assert.equal(document.components, undefined);
});

test("summary, description and deprecated are the route's; tags add up from its builders", async () => {
	const api = route.with({ prefix: "/api", tags: ["Api"], upstream });
	const document = await documentOf([
		api.get("/users", {
			tags: ["Users", "Api"],
			summary: "All users",
			description: "In **no** order",
			deprecated: true,
		}),
		api.get("/plain", {}),
	]);
	const users = operationAt(document, "GET", "/api/users");
	assert.deepEqual(users.tags, ["Api", "Users"]);
	assert.equal(users.summary, "All users");
	assert.equal(users.description, "In **no** order");
	assert.equal(users.deprecated, true);
	assert.equal(
		"deprecated" in operationAt(document, "GET", "/api/plain"),
		false,
	);
	assert.deepEqual(document.tags, [{ name: "Api" }, { name: "Users" }]);
});

test("an operation id is the method and the path as words, or what the route declares", async () => {
	const document = await documentOf([
		route.get("/", { upstream }),
		route.get("/users/:id", { upstream }),
		route.get("/users/:id/avatar.png", { upstream }),
		route.get("/files/*", { upstream }),
		route.delete("/users/:id", { upstream, operationId: "removeUser" }),
		route(["PUT", "PATCH"], "/users/:id", {
			upstream,
			operationId: "saveUser",
		}),
	]);
	const ids = [
		["GET", "/", "getRoot"],
		["GET", "/users/{id}", "getUsersById"],
		["GET", "/users/{id}/avatar.png", "getUsersByIdAvatarPng"],
		["GET", "/files/{path}", "getFilesByPath"],
		["DELETE", "/users/{id}", "removeUser"],
		["PUT", "/users/{id}", "saveUser"],
		["PATCH", "/users/{id}", "saveUser_patch"],
	] as const;
	for (const [method, path, id] of ids) {
		assert.equal(operationAt(document, method, path).operationId, id);
	}
});

test("made operation ids that come out equal are numbered and never take a declared one", async () => {
	const document = await documentOf([
		route.get("/a-b", { upstream }),
		route.get("/a_b", { upstream }),
		route.get("/c", { upstream }),
		route.get("/d", { upstream, operationId: "getC" }),
	]);
	assert.equal(operationAt(document, "GET", "/a-b").operationId, "getAB");
	assert.equal(operationAt(document, "GET", "/a_b").operationId, "getAB_2");
	assert.equal(operationAt(document, "GET", "/c").operationId, "getC_2");
	assert.equal(operationAt(document, "GET", "/d").operationId, "getC");
});

test("openapi is merged last: objects deep, lists replaced, parameters by name", async () => {
	const operation = await operationOf(
		route.get("/x", {
			upstream,
			tags: ["a"],
			query: { limit: Type.Integer(), page: Type.Integer() },
			responseDescription: "first",
			openapi: {
				tags: ["b"],
				"x-cost": 3,
				parameters: [
					{ in: "query", name: "limit", example: 10 },
					{ in: "header", name: "x-more", schema: Type.String() },
				],
				responses: { 200: { description: "last" } },
			},
		}),
	);
	assert.deepEqual(operation.tags, ["b"]);
	assert.equal(operation["x-cost"], 3);
	assert.equal(operation.responses["200"]?.description, "last");
	assert.ok(operation.responses["422"]);
	assert.deepEqual(operation.parameters, [
		{
			name: "limit",
			in: "query",
			required: true,
			schema: { type: "integer" },
			example: 10,
		},
		{ name: "page", in: "query", required: true, schema: { type: "integer" } },
		{ name: "x-more", in: "header", schema: { type: "string" } },
	]);
});

test("the same routes give the same document, byte for byte", async () => {
	const make = () => [
		route.get("/a/:id?", { upstream, response: Type.Object({}, { $id: "A" }) }),
		route.all("/b/*", { upstream }),
	];
	assert.equal(
		JSON.stringify(await documentOf(make())),
		JSON.stringify(await documentOf(make())),
	);
});
