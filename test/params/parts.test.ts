import assert from "node:assert/strict";
import { after, afterEach, suite, test } from "node:test";
import * as z from "zod";
import {
	dependency,
	input,
	type Problem,
	route,
	Type,
} from "../../src/index.ts";
import { type Asked, startRecordingFront } from "../helpers/recording-front.ts";

const { Optional, Integer, Boolean: Flag, Array: List } = Type;
const shape = {
	flag: Optional(Flag()),
	color: Optional(Type.Union([Type.Literal("red"), Type.Literal("blue")])),
	size: Optional(Type.Enum([1, 2.5, "xl"])),
	ids: Optional(List(Integer(), { minItems: 1, maxItems: 3 })),
	csv: Optional(List(Integer(), { style: "csv" })),
	either: Optional(Type.Union([Integer(), Flag(), Type.String()])),
	maybe: Optional(Type.Union([Integer(), Type.Null()])),
	page: Integer({ default: 1, minimum: 1 }),
	day: z.coerce.date().optional(),
	trimmed: z.string().trim().min(1).optional(),
};
const paged = dependency(
	{
		page: input.query("page", Integer({ default: 9 })),
		host: input.header("x-host"),
	},
	(needs) => needs,
);
const reported: { problems?: readonly Problem[] }[] = [];
const front = await startRecordingFront(
	{ after },
	(upstream) => {
		const api = route.with({ upstream });
		const many = Object.fromEntries(
			Array.from({ length: 60 }, (_, i) => [`f${i}`, Integer()]),
		);
		return [
			api.get("/query", { query: shape }),
			api.get("/shadow/:id", {
				path: { id: Integer() },
				query: shape,
				validation: "shadow",
			}),
			api.get("/off", { query: shape, validation: "off" }),
			api.get("/heads", {
				headers: { "X-Tags": List(Type.String()), "x-on": Optional(Flag()) },
				cookies: { sid: Type.String(), n: Optional(Integer()) },
				forward: {
					query: ({ headers, cookies }) => ({ ...headers, ...cookies }),
				},
			}),
			api.get("/paged/:id", {
				path: { id: Integer() },
				dependencies: { paged },
				forward: { query: (ctx) => ({ ...ctx.deps.paged }) },
			}),
			api.get("/many/:id", {
				path: { id: Integer() },
				query: many,
				headers: { "x-n": Integer() },
			}),
		];
	},
	{
		logger: {
			error: (details) => assert.fail(JSON.stringify(details)),
			warn: (details) => reported.push(details),
			info: () => {},
		},
	},
);

afterEach(() => {
	reported.length = 0;
});

/** What the service was asked for, in the order it came. */
function queryOf({ request }: Asked): readonly (readonly [string, string])[] {
	assert.ok(request !== null);
	const { searchParams } = new URL(request.target, "http://g");
	return [...searchParams].filter(([name]) => name !== "page");
}

suite("a query value is what its type makes of it", () => {
	const rows: readonly [string, readonly [string, string][] | null][] = [
		...["true", "1", "on", "yes", "TRUE", "On"].map(
			(text): [string, [string, string][]] => [
				`flag=${text}`,
				[["flag", "true"]],
			],
		),
		...["false", "0", "off", "no"].map((text): [string, [string, string][]] => [
			`flag=${text}`,
			[["flag", "false"]],
		]),
		["flag=2", null],
		["flag=", []],
		["flag", []],
		["flag=true&flag=true", null],
		["color=red", [["color", "red"]]],
		["color=green", null],
		["color=Red", null],
		["size=1", [["size", "1"]]],
		["size=2.5", [["size", "2.5"]]],
		["size=xl", [["size", "xl"]]],
		["size=3", null],
		["ids=1", [["ids", "1"]]],
		[
			"ids=1&flag=1&ids=02",
			[
				["flag", "true"],
				["ids", "1"],
				["ids", "2"],
			],
		],
		["ids=1&ids=x", null],
		["ids=1&ids=2&ids=3&ids=4", null],
		["ids=1,2", null],
		["csv=1,2,3", [["csv", "1,2,3"]]],
		["csv=1,2&csv=3", [["csv", "1,2,3"]]],
		["csv=1,,2", null],
		["csv=1,x", null],
		["either=7", [["either", "7"]]],
		["either=yes", [["either", "true"]]],
		["either=maybe", [["either", "maybe"]]],
		["either=1&either=2", null],
		["maybe=null", []],
		["maybe=&page=&day=&csv=1", [["csv", "1"]]],
		["flag=&flag=", null],
		["color=", null],
		["size=", null],
		["ids=", null],
		["either=", [["either", ""]]],
		["trimmed=", null],
		["maybe=3", [["maybe", "3"]]],
		["maybe=x", null],
		["page=0", null],
		["page=2.0", null],
		["day=2024-02-29", [["day", "2024-02-29T00:00:00.000Z"]]],
		["day=2024-02-31x", null],
		["trimmed=%20a%20", [["trimmed", "a"]]],
		["trimmed=%20", null],
	];
	for (const [query, expected] of rows) {
		test(query, async () => {
			const asked = await front.ask(`GET /query?${query}`);
			assert.equal(asked.status, expected === null ? 422 : 200);
			if (expected !== null) assert.deepEqual(queryOf(asked), expected);
			else assert.equal(asked.request, null);
		});
	}

	test("an absent one is its default", async () => {
		const { request } = await front.ask("GET /query");
		assert.equal(request?.target, "/query?page=1");
	});
});

suite("headers and cookies", () => {
	test("are read by name in any case, repeated or not", async () => {
		const asked = await front.ask("GET /heads", [
			"x-tags: a",
			"X-ON: yes",
			"X-TAGS: b, c",
			'Cookie: x=1; sid="s=1"; n=07',
			"Cookie: other=2",
		]);
		assert.deepEqual(queryOf(asked), [
			["X-Tags", "a"],
			["X-Tags", "b, c"],
			["x-on", "true"],
			["sid", "s=1"],
			["n", "7"],
		]);
	});

	test("are missing, wrong or too many by their declared names", async () => {
		const none = await front.ask("GET /heads");
		assert.deepEqual(
			none.problems.map(({ loc, type }) => [...loc, type]),
			[
				["header", "X-Tags", "missing"],
				["cookie", "sid", "missing"],
			],
		);
		const bad = await front.ask("GET /heads", [
			"x-tags: a",
			"x-on: yes",
			"x-on: no",
			"Cookie: sid=a; n=1; SID=b",
			"Cookie: sid=c; n=x",
		]);
		assert.deepEqual(
			bad.problems.map(({ loc, type }) => [...loc, type]),
			[
				["header", "x-on", "repeated"],
				["cookie", "sid", "repeated"],
				["cookie", "n", "repeated"],
			],
		);
	});
});

suite("one answer for everything that is wrong", () => {
	test("path, query, headers and what dependencies need, in one 422", async () => {
		const { problems, status } = await front.ask("GET /paged/x?page=y");
		assert.equal(status, 422);
		assert.deepEqual(problems.map(({ loc }) => loc).sort(), [
			["header", "x-host"],
			["path", "id"],
			["query", "page"],
		]);
	});

	test("a dependency's default and inputs reach it", async () => {
		const asked = await front.ask("GET /paged/1?a=b", ["x-host: h"]);
		assert.equal(asked.request?.target, "/paged/1?a=b&page=9&host=h");
	});

	test("50 problems at the most", async () => {
		const { problems } = await front.ask("GET /many/x");
		assert.equal(problems.length, 50);
	});
});

suite("validation that does not refuse", () => {
	const query = "flag=2&color=red&color=blue&ids=x&page=0&day=soon";

	test("forwards what came, in shadow with a report", async () => {
		const asked = await front.ask(`GET /shadow/abc?${query}&other=1`);
		assert.equal(asked.status, 200);
		assert.equal(asked.request?.target, `/shadow/abc?${query}`);
		assert.deepEqual(
			reported[0]?.problems?.map(({ loc }) => loc),
			[
				["path", "id"],
				["query", "flag"],
				["query", "color"],
				["query", "ids", 0],
				["query", "page"],
				["query", "day"],
			],
		);
	});

	test("forwards what came without one where it is off", async () => {
		const asked = await front.ask(`GET /off?${query}`);
		assert.equal(asked.request?.target, `/off?${query}`);
		assert.equal(reported.length, 0);
	});

	test("still converts what conforms", async () => {
		const asked = await front.ask("GET /shadow/07?flag=yes&page=02");
		assert.equal(asked.request?.target, "/shadow/7?flag=true&page=2");
		assert.equal(reported.length, 0);
	});
});
