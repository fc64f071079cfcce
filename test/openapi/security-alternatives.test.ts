import assert from "node:assert/strict";
import { test } from "node:test";
import { dependency, input } from "../../src/model/dependency.ts";
import { route } from "../../src/model/route.ts";
import type { Dependency, DocsContribution } from "../../src/model/types.ts";
import { documentOf, operationAt, operationOf } from "./document-of.ts";

const upstream = "http://127.0.0.1:1";
const key = { type: "apiKey", in: "header", name: "x-api-key" };
const queryKey = { type: "apiKey", in: "query", name: "key" };
const bearer = { type: "http", scheme: "bearer" };

function identity(
	security: DocsContribution["security"],
	needs = {},
): Dependency {
	return dependency(needs, () => null, {
		docs: security === undefined ? {} : { security },
	});
}

test("of several sets of security schemes the operation requires any one", async () => {
	const either = identity([{ key }, { queryKey }, { bearer, key }]);
	const { security } = await operationOf(
		route.get("/x", { upstream, dependencies: { either } }),
	);
	assert.deepEqual(security, [
		{ key: [] },
		{ queryKey: [] },
		{ bearer: [], key: [] },
	]);
});

test("several contributions combine to every way of meeting them all", async () => {
	const { security } = await operationOf(
		route.get("/x", {
			upstream,
			dependencies: {
				either: identity([{ key }, { queryKey }]),
				must: identity({ bearer }),
				maybe: identity([{}, { key }]),
				nothing: identity({}),
			},
		}),
	);
	assert.deepEqual(security, [
		{ key: [], bearer: [] },
		{ queryKey: [], bearer: [] },
		{ queryKey: [], bearer: [], key: [] },
	]);
});

test("the scopes that are asked stand at the operation and not in the scheme", async () => {
	const scoped = { ...bearer, requiredScopes: ["read", "write"] };
	const document = await documentOf([
		route.get("/scoped", {
			upstream,
			dependencies: { a: identity({ bearer: scoped }) },
		}),
		route.get("/plain", {
			upstream,
			dependencies: { a: identity({ bearer }) },
		}),
	]);
	assert.deepEqual(document.components?.securitySchemes, { bearer });
	const securityAt = (path: string): unknown =>
		operationAt(document, "GET", path).security;
	assert.deepEqual(securityAt("/scoped"), [{ bearer: ["read", "write"] }]);
	assert.deepEqual(securityAt("/plain"), [{ bearer: [] }]);
});

test("what any of the sets stands for is not a parameter as well", async () => {
	const either = identity([{ key }, { queryKey }], {
		a: input.header("X-Api-Key"),
		b: input.query("key"),
		c: input.cookie("key"),
	});
	const { parameters } = await operationOf(
		route.get("/x", { upstream, dependencies: { either } }),
	);
	assert.deepEqual(
		parameters?.map((p) => [p.in, p.name]),
		[["cookie", "key"]],
	);
});
