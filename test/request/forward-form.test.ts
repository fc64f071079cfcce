import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { route, Type } from "../../src/index.ts";
import { type Declare, pass } from "../helpers/pass.ts";

const messy = "a=1&b=%20x+y&&c&=d&a=2&%61=3&e=%zz&__proto__=1";

suite("a form", () => {
	const headers = { "content-type": "application/x-www-form-urlencoded" };
	const urlencoded = { method: "POST", url: "/x", headers } as const;

	test("that is not declared goes on byte for byte", async (t) => {
		const declare: Declare = (upstream) => route.post("/x", { upstream });
		const got = await pass(t, declare, { ...urlencoded, body: messy });
		assert.equal(got.body, messy);
	});

	test("that is declared goes on with its declared fields", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x", {
				upstream,
				form: { n: Type.Integer(), s: Type.String({ default: "a b" }) },
			});
		const got = await pass(t, declare, { ...urlencoded, body: "x=1&n=007" });
		assert.deepEqual(
			[...new URLSearchParams(got.body)],
			[
				["n", "7"],
				["s", "a b"],
			],
		);
		assert.equal(got.headers["content-type"], headers["content-type"]);
	});

	test("gets what forward.form adds, in place of fields of the same name", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x", {
				upstream,
				form: { n: Type.Integer(), user: Type.Optional(Type.String()) },
				forward: {
					form: (ctx) => ({ user: "ann", twice: ctx.form.n * 2, no: null }),
				},
			});
		const got = await pass(t, declare, {
			...urlencoded,
			body: "n=7&user=evil&twice=evil",
		});
		assert.deepEqual(
			[...new URLSearchParams(got.body)],
			[
				["n", "7"],
				["user", "ann"],
				["twice", "14"],
			],
		);
	});

	test("is all that forward.form makes where none is declared", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x", {
				upstream,
				forward: { form: () => ({ a: "x y", list: [1, 2] }) },
			});
		const got = await pass(t, declare, {
			method: "POST",
			url: "/x",
			body: { json: true },
		});
		assert.deepEqual(
			[...new URLSearchParams(got.body)],
			[
				["a", "x y"],
				["list", "1"],
				["list", "2"],
			],
		);
		assert.equal(got.headers["content-type"], headers["content-type"]);
	});

	test("is made of a declared body", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x", {
				upstream,
				body: Type.Object({ a: Type.String() }),
				forward: { form: (ctx) => ({ a: ctx.body.a }) },
			});
		const got = await pass(t, declare, {
			method: "POST",
			url: "/x",
			body: { a: "b&c" },
		});
		assert.equal(got.body, "a=b%26c");
	});

	test("becomes the body that forward.body makes of it", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x", {
				upstream,
				form: { n: Type.Integer() },
				forward: { body: (ctx) => ({ n: ctx.form.n }) },
			});
		const got = await pass(t, declare, { ...urlencoded, body: "n=7&m=8" });
		assert.equal(got.body, '{"n":7}');
		assert.equal(got.headers["content-type"], "application/json");
	});
});
