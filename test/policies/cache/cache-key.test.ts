import assert from "node:assert/strict";
import { test } from "node:test";
import {
	keyOf,
	mayBelong,
	toPurgeTarget,
	variantOf,
} from "../../../src/policies/cache/cache-key.ts";

const key = variantOf(keyOf("/a?x=1", "https://one", "ann"), "accept!");

for (const [request, expected] of [
	[{ url: "/a?x=1" }, true],
	[{ url: "https://ONE/a?x=1" }, true],
	[{ url: "https://two/a?x=1" }, false],
	[{ url: "https://on/a?x=1" }, false],
	[{ url: "http://one/a?x=1" }, false],
	[{ url: "/a" }, false],
	[{ url: "/a?x=" }, false],
	[{ url: "/a?x=10" }, false],
	[{ prefix: "/a" }, true],
	[{ prefix: "/a?x=1" }, true],
	[{ prefix: "/a?x=10" }, false],
	[{ prefix: "https://one/" }, true],
	[{ prefix: "https://two/" }, false],
	[{ tag: "any" }, true],
] as const) {
	test(`a purge of ${JSON.stringify(request)} ${expected ? "names" : "does not name"} a call for https://one/a?x=1`, () => {
		assert.equal(mayBelong(key, toPurgeTarget(request)), expected);
	});
}
