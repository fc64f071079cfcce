import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	type FreshnessOptions,
	heuristicStatuses,
	type LifetimeSource,
} from "../../../src/policies/cache/http/freshness.ts";
import { control, dateAt, freshness } from "./answers.ts";

type LifetimeCase = readonly [
	name: string,
	headers: readonly string[],
	source: LifetimeSource,
	seconds: number,
	options?: FreshnessOptions,
];

const date = ["Date", dateAt(0)];
const expires = (seconds: number): string[] => ["Expires", dateAt(seconds)];
const modified = (seconds: number): string[] => [
	"Last-Modified",
	dateAt(seconds),
];
const heuristic = { heuristic: true };

function checkLifetimes(cases: readonly LifetimeCase[]): void {
	for (const [name, headers, source, seconds, options] of cases) {
		test(name, () => {
			const { lifetimeSeconds, source: from } = freshness(headers, options);
			assert.deepEqual([from, lifetimeSeconds], [source, seconds]);
		});
	}
}

suite("freshness lifetime, RFC 9111 section 4.2.1", () => {
	checkLifetimes([
		[
			"s-maxage before all",
			[...control("max-age=5, s-maxage=10"), ...date, ...expires(20)],
			"s-maxage",
			10,
		],
		[
			"s-maxage of 0 before all",
			[...control("max-age=5, s-maxage=0"), ...date, ...expires(20)],
			"s-maxage",
			0,
		],
		[
			"max-age before Expires (5.3)",
			[...control("max-age=5"), ...date, ...expires(20)],
			"max-age",
			5,
		],
		[
			"max-age of 0 before Expires",
			[...control("max-age=0"), ...date, ...expires(20)],
			"max-age",
			0,
		],
		[
			"max-age that can't be read is stale, whatever Expires says",
			[...control("max-age=x"), ...date, ...expires(20)],
			"max-age",
			0,
		],
		["Expires less Date", [...date, ...expires(20)], "expires", 20],
		[
			"Expires less a Date in the past",
			["Date", dateAt(-100), ...expires(20)],
			"expires",
			120,
		],
		[
			"Expires less a Date in the future",
			["Date", dateAt(15), ...expires(20)],
			"expires",
			5,
		],
		["Expires before Date is stale", [...date, ...expires(-1)], "expires", 0],
		["Expires equal to Date is stale", [...date, ...expires(0)], "expires", 0],
		[
			"Expires without a Date counts from when it came",
			expires(20),
			"expires",
			20,
		],
		[
			"Expires with a Date that is none counts from when it came",
			["Date", "yesterday", ...expires(20)],
			"expires",
			20,
		],
		[
			"Expires a century ahead is at most 2^31 seconds",
			[...date, "Expires", "Thu, 01 Jan 2126 00:00:00 GMT"],
			"expires",
			2_147_483_648,
		],
		[
			"Expires in RFC 850's form",
			[...date, "Expires", "Thursday, 15-Jan-26 12:00:20 GMT"],
			"expires",
			20,
		],
		[
			"Expires in lower case (4.2)",
			[...date, "expires", dateAt(20).toLowerCase()],
			"expires",
			20,
		],
		["no freshness at all", date, "none", 0],
		["the default", date, "default", 7, { ttlSeconds: 7 }],
		["a default of 0", date, "default", 0, { ttlSeconds: 0 }],
		[
			"the default is not for an answer that states its own",
			control("max-age=0"),
			"max-age",
			0,
			{ ttlSeconds: 7 },
		],
		[
			"the default is not for an answer whose Expires is none",
			["Expires", "0"],
			"expires",
			0,
			{ ttlSeconds: 7 },
		],
	]);
});

suite("Expires, RFC 9111 section 5.3", () => {
	const past = [
		"0",
		"-1",
		"",
		"now",
		"Thu, 01 Jan 2099 00:00:00 EST",
		"Thu, 01 Jan 2099 00:00:00",
		"99999999999",
		"2099-01-01T00:00:00Z",
	];
	checkLifetimes(
		past.map((value) => [
			`${JSON.stringify(value)} is in the past`,
			[...date, "Expires", value],
			"expires",
			0,
		]),
	);
	checkLifetimes([
		[
			"of two the earlier",
			[...date, ...expires(20), ...expires(10)],
			"expires",
			10,
		],
		[
			"of two one that is none",
			[...date, ...expires(20), "Expires", "0"],
			"expires",
			0,
		],
		[
			"two in one line are none",
			[...date, "Expires", `${dateAt(20)}, ${dateAt(20)}`],
			"expires",
			0,
		],
		[
			"of two Dates the later counts",
			["Date", dateAt(-5), "Date", dateAt(5), ...expires(20)],
			"expires",
			15,
		],
	]);
});

suite("heuristic freshness, RFC 9111 section 4.2.2", () => {
	checkLifetimes([
		[
			"in whole seconds",
			[...date, ...modified(-1009)],
			"heuristic",
			100,
			heuristic,
		],
		[
			"none from a Last-Modified of that very second",
			[...date, ...modified(0)],
			"heuristic",
			0,
			heuristic,
		],
		[
			"a tenth of the time since Last-Modified",
			[...date, ...modified(-1000)],
			"heuristic",
			100,
			heuristic,
		],
		[
			"at most a day",
			[...date, ...modified(-100_000_000)],
			"heuristic",
			86_400,
			heuristic,
		],
		[
			"not where it was not asked for",
			[...date, ...modified(-1000)],
			"none",
			0,
		],
		[
			"not where a freshness is stated",
			[...control("max-age=1"), ...modified(-1000)],
			"max-age",
			1,
			heuristic,
		],
		[
			"not where Expires is stated, be it none",
			[...date, ...modified(-1000), "Expires", "0"],
			"expires",
			0,
			heuristic,
		],
		[
			"none from a Last-Modified after Date",
			[...date, ...modified(10)],
			"none",
			0,
			heuristic,
		],
		[
			"none from a Last-Modified that is none",
			[...date, "Last-Modified", "once"],
			"none",
			0,
			heuristic,
		],
		[
			"of two Last-Modified the later",
			[...date, ...modified(-1000), ...modified(-100)],
			"heuristic",
			10,
			heuristic,
		],
		[
			"before the default",
			[...date, ...modified(-1000)],
			"heuristic",
			100,
			{ heuristic: true, ttlSeconds: 7 },
		],
		[
			"the default where there is no Last-Modified",
			date,
			"default",
			7,
			{ heuristic: true, ttlSeconds: 7 },
		],
	]);

	for (const status of [
		200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
	]) {
		test(`and the default are for ${status} (RFC 9110 section 15.1)`, () => {
			assert.ok(heuristicStatuses.has(status));
			assert.equal(
				freshness(date, { ttlSeconds: 7 }, status).source,
				"default",
			);
		});
	}

	for (const status of [
		201, 202, 302, 303, 307, 400, 401, 403, 416, 429, 500, 502, 503, 504, 599,
	]) {
		test(`and the default are not for ${status}, but where it says public`, () => {
			const both = { heuristic: true, ttlSeconds: 7 };
			const headers = [...date, ...modified(-1000)];
			assert.equal(freshness(headers, both, status).source, "none");
			assert.equal(
				freshness([...headers, ...control("public")], both, status).source,
				"heuristic",
			);
		});
	}
});
