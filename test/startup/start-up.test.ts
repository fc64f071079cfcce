import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import {
	createGateway,
	dependency,
	file,
	input,
	type Policy,
	type Route,
	route,
	Type,
} from "../../src/index.ts";
import { loose, problemsOf } from "../helpers/start-up-problems.ts";

const upstream = "http://127.0.0.1:1";
const handler = (): null => null;
const anything = Type.Any();

test("a gateway that is right starts", () => {
	const routes = [
		route.all("/a/:id/*", { upstream, upstreamPath: "/b/*" }),
		route.get("/users/:id", {
			upstream,
			path: { id: z.coerce.number() },
			query: { page: Type.Optional(Type.Integer()) },
			response: {
				schema: { 200: anything, 404: anything },
				mode: "select",
				include: ["id"],
			},
			timeout: { headersMs: 0 },
		}),
		route.post("/form", {
			upstream,
			form: { a: file(), n: Type.Integer() },
			strict: true,
			dependencies: {
				one: dependency({ n: input.form("n", Type.Integer()) }, ({ n }) => n),
			},
		}),
		route.get("/", { handler }),
	];
	assert.deepEqual(problemsOf(routes), []);
});

test("nested arrays of routes are one list, in their order", async () => {
	const [a, b, c] = ["/a", "/b", "/c"].map((path) =>
		route.get(path, { handler: () => path }),
	) as [Route, Route, Route];
	const gateway = createGateway({ routes: [[a, [[b]], []], c] });
	const paths = gateway.routes.map(({ path }) => path).slice(0, 3);
	assert.deepEqual(paths, ["/a", "/b", "/c"]);
	assert.equal((await gateway.inject("/b")).json(), "/b");
	assert.ok(gateway.openapi().paths["/b"]);
	const lost = [[a], [[{ path: "/" } as unknown as Route]]];
	assert.match(problemsOf(lost as never)[0] ?? "", /^routes must be made by/);
});

test("one error lists every problem of every kind, each by its route", () => {
	const refusing: Policy = {
		name: "refusing",
		forRoute: () => {
			throw new Error("rate must be positive");
		},
	};
	const lines = problemsOf([
		loose("/users/:id", { upstream, path: { nope: anything } }),
		route.get("/ok", { handler }),
		route.get("/ok", { handler }),
		loose("/none", {}),
		route("CONNECT", "/tunnel", { handler }),
		route.get("/limited", { handler, policies: [refusing] }),
		route.get("/unsafe/:id((a+)+)", { handler }),
		loose("/twice", { body: anything, form: {}, handler, retries: 3 }),
	]);
	assert.equal(lines.length, 8);
	for (const [i, expected] of [
		/^GET \/users\/:id: path\.nope has a schema, but the path has no parameter :nope$/,
		/^GET \/none: needs an upstream or a handler$/,
		/^CONNECT \/tunnel: the method CONNECT can not be routed$/,
		/^GET \/unsafe\/:id\(\(a\+\)\+\): .*not safe/,
		/^GET \/twice: declares a body and a form/,
		/^GET \/twice: there is no option "retries"; known are tags, /,
		/^GET \/ok: clashes with GET \/ok$/,
		/^GET \/limited: rate must be positive$/,
	].entries()) {
		const found = lines.filter((line) => expected.test(line));
		assert.equal(found.length, 1, `${i}: ${expected} in\n${lines.join("\n")}`);
	}
});

suite("routes that clash", () => {
	const clashing: readonly (readonly [Route, Route])[] = [
		[
			route.get("/users/:id", { handler }),
			route.get("/users/:name", { handler }),
		],
		[
			route.get("/a/*", { handler }),
			route(["PUT", "GET"], "/a/*", { handler }),
		],
		[route.all("/a", { handler }), route.all("/a", { handler })],
		[route.get("/p/:page?", { handler }), route.get("/p", { handler })],
		[route.get("/p", { handler }), route.get("/p/:page?", { handler })],
		[
			route.get("/a/:id(^\\d+$)", { handler }),
			route.get("/a/:name(^\\w+$)", { handler }),
		],
		[route.get("/:a-:b", { handler }), route.get("/:c-:d", { handler })],
		[
			route.get("/a", { handler, operationId: "one" }),
			route.get("/b", { handler, operationId: "one" }),
		],
	];
	for (const [first, second] of clashing) {
		test(`${first.methods} ${first.path} and ${second.methods} ${second.path} are named both`, () => {
			const lines = problemsOf([first, second]);
			assert.equal(lines.length, 1, lines.join("\n"));
			for (const { path } of [first, second]) {
				assert.ok(lines[0]?.includes(` ${path}`), lines.join());
			}
		});
	}

	test("routes of other methods, shapes or expressions do not", () => {
		const paths = [
			"/a/:id",
			"/a/:id(^\\d+$)",
			"/a/b",
			"/a/*",
			"/a/:b-:c",
			"/a/",
		];
		const routes = paths.flatMap((path) => [
			route.get(path, { handler }),
			route.post(path, { handler }),
			route.all(path, { handler }),
			route.head(path, { handler }),
		]);
		assert.deepEqual(problemsOf(routes), []);
	});

	test("routes clash with those of the docs by name", () => {
		const lines = problemsOf([route.get("/docs", { handler })], { docs: {} });
		assert.match(lines.join("\n"), /GET \/docs: clashes with GET \/docs/);
	});
});

suite("what a gateway puts in front of all routes", () => {
	const caller = dependency(() => "gateway");

	test("is checked, and what is wrong is listed with what is wrong with the routes", () => {
		const lines = problemsOf([loose("/a", {}), route.get("/b", { handler })], {
			policys: [],
			dependencies: { caller: () => "a" },
			policies: [{ name: "a" }],
			docs: { pth: "/x", dependencies: { caller: 7 } },
			errorFormat: "xml",
			limits: { headersMs: -1, bytes: 1 },
			trustedProxies: ["nowhere"],
			logger: { error() {}, warn() {} },
			overrides: [["caller", 1]],
		} as object);
		assert.deepEqual(lines, [
			'there is no option "policys"; did you mean "policies"?',
			"dependencies.caller must be made by dependency(), got a function",
			"policies[0] must be a policy, which has a forRoute function, got an object",
			'there is no option "docs.pth"; did you mean "docs.path"?',
			"docs.dependencies.caller must be made by dependency(), got 7",
			"errorFormat must be 'problem', 'fastapi' or a function, got \"xml\"",
			'there is no option "limits.bytes"; did you mean "limits.headerBytes"?',
			"limits.headersMs must be a number of milliseconds from 0 to 2147483647, got -1",
			'trustedProxies: "nowhere" is neither an address, a CIDR nor "unix"',
			"logger must have a function info",
			"overrides[0] must begin with the dependency it stands in for",
			"GET /a: needs an upstream or a handler",
		]);
	});

	test("routes are an array", () => {
		assert.deepEqual(problemsOf(undefined as never), ["routes is required"]);
	});

	test("a route can not take the place of the gateway's dependency", () => {
		const own = route.get("/", {
			handler,
			dependencies: { caller: dependency(() => "route") },
		});
		const lines = problemsOf([own], { dependencies: { caller } });
		assert.deepEqual(lines, [
			"GET /: dependencies.caller is taken by the gateway's own; give it another name",
		]);
	});

	test("but it may name the same one again", () => {
		const same = route.get("/", { handler, dependencies: { caller } });
		assert.deepEqual(problemsOf([same], { dependencies: { caller } }), []);
	});

	test("the gateway's inputs are held against each route", () => {
		const tenant = dependency({ id: input.path("tenant") }, ({ id }) => id);
		const lines = problemsOf(
			[
				route.get("/:tenant/a", { handler }),
				route.get("/b", { handler }),
				route.get("/c", { handler }),
			],
			{ dependencies: { tenant } },
		);
		assert.deepEqual(
			lines.map((line) => line.slice(0, 6)),
			["GET /b", "GET /c"],
		);
	});
});
