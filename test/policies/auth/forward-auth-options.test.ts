import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createGateway, route } from "../../../src/index.ts";
import { anyOf } from "../../../src/policies/auth/any-of.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { forwardAuth } from "../../../src/policies/auth/forward-auth.ts";
import { checkDocument, operationAt } from "../../openapi/document-of.ts";

test("the docs have the scheme that is given, and do not say that none is needed", async () => {
	const url = "http://auth:9000/check";
	const key = apiKey({ keys: [{ key: "k" }] });
	const session = { type: "apiKey", in: "cookie", name: "session" };
	const handler = (): number => 1;
	const gateway = createGateway({
		routes: [
			route.get("/unsaid", {
				dependencies: { caller: anyOf(key, forwardAuth({ url })) },
				handler,
			}),
			route.get("/said", {
				dependencies: { caller: forwardAuth({ url, security: { session } }) },
				handler,
			}),
		],
	});
	await checkDocument(gateway.openapi());
	const unsaid = operationAt(gateway.openapi(), "GET", "/unsaid");
	assert.deepEqual(unsaid.security, [{ apiKey: [] }]);
	const said = operationAt(gateway.openapi(), "GET", "/said");
	assert.deepEqual(said.security, [{ session: [] }]);
	assert.ok("401" in said.responses);
});

suite("options that can not be used fail at start-up:", () => {
	const cases: readonly [string, object, RegExp][] = [
		["no URL", { url: "auth" }, /absolute/],
		["another scheme", { url: "ftp://auth" }, /https/],
		[
			"a header of the connection",
			{ upstreamHeaders: ["Connection"] },
			/"Connection"/,
		],
		["what asks for a 100", { requestHeaders: ["Expect"] }, /"Expect"/],
		["the host", { requestHeaders: ["host"] }, /"host"/],
		["what is no name", { replyHeaders: ["a b"] }, /"a b"/],
		["an id that nobody gets", { idHeader: "x-user" }, /idHeader/],
		["no time at all", { timeoutMs: 0 }, /timeoutMs/],
		[
			"a time that no timer can wait for",
			{ timeoutMs: Number.POSITIVE_INFINITY },
			/timeoutMs/,
		],
		["a misspelt option", { upstreamHeader: ["x-user"] }, /"upstreamHeader"/],
		["a time that is none", { cacheMs: -1 }, /cacheMs/],
	];
	for (const [name, options, expected] of cases) {
		test(name, () => {
			const all = { url: "http://auth:9000/", ...options };
			assert.throws(() => forwardAuth(all), expected);
		});
	}
});
