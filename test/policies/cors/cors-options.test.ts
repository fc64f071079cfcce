import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type CorsOptions, cors } from "../../../src/policies/cors/cors.ts";

const page = "https://app.example";

suite("options that can not be meant fail at start-up:", () => {
	const cases: readonly [string, CorsOptions, RegExp][] = [
		[
			"all with credentials",
			{ origins: "*", credentials: true },
			/origins .*credentials/,
		],
		["a list with all", { origins: ["*", page] }, /alone/],
		["no origin", { origins: [] }, /empty/],
		[
			"a path",
			{ origins: `${page}/` },
			/browser sends "https:\/\/app.example"/,
		],
		["a port that is the default", { origins: `${page}:443` }, /browser sends/],
		["capitals", { origins: "https://App.example" }, /browser sends/],
		["a bare name", { origins: "app.example" }, /no origin/],
		[
			"a wildcard in a name",
			{ origins: "https://*.app.example" },
			/has a wildcard; write an expression/,
		],
		[
			"null with credentials",
			{ origins: ["null"], credentials: true },
			/"null"/,
		],
		[
			"any header with credentials",
			{ origins: page, credentials: true, headers: ["*"] },
			/headers/,
		],
		[
			"any method with credentials",
			{ origins: page, credentials: true, methods: ["*"] },
			/methods/,
		],
		[
			"any exposed with credentials",
			{ origins: page, credentials: true, exposedHeaders: ["*"] },
			/exposedHeaders/,
		],
		[
			"a header that is none",
			{ origins: page, headers: ["x y"] },
			/headers\[0\] must be .*"x y"/,
		],
		[
			"a method that is none",
			{ origins: page, methods: ["GET,PUT"] },
			/methods/,
		],
		[
			"an age that is none",
			{ origins: page, maxAgeSeconds: -1 },
			/maxAgeSeconds/,
		],
	];
	for (const [name, options, expected] of cases) {
		test(name, () => assert.throws(() => cors(options), expected));
	}
});
