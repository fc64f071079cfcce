import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	type RateLimitOptions,
	rateLimit,
} from "../../../src/policies/rate-limit/rate-limit.ts";

suite("it is an error at start-up to give", () => {
	const cases: readonly [string, object, RegExp][] = [
		["no window", { limit: 1 }, /limit "default": give one of windowMs and/],
		[
			"two windows",
			{ limit: 1, windowMs: 1, window: "day" },
			/give one of windowMs and window/,
		],
		["a limit below 0", { limit: -1, windowMs: 1 }, /limit must be an integer/],
		["a part of a call", { limit: 1.5, windowMs: 1 }, /must be an integer/],
		[
			"an unknown algorithm",
			{ limit: 1, windowMs: 1, algorithm: "leaky" },
			/algorithm must be one of gcra/,
		],
		["no limits", { limits: [] }, /limits is empty/],
		[
			"two limits of one name",
			{
				limits: [
					{ limit: 1, windowMs: 1 },
					{ limit: 2, windowMs: 1 },
				],
			},
			/two limits have the same name/,
		],
		[
			"by and key",
			{ limit: 1, windowMs: 1, by: "user", key: () => "" },
			/give one of by and key/,
		],
		[
			"a misspelt option",
			{ limit: 1, windowMs: 1, burts: 1 },
			/no option "burts"/,
		],
		[
			"a misspelt option of one of several",
			{ limits: [{ limit: 1, windowMs: 1, kye: "" }] },
			/no option "kye"/,
		],
		[
			"an unknown phase",
			{ limit: 1, windowMs: 1, phase: "x" },
			/phase must be/,
		],
		[
			"whom to count by the name of something else",
			{ limit: 1, windowMs: 1, by: "constructor" },
			/by must be one of address/,
		],
		["a key that is none", { limit: 1, windowMs: 1, key: 5 }, /key must be/],
		["a cost below 0", { limit: 1, windowMs: 1, cost: -1 }, /cost must be/],
		[
			"a bad name",
			{ limits: [{ name: "a b", limit: 1, windowMs: 1 }] },
			/name must be 1 to 64 letters/,
		],
	];
	for (const [name, options, message] of cases) {
		test(name, () =>
			assert.throws(() => rateLimit(options as RateLimitOptions), message),
		);
	}
});
