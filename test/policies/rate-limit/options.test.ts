import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { route } from "../../../src/index.ts";
import {
	type RateLimitOptions,
	rateLimit,
} from "../../../src/policies/rate-limit/rate-limit.ts";
import { problemsOf } from "../../helpers/start-up-problems.ts";

suite("it is an error at start-up to give", () => {
	const cases: readonly [string, object, RegExp][] = [
		["no window", { limit: 1 }, /limit "default": give one of windowMs and/],
		[
			"two windows",
			{ limit: 1, windowMs: 1, window: "day" },
			/give one of windowMs and window/,
		],
		[
			"a limit below 0",
			{ limit: -1, windowMs: 1 },
			/limit must be a whole number/,
		],
		["a part of a call", { limit: 1.5, windowMs: 1 }, /must be a whole number/],
		[
			"an unknown algorithm",
			{ limit: 1, windowMs: 1, algorithm: "leaky" },
			/algorithm must be 'gcra', /,
		],
		["no limits", { limits: [] }, /limits must not be empty/],
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
			/no option "limits\[0\]\.kye"/,
		],
		[
			"an unknown phase",
			{ limit: 1, windowMs: 1, phase: "x" },
			/phase must be/,
		],
		[
			"whom to count by the name of something else",
			{ limit: 1, windowMs: 1, by: "constructor" },
			/by must be 'address', /,
		],
		["a key that is none", { limit: 1, windowMs: 1, key: 5 }, /key must be/],
		["a cost below 0", { limit: 1, windowMs: 1, cost: -1 }, /cost must be/],
		[
			"a cost that no call could ever pay",
			{ limit: 5, windowMs: 1, cost: 6 },
			/a call costs 6, more than the limit "default" ever allows \(5\)/,
		],
		[
			"a cost above the burst",
			{ limit: 5, windowMs: 1, burst: 2, cost: 3 },
			/a call costs 3, more than .* allows \(2\)/,
		],
		[
			"overflow of calls at the same time",
			{ limit: 5, algorithm: "concurrency", overflow: { queueMs: 1, max: 1 } },
			/overflow is for limits over time/,
		],
		[
			"overflow of nothing",
			{ limit: 0, windowMs: 1, overflow: { queueMs: 1, max: 1 } },
			/overflow of a limit of 0/,
		],
		[
			"overflow without bounds",
			{ limit: 1, windowMs: 1, overflow: { queueMs: 5 } },
			/overflow\.max is required/,
		],
		[
			"overflow without end",
			{ limit: 1, windowMs: 1, overflow: { queueMs: Infinity, max: 1 } },
			/overflow\.queueMs must be a whole number from 1 to 3600000/,
		],
		[
			"a misspelt bound of overflow",
			{ limit: 1, windowMs: 1, overflow: { queueMs: 1, max: 1, min: 1 } },
			/no option "overflow\.min"/,
		],
		[
			"no overflow at all",
			{ limit: 1, windowMs: 1, overflow: null },
			/overflow must be an object, got null/,
		],
		[
			"room for nobody",
			{ limit: 1, windowMs: 1, maxWaiting: 0 },
			/maxWaiting must be a whole number of at least 1/,
		],
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

test("two routes cannot have one id, with counters of their own or without", () => {
	const routes = [
		route.get("/a", { handler: () => "well" }),
		route.get("/b", { operationId: "GET /a", handler: () => "well" }),
	];
	const problems = (more: object): readonly string[] =>
		problemsOf(routes, {
			policies: [rateLimit({ limit: 1, window: "hour", ...more })],
		});
	const taken = ["GET /b: the operationId GET /a is taken by GET /a"];
	assert.deepEqual(problems({ partition: "route" }), taken);
	assert.deepEqual(problems({}), taken);
});
