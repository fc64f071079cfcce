import { suite } from "node:test";
import { maxDeltaSeconds } from "../../../src/policies/cache/http/cache-control.ts";
import { checkDirectives } from "./directive-cases.ts";

const authorized = { allowsAuthorization: true };

suite("request directives, RFC 9111 section 5.2.1", () => {
	checkDirectives([
		["max-age (5.2.1.1)", ["max-age=0"], { maxAge: 0 }],
		["max-stale with a limit (5.2.1.2)", ["max-stale=10"], { maxStale: 10 }],
		[
			"max-stale without one takes any staleness (5.2.1.2)",
			["max-stale"],
			{ maxStale: Number.POSITIVE_INFINITY },
		],
		[
			"max-stale that can't be read takes none",
			["max-stale=x"],
			{ maxStale: 0 },
		],
		[
			"max-stale: of a limit and none the limit",
			["max-stale, max-stale=3"],
			{ maxStale: 3 },
		],
		["min-fresh (5.2.1.3)", ["min-fresh=10"], { minFresh: 10 }],
		[
			"min-fresh: of two the larger",
			["min-fresh=10, min-fresh=20, min-fresh=5"],
			{ minFresh: 20 },
		],
		[
			"min-fresh that can't be read asks for the most",
			["min-fresh=x"],
			{ minFresh: maxDeltaSeconds },
		],
		["no-cache (5.2.1.4)", ["no-cache"], { noCache: true }],
		["no-store (5.2.1.5)", ["no-store"], { noStore: true }],
		["no-transform (5.2.1.6)", ["no-transform"], { noTransform: true }],
		["only-if-cached (5.2.1.7)", ["only-if-cached"], { onlyIfCached: true }],
	]);
});

suite("response directives, RFC 9111 section 5.2.2", () => {
	checkDirectives([
		[
			"must-revalidate (5.2.2.2)",
			["must-revalidate"],
			{ mustRevalidate: true, ...authorized },
		],
		[
			"must-understand (5.2.2.3)",
			["must-understand, no-store"],
			{ mustUnderstand: true, noStore: true },
		],
		[
			"must-understand with an argument is no leave to forget no-store",
			["must-understand=1, no-store"],
			{ noStore: true },
		],
		[
			"no-cache with fields (5.2.2.4)",
			['no-cache="A, b-C"'],
			{ noCacheFields: ["a", "b-c"] },
		],
		[
			"no-cache with fields, twice",
			['no-cache="a"', 'no-cache="b"'],
			{ noCacheFields: ["a", "b"] },
		],
		[
			"no-cache with and without fields counts without",
			['no-cache="a", no-cache'],
			{ noCache: true, noCacheFields: ["a"] },
		],
		[
			"no-cache with no field in its quotes counts as without",
			['no-cache=""'],
			{ noCache: true },
		],
		[
			"no-cache with commas alone counts as without",
			['no-cache=" , "'],
			{ noCache: true },
		],
		[
			"no-cache with what is no name counts as without",
			['no-cache="a b"'],
			{ noCache: true },
		],
		[
			"no-cache with a quote inside the names counts as without",
			['no-cache="a\\"b"'],
			{ noCache: true },
		],
		["no-cache= counts as without fields", ["no-cache="], { noCache: true }],
		[
			"no-cache with a quote that never closes counts as without",
			['no-cache="a, b'],
			{ noCache: true },
		],
		[
			"no-cache with a space before = counts as without",
			['no-cache ="a"'],
			{ noCache: true },
		],
		["no-store (5.2.2.5)", ["no-store"], { noStore: true }],
		[
			"no-store with an argument forbids all the same",
			["no-store=no"],
			{ noStore: true },
		],
		["no-transform (5.2.2.6)", ["no-transform"], { noTransform: true }],
		["private (5.2.2.7)", ["private"], { isPrivate: true }],
		[
			"private with fields (5.2.2.7)",
			['private="x-user"'],
			{ privateFields: ["x-user"] },
		],
		[
			"private that can't be read counts as without fields",
			['private="a, @"'],
			{ isPrivate: true },
		],
		[
			"private; max-age=5 counts as private",
			["private; max-age=5"],
			{ isPrivate: true },
		],
		[
			"proxy-revalidate (5.2.2.8)",
			["proxy-revalidate"],
			{ proxyRevalidate: true },
		],
		["public (5.2.2.9)", ["public"], { isPublic: true, ...authorized }],
		["public with an argument allows nothing", ["public=1"], {}],
		["s-maxage (5.2.2.10)", ["s-maxage=5"], { sMaxAge: 5, ...authorized }],
		["immutable (RFC 8246 section 2)", ["immutable"], { immutable: true }],
		["immutable with an argument allows nothing", ["immutable=1"], {}],
		[
			"stale-while-revalidate (RFC 5861 section 3)",
			["stale-while-revalidate=5"],
			{ staleWhileRevalidate: 5 },
		],
		[
			"stale-while-revalidate that can't be read allows nothing",
			["stale-while-revalidate"],
			{ staleWhileRevalidate: 0 },
		],
		[
			"stale-if-error (RFC 5861 section 4)",
			["stale-if-error=5, stale-if-error=3"],
			{ staleIfError: 3 },
		],
		[
			"stale-if-error that can't be read allows nothing",
			["stale-if-error=-5"],
			{ staleIfError: 0 },
		],
	]);
});
