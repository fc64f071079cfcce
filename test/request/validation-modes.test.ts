import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	dependency,
	type Gateway,
	input,
	type RouteOptions,
	route,
	Type,
} from "../../src/index.ts";
import { type Echo, startEcho } from "../helpers/echo.ts";
import { KeptLog } from "../helpers/kept-log.ts";

type Mode = NonNullable<RouteOptions["validation"]>;

interface Stage {
	readonly gateway: Gateway;
	readonly log: KeptLog;
	readonly asked: () => number;
}

async function start(t: TestContext, validation: Mode): Promise<Stage> {
	const { url: upstream, requests } = await startEcho(t);
	const log = new KeptLog();
	const shared = { upstream, validation };
	const gateway = createGateway({
		docs: false,
		logger: log,
		routes: [
			route.get("/users/:id", {
				...shared,
				path: { id: Type.Integer() },
				query: {
					page: Type.Integer(),
					size: Type.Optional(Type.Integer({ default: 10 })),
				},
				headers: { "x-count": Type.Optional(Type.Integer()) },
				dependencies: {
					limit: dependency(
						{ limit: input.query("limit", Type.Optional(Type.Integer())) },
						({ limit }) => limit,
					),
				},
			}),
			route.post("/body", {
				...shared,
				body: Type.Object({
					a: Type.Integer(),
					b: Type.Optional(Type.String()),
				}),
			}),
			route.post("/form", { ...shared, form: { n: Type.Integer() } }),
			route.post("/login", {
				...shared,
				dependencies: {
					name: dependency(
						{ n: input.form("n", Type.Integer()) },
						({ n }) => n,
					),
				},
			}),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return { gateway, log, asked: () => requests.length };
}

/** Where something was found wrong, such as `query.page`. */
function placesOf(problems: unknown): string[] {
	return (problems as { loc: string[] }[])
		.map(({ loc }) => loc.join("."))
		.sort();
}

const wrong = {
	url: "/users/x?page=y&limit=z&other=1",
	headers: { "x-count": "many" },
};
const places = ["header.x-count", "path.id", "query.limit", "query.page"];

test("by default everything wrong is refused in one answer, and told to nobody", async (t) => {
	const { gateway, log, asked } = await start(t, "reject");
	const answer = await gateway.inject(wrong);
	assert.equal(answer.status, 422);
	const { errors, ...rest } = answer.json() as { errors: unknown };
	assert.deepEqual(placesOf(errors), places);
	assert.deepEqual(rest, {
		type: "about:blank",
		title: "Unprocessable Entity",
		status: 422,
		detail: "The request is not valid.",
		code: "ERR_VALIDATION",
	});
	assert.doesNotMatch(answer.body, /many|"y"|"z"/);
	assert.deepEqual(log.lines, []);
	assert.equal(asked(), 0);
});

suite("in shadow", () => {
	test("what would be refused goes on as it came, and is reported once", async (t) => {
		const { gateway, log } = await start(t, "shadow");
		const got = (await gateway.inject(wrong)).json() as Echo;
		assert.equal(got.url, "/users/x?page=y&size=10");
		assert.equal(got.headers["x-count"], "many");
		assert.equal(log.lines.length, 1);
		const [line] = log.lines;
		assert.equal(line?.level, "warn");
		assert.equal(line?.details.route, "GET /users/:id");
		assert.deepEqual(placesOf(line?.details.problems), places);
		assert.doesNotMatch(JSON.stringify(line), /many/);
	});

	test("what is right goes on as ever, and is not reported", async (t) => {
		const { gateway, log } = await start(t, "shadow");
		const got = (await gateway.inject("/users/007?page=02&x=1")).json() as Echo;
		assert.equal(got.url, "/users/7?page=2&size=10");
		assert.deepEqual(log.lines, []);
	});

	test("a value given twice goes on twice", async (t) => {
		const { gateway, log } = await start(t, "shadow");
		const got = (await gateway.inject("/users/1?page=1&page=2")).json() as Echo;
		assert.equal(got.url, "/users/1?page=1&page=2&size=10");
		assert.deepEqual(placesOf(log.lines[0]?.details.problems), ["query.page"]);
	});

	test("a body of the wrong shape goes on, less what is not declared", async (t) => {
		const { gateway, log } = await start(t, "shadow");
		const answer = await gateway.inject({
			method: "POST",
			url: "/body",
			body: { a: "x", c: 1 },
		});
		assert.equal((answer.json() as Echo).body, '{"a":"x"}');
		assert.equal(log.lines.length, 1);
		assert.deepEqual(placesOf(log.lines[0]?.details.problems), ["body.a"]);
	});

	test("an integer too large to be written again goes on byte for byte", async (t) => {
		const { gateway, log } = await start(t, "shadow");
		const body = '{"a": 9007199254740993}';
		const answer = await gateway.inject({
			method: "POST",
			url: "/body",
			headers: { "content-type": "application/json; x=y" },
			body,
		});
		const got = answer.json() as Echo;
		assert.equal(got.body, body);
		assert.equal(got.headers["content-type"], "application/json; x=y");
		assert.deepEqual(placesOf(log.lines[0]?.details.problems), ["body.a"]);
	});

	test("what can not be read at all is refused all the same", async (t) => {
		const { gateway, log } = await start(t, "shadow");
		for (const [url, type, body, status] of [
			["/body", "application/json", '{"a": ', 400],
			["/body", "text/plain", "{}", 415],
			["/form", "text/plain", "n=1", 415],
			["/login", "text/plain", "n=1", 415],
		] as const) {
			const answer = await gateway.inject({
				method: "POST",
				url,
				headers: { "content-type": type },
				body,
			});
			assert.equal(answer.status, status);
		}
		assert.deepEqual(log.lines, []);
	});

	test("a body that is not there goes on as none", async (t) => {
		const { gateway, log } = await start(t, "shadow");
		const got = (await gateway.inject({ method: "POST", url: "/body" })).json();
		assert.equal((got as Echo).body, "");
		assert.deepEqual(placesOf(log.lines[0]?.details.problems), ["body"]);
	});

	test("a right body is written anew as ever", async (t) => {
		const { gateway, log } = await start(t, "shadow");
		const answer = await gateway.inject({
			method: "POST",
			url: "/body",
			body: { c: 1, a: 2 },
		});
		assert.equal((answer.json() as Echo).body, '{"a":2}');
		assert.deepEqual(log.lines, []);
	});

	test("limits hold all the same", async (t) => {
		const { gateway } = await start(t, "shadow");
		const answer = await gateway.inject({
			method: "POST",
			url: "/body",
			body: { a: "x".repeat(1_048_576) },
		});
		assert.equal(answer.status, 413);
	});

	for (const path of ["/form", "/login"]) {
		test(`a form field of the wrong kind goes on as it came: ${path}`, async (t) => {
			const { gateway, log } = await start(t, "shadow");
			const answer = await gateway.inject({
				method: "POST",
				url: path,
				headers: { "content-type": "application/x-www-form-urlencoded" },
				body: "n=x",
			});
			assert.equal((answer.json() as Echo).body, "n=x");
			assert.equal(log.lines.length, 1);
			assert.deepEqual(placesOf(log.lines[0]?.details.problems), ["body.n"]);
		});

		test(`so does one of a multipart form: ${path}`, async (t) => {
			const { gateway, log } = await start(t, "shadow");
			const answer = await gateway.inject({
				method: "POST",
				url: path,
				headers: { "content-type": "multipart/form-data; boundary=b" },
				body: '--b\r\ncontent-disposition: form-data; name="n"\r\n\r\nx\r\n--b--\r\n',
			});
			assert.match((answer.json() as Echo).body, /name="n"\r\n\r\nx\r\n/);
			assert.equal(log.lines.length, 1);
			assert.deepEqual(placesOf(log.lines[0]?.details.problems), ["body.n"]);
		});
	}
});

suite("off", () => {
	test("nothing is refused, and nothing reported", async (t) => {
		const { gateway, log } = await start(t, "off");
		const got = (await gateway.inject(wrong)).json() as Echo;
		assert.equal(got.url, "/users/x?page=y&size=10");
		for (const [url, type, body] of [
			["/body", "application/json", '{"a":"x"}'],
			["/form", "application/x-www-form-urlencoded", "n=x"],
			["/login", "application/x-www-form-urlencoded", "n=x"],
		] as const) {
			const answer = await gateway.inject({
				method: "POST",
				url,
				headers: { "content-type": type },
				body,
			});
			assert.equal((answer.json() as Echo).body, body, `${url} ${type}`);
		}
		assert.deepEqual(log.lines, []);
	});
});
