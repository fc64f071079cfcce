import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import {
	createGateway,
	dependency,
	input,
	route,
	Type,
} from "../../src/index.ts";
import { ask } from "../helpers/ask-dependencies.ts";
import { type Echo, startEcho } from "../helpers/echo.ts";

suite("inputs", () => {
	const all = {
		all: dependency(
			{
				id: input.path("id", Type.Integer()),
				page: input.query("page", Type.Integer({ default: 1 })),
				tags: input.query("tag", Type.Array(Type.String())),
				key: input.header("X-Key"),
				trace: input.header("x-trace", Type.Optional(Type.String())),
				theme: input.cookie("theme", z.enum(["dark", "light"])),
			},
			(values) => values,
		),
	};

	test("come from path, query, headers and cookies, converted", async () => {
		const { json } = await ask(all, {
			url: "/x/7?tag=a&tag=b",
			headers: { "x-key": "k", cookie: "a=b; theme=dark" },
		});
		assert.deepEqual(json(), {
			all: { id: 7, page: 1, tags: ["a", "b"], key: "k", theme: "dark" },
		});
	});

	test("are checked together with what the route declares, in one 422", async () => {
		const gateway = createGateway({
			docs: false,
			routes: [
				route.get("/x/:id", {
					dependencies: all,
					query: { limit: Type.Integer() },
					handler: () => null,
				}),
			],
		});
		const { status, json } = await gateway.inject({
			url: "/x/seven?page=x&tag=a&limit=b",
			headers: { cookie: "theme=blue" },
		});
		assert.equal(status, 422);
		const { errors } = json() as { errors: { loc: string[] }[] };
		assert.deepEqual(errors.map(({ loc }) => loc.join(".")).sort(), [
			"cookie.theme",
			"header.X-Key",
			"path.id",
			"query.limit",
			"query.page",
		]);
	});

	test("that several dependencies ask for alike are read for each", async () => {
		const page = input.query("page", Type.Integer());
		const { json } = await ask(
			{
				one: dependency({ page }, ({ page }) => page),
				two: dependency({ page }, ({ page }) => page + 1),
				text: dependency({ page: input.query("page") }, ({ page }) => page),
			},
			{ url: "/x?page=4" },
		);
		assert.deepEqual(json(), { one: 4, two: 5, text: "4" });
	});

	test("of a form resolve after the body is read, with what needs them", async () => {
		const order: string[] = [];
		const login = dependency(
			{ name: input.form("name"), age: input.form("age", Type.Integer()) },
			(form) => {
				order.push("login");
				return form;
			},
		);
		const early = dependency(() => {
			order.push("early");
			return "early";
		});
		const late = dependency({ login, early }, ({ login, early }) => {
			order.push("late");
			return `${login.name} ${early}`;
		});
		const headers = { "content-type": "application/x-www-form-urlencoded" };
		const request = { method: "POST", headers, body: "name=ann&age=40&x=y" };
		const { json } = await ask({ late, early, login }, request);
		assert.deepEqual(json(), {
			early: "early",
			login: { name: "ann", age: 40 },
			late: "ann early",
		});
		assert.deepEqual(order, ["early", "login", "late"]);
		const wrong = await ask({ late }, { ...request, body: "age=old" });
		assert.equal(wrong.status, 422);
		assert.deepEqual(
			(wrong.json() as { errors: { loc: string[] }[] }).errors
				.map(({ loc }) => loc.join("."))
				.sort(),
			["body.age", "body.name"],
		);
	});

	test("of a multipart form too, and the form goes on as it came", async (t) => {
		const { url } = await startEcho(t);
		const gateway = createGateway({
			docs: false,
			routes: [
				route.post("/", {
					upstream: url,
					dependencies: {
						login: dependency({ name: input.form("name") }, ({ name }) => name),
					},
					forward: { headers: (ctx) => ({ "x-name": ctx.deps.login }) },
				}),
			],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const body = [
			"--b",
			'content-disposition: form-data; name="name"',
			"",
			"ann",
			"--b--",
			"",
		].join("\r\n");
		const answer = await gateway.inject({
			method: "POST",
			url: "/",
			headers: { "content-type": "multipart/form-data; boundary=b" },
			body,
		});
		const got = answer.json() as Echo;
		assert.equal(got.body, body);
		assert.equal(got.headers["x-name"], "ann");
		assert.equal(
			got.headers["content-type"],
			"multipart/form-data; boundary=b",
		);
	});
});
