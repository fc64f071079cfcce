import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { type Fields, route, Type } from "../../src/index.ts";
import type { Echo } from "../helpers/echo.ts";
import { type Declare, pass } from "../helpers/pass.ts";

function queryOf({ url }: Echo): string {
	const at = url.indexOf("?");
	return at < 0 ? "" : url.slice(at + 1);
}

const messy = "a=1&b=%20x+y&&c&=d&a=2&%61=3&e=%zz&__proto__=1";

suite("a query", () => {
	test("that nothing is said of goes on byte for byte", async (t) => {
		const declare: Declare = (upstream) => route.get("/x", { upstream });
		for (const query of [messy, "", "?", "&", "a=b?c=d"]) {
			const got = await pass(t, declare, { url: `/x?${query}` });
			assert.equal(got.url, `/x?${query}`);
		}
		assert.equal((await pass(t, declare, { url: "/x" })).url, "/x");
	});

	test("that is dropped does not, not even its question mark", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x", { upstream, query: "drop" });
		for (const url of [`/x?${messy}`, "/x?", "/x"]) {
			assert.equal((await pass(t, declare, { url })).url, "/x");
		}
	});

	test("that is declared goes on with its declared names alone", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x", {
				upstream,
				query: {
					n: Type.Integer(),
					s: Type.Optional(Type.String()),
					d: Type.Boolean({ default: true }),
				},
			});
		const got = await pass(t, declare, {
			url: "/x?evil=1&n=007&s=a%26b%3dc&N=2",
		});
		assert.equal(queryOf(got), "n=7&s=a%26b%3Dc&d=true");
		const none = await pass(t, declare, { url: "/x?n=-0" });
		assert.equal(queryOf(none), "n=0&d=true");
	});

	test("goes on in the ways that lists are written", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x", {
				upstream,
				query: {
					many: Type.Array(Type.Integer()),
					csv: Type.Array(Type.String(), { style: "csv" }),
				},
			});
		const got = await pass(t, declare, {
			url: "/x?many=1&csv=a%2Cb,c&many=02",
		});
		assert.equal(queryOf(got), "many=1&many=2&csv=a,b,c");
	});

	test("goes on as text, whatever a schema makes of it", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x", {
				upstream,
				query: {
					at: z.string().transform((text) => new Date(text)),
					big: Type.Number(),
					json: z.string().transform((text) => ({ text })),
				},
			});
		const got = await pass(t, declare, {
			url: "/x?at=2026-01-02&big=1e21&json=a",
		});
		const sent = new URLSearchParams(queryOf(got));
		assert.deepEqual(
			[...sent],
			[
				["at", "2026-01-02T00:00:00.000Z"],
				["big", "1000000000000000000000"],
				["json", '{"text":"a"}'],
			],
		);
	});
});

suite("forward.query", () => {
	const set = (): Fields => ({
		a: "x y&z",
		n: 7,
		yes: true,
		list: ["p", 2, false],
		nothing: null,
		absent: undefined,
	});
	const sent = "a=x%20y%26z&n=7&yes=true&list=p&list=2&list=false";

	test("adds to a raw query, in place of the names it sets, however they were written", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x", { upstream, forward: { query: set } });
		const got = await pass(t, declare, {
			url: "/x?a=evil&%61=evil&other=%20kept&nothing=evil&absent&n&N=kept&a%20=kept",
		});
		assert.equal(queryOf(got), `other=%20kept&N=kept&a%20=kept&${sent}`);
		assert.equal(queryOf(await pass(t, declare, { url: "/x" })), sent);
		assert.equal(queryOf(await pass(t, declare, { url: "/x?" })), sent);
	});

	test("adds to a declared query", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x/:id", {
				upstream,
				path: { id: Type.Integer() },
				query: { a: Type.String(), kept: Type.String() },
				forward: {
					query: (ctx) => ({ a: `${ctx.query.a}!`, id: ctx.path.id }),
				},
			});
		const got = await pass(t, declare, { url: "/x/7?kept=k&a=1&id=evil" });
		assert.equal(queryOf(got), "kept=k&a=1!&id=7");
	});

	test("is all of a dropped query", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x", { upstream, query: "drop", forward: { query: set } });
		assert.equal(queryOf(await pass(t, declare, { url: "/x?b=1" })), sent);
	});

	test("that sets nothing leaves nothing behind", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x", {
				upstream,
				query: "drop",
				forward: { query: () => ({ a: null, b: [] }) },
			});
		assert.equal((await pass(t, declare, { url: "/x?b=1" })).url, "/x");
	});
});
