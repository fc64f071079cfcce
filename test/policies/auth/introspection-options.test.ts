import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createGateway, route } from "../../../src/index.ts";
import { introspection } from "../../../src/policies/auth/introspection.ts";
import { checkDocument, operationAt } from "../../openapi/document-of.ts";

test("the docs have it as a bearer token, with its scopes", async () => {
	const caller = introspection({
		url: "https://issuer.example/introspect",
		client: { id: "a", secret: "b" },
		scopes: ["read"],
	});
	const gateway = createGateway({
		routes: [route.get("/", { dependencies: { caller }, handler: () => 1 })],
	});
	await checkDocument(gateway.openapi());
	const operation = operationAt(gateway.openapi(), "GET", "/");
	assert.deepEqual(operation.security, [{ introspection: ["read"] }]);
	assert.deepEqual(gateway.openapi().components?.securitySchemes, {
		introspection: { type: "http", scheme: "bearer" },
	});
});

suite("options that can not be used fail at start-up:", () => {
	const good = { url: "https://a.example", client: { id: "a", secret: "b" } };
	const cases: readonly [string, object, RegExp][] = [
		["http beyond the loopback address", { url: "http://a.example" }, /https/],
		["no URL", { url: "introspect" }, /absolute/],
		["a password in the URL", { url: "https://a:b@a.example" }, /password/],
		["no secret", { client: { id: "a" } }, /id and secret/],
		[
			"more than five minutes",
			{ activeMs: 300_001 },
			/activeMs must be a whole number from 0 to 300000/,
		],
		["a time that is none", { inactiveMs: -1 }, /at least 0/],
		["a time that no timer can wait for", { timeoutMs: 2 ** 31 }, /timeoutMs/],
		["no time at all", { timeoutMs: 0 }, /timeoutMs/],
		["a misspelt option", { scope: ["admin"] }, /"scope"/],
		["a scope that is none", { scopes: ['a"b'] }, /scope/],
	];
	for (const [name, options, expected] of cases) {
		test(name, () => {
			assert.throws(() => introspection({ ...good, ...options }), expected);
		});
	}
});
