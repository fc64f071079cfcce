import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	dependency,
	file,
	type Policy,
	route,
	upstream,
} from "../../src/index.ts";
import { apiKey } from "../../src/policies/auth/api-key.ts";
import { basic } from "../../src/policies/auth/basic.ts";
import { forwardAuth } from "../../src/policies/auth/forward-auth.ts";
import { introspection } from "../../src/policies/auth/introspection.ts";
import { jwt } from "../../src/policies/auth/jwt.ts";
import { createKey } from "../../src/policies/auth/keys.ts";
import { passwordForm } from "../../src/policies/auth/password-form.ts";
import { cache } from "../../src/policies/cache/cache.ts";
import { cors } from "../../src/policies/cors/cors.ts";
import { ipFilter } from "../../src/policies/ip-filter/ip-filter.ts";
import { accessLog } from "../../src/policies/observability/log/access-log.ts";
import { metrics } from "../../src/policies/observability/metrics/metrics.ts";
import { requestId } from "../../src/policies/observability/request-id.ts";
import { status } from "../../src/policies/observability/status/status.ts";
import { tracing } from "../../src/policies/observability/tracing/tracing.ts";
import { plans } from "../../src/policies/plans/plans.ts";
import { rateLimit } from "../../src/policies/rate-limit/rate-limit.ts";

type Make = (options: never) => unknown;

const url = "http://127.0.0.1:1";
const handler = (): null => null;
const routes = [route.get("/", { handler })];
const logger = { error() {}, warn() {}, info() {} };
const limit = { limit: 1, window: "hour" };

/** What takes options, and options that will do. */
const makers: readonly (readonly [string, Make, object])[] = [
	["createGateway", (more: object) => createGateway({ routes, ...more }), {}],
	[
		"route",
		(more: object) =>
			createGateway({ routes: [route.get("/:a", more as never)] }),
		{ handler },
	],
	[
		"route to an upstream",
		(more: object) =>
			createGateway({ routes: [route.post("/:a", more as never)] }),
		{ upstream: url },
	],
	[
		"route.with",
		(more: object) =>
			createGateway({ routes: [route.with(more).get("/", { handler })] }),
		{},
	],
	[
		"upstream",
		(more: object) =>
			createGateway({
				routes: [route.get("/", { upstream: upstream(url, more) })],
			}),
		{},
	],
	["file", file as Make, {}],
	["dependency", (more: object) => dependency(handler, more), {}],
	["apiKey", apiKey as Make, { lookup: handler }],
	["basic", basic as Make, { verify: handler }],
	["forwardAuth", forwardAuth as Make, { url }],
	["introspection", introspection as Make, { url, client: { token: "a" } }],
	[
		"jwt",
		jwt as Make,
		{
			issuer: "a",
			audience: "b",
			algorithms: ["HS256"],
			secret: "x".repeat(32),
		},
	],
	["createKey", createKey as Make, {}],
	["passwordForm", passwordForm as Make, {}],
	["accessLog", accessLog as Make, { logger }],
	["cache", cache as Make, {}],
	["cors", cors as Make, { origins: "*" }],
	["ipFilter", ipFilter as Make, { allow: ["::1"] }],
	["metrics", metrics as Make, {}],
	["requestId", requestId as Make, {}],
	["status", status as Make, { dependencies: {} }],
	["tracing", tracing as Make, {}],
	["rateLimit", rateLimit as Make, limit],
	["rateLimit of several", rateLimit as Make, { limits: [limit] }],
	["plans", plans as Make, { plans: { a: {} }, consumer: handler }],
];

const values: readonly unknown[] = [
	null,
	0,
	-1,
	1.5,
	Number.NaN,
	Number.POSITIVE_INFINITY,
	5000,
	10n,
	"",
	"x",
	"*",
	true,
	false,
	[],
	[null],
	[5],
	["x"],
	[{}],
	{},
	{ a: null },
	{ a: 5 },
	{ a: {} },
	{ limits: [{}] },
	() => 1,
	Symbol("s"),
	Promise.resolve(1),
	new Map([[1, 2]]),
	new Date(Number.NaN),
	Buffer.from("x"),
];

/** What an engine says of a value that nobody looked at. */
const raw =
	/Cannot (?:read|convert|destructure|set|mix|use|create)|is not (?:a function|iterable|a constructor|defined|an? \w+ object)|reading '|undefined is|Invalid (?:left|value)|The ".*" argument|circular|Maximum call stack|Symbol value/;

function sayOf(make: Make, options: object): string | null {
	let made: unknown;
	try {
		made = make(options as never);
		// A policy looks at the rest of its options for its first route.
		const policy = made as Policy | null;
		if (typeof policy?.forRoute === "function") {
			createGateway({
				docs: false,
				logger,
				routes,
				policies: [policy],
			}).close();
		}
		return null;
	} catch (error) {
		return error instanceof Error ? error.message : `threw ${String(error)}`;
	} finally {
		void (made as { close?: () => unknown } | null)?.close?.();
	}
}

suite("no value of any option ends in an error of the engine's own:", () => {
	for (const [name, make, right] of makers) {
		test(name, () => {
			assert.equal(sayOf(make, right), null);
			const unknown = sayOf(make, { ...right, xyzzyqqqq: 1 });
			assert.match(String(unknown), /there is no option "xyzzyqqqq"/);
			const [, names = ""] =
				/known are ([\w, $-]+)/.exec(String(unknown)) ?? [];
			const known = names.split(", ");
			assert.ok(known.length > 0 && known[0] !== "");
			for (const option of known) {
				for (const value of values) {
					const said = sayOf(make, { ...right, [option]: value });
					if (said === null) continue;
					assert.doesNotMatch(said, raw, `${option}: ${typeof value}`);
				}
			}
		});
	}
});
