import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	invalidatedBy,
	isUnsafe,
} from "../../../src/policies/cache/http/invalidation.ts";

const target = "http://api.test/users/7?full=1";

suite("invalidation, RFC 9111 section 4.4", () => {
	test("every method drops the target that is not known to be safe", () => {
		for (const method of [
			"POST",
			"PUT",
			"PATCH",
			"DELETE",
			"FOO",
			"get",
			"Get",
			"MKCOL",
		]) {
			assert.equal(isUnsafe(method), true, method);
			assert.deepEqual(invalidatedBy(method, target, 200, []), [target]);
		}
	});

	test("a safe one drops nothing (RFC 9110 section 9.2.1)", () => {
		for (const method of ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"]) {
			assert.deepEqual(
				invalidatedBy(method, target, 200, ["location", "/a"]),
				[],
			);
		}
	});

	test("2xx and 3xx drop, errors and interim answers don't", () => {
		const dropping = [
			100, 199, 200, 201, 204, 299, 301, 303, 304, 399, 400, 404, 412, 500, 503,
		].filter((status) => invalidatedBy("PUT", target, status, []).length > 0);
		assert.deepEqual(dropping, [200, 201, 204, 299, 301, 303, 304, 399]);
	});

	const cases: readonly [string, readonly string[], readonly string[]][] = [
		[
			"Location and Content-Location",
			["Location", "/users/8", "Content-Location", "/users/9"],
			["http://api.test/users/8", "http://api.test/users/9"],
		],
		["relative to the target", ["location", "8"], ["http://api.test/users/8"]],
		["a query alone", ["location", "?a=1"], ["http://api.test/users/7?a=1"]],
		[
			"absolute, of the same origin",
			["location", "http://api.test/a"],
			["http://api.test/a"],
		],
		[
			"the same origin in another spelling",
			["location", "HTTP://API.test:80/a"],
			["http://api.test/a"],
		],
		["without its fragment", ["location", "/a#b"], ["http://api.test/a"]],
		["with dots taken out", ["location", "/x/../a"], ["http://api.test/a"]],
		["another host is not dropped", ["location", "http://evil.test/a"], []],
		[
			"a host named without a scheme is not dropped",
			["location", "//evil.test/a"],
			[],
		],
		["backslashes do not hide a host", ["location", "\\\\evil.test/a"], []],
		["another port is not dropped", ["location", "http://api.test:81/a"], []],
		["another scheme is not dropped", ["location", "https://api.test/a"], []],
		[
			"a user before the host is still the other host",
			["location", "http://api.test@evil.test/a"],
			[],
		],
		[
			"what is no URI is left out",
			["location", "http://[", "content-location", "/ok"],
			["http://api.test/ok"],
		],
		[
			"a URI without an origin is left out",
			["location", "data:,x", "content-location", "about:blank"],
			[],
		],
		[
			"each once",
			["location", "/a", "content-location", "/a", "Location", target],
			["http://api.test/a"],
		],
	];
	for (const [name, headers, others] of cases) {
		test(name, () => {
			assert.deepEqual(invalidatedBy("POST", target, 201, headers), [
				target,
				...others,
			]);
		});
	}

	test("the target comes back as it was given, be it no URL", () => {
		assert.deepEqual(invalidatedBy("PUT", "http://api.test/a/../b", 200, []), [
			"http://api.test/a/../b",
		]);
		assert.deepEqual(invalidatedBy("PUT", "/a", 200, ["location", "/b"]), [
			"/a",
		]);
	});
});
