import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	dependency,
	type Gateway,
	type InjectRequest,
	input,
	route,
} from "../../src/index.ts";
import { type Echo, startEcho } from "../helpers/echo.ts";
import { KeptLog } from "../helpers/kept-log.ts";
import { type Library, libraries } from "../helpers/schema-libraries.ts";

async function start(t: TestContext, library: Library): Promise<Gateway> {
	const { count, word, named, list, body } = library;
	const { url: upstream } = await startEcho(t);
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		routes: [
			route.get("/all/:count", {
				path: { count },
				query: { count, word, named, list },
				headers: { "x-count": count, "X-Named": named },
				cookies: { count, named },
				dependencies: {
					needs: dependency(
						{ n: input.query("count", count), w: input.header("x-w", word) },
						(needs) => needs,
					),
				},
				handler: ({ path, query, headers, cookies, deps }) => ({
					path,
					query,
					headers,
					cookies,
					needs: deps.needs,
				}),
			}),
			route.get("/sent/:count", {
				upstream,
				path: { count },
				query: { count, word, named, list },
			}),
			route.post("/body", { upstream, body }),
			route.post("/form", { upstream, form: { count, word, named, list } }),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return gateway;
}

const good: InjectRequest = {
	url: "/all/07?count=08&list=x&list=y&word=up",
	headers: { "x-count": "9", cookie: "count=10" },
};

async function problemsOf(
	gateway: Gateway,
	request: InjectRequest,
): Promise<string[]> {
	const answer = await gateway.inject(request);
	assert.equal(answer.status, 422, answer.body);
	const { errors } = answer.json() as { errors: { loc: string[] }[] };
	return errors.map(({ loc }) => loc.join(".")).sort();
}

const urlencoded = { "content-type": "application/x-www-form-urlencoded" };

for (const [name, library] of Object.entries(libraries)) {
	suite(name, () => {
		test("checks and makes path, query, header and cookie values", async (t) => {
			const gateway = await start(t, library);
			const { json } = await gateway.inject(good);
			assert.deepEqual(json(), {
				path: { count: 7 },
				query: { count: 8, word: "up", named: "none", list: ["x", "y"] },
				headers: { "x-count": 9, "X-Named": "none" },
				cookies: { count: 10, named: "none" },
				needs: { n: 8 },
			});
		});

		test("says all that is wrong at once", async (t) => {
			const gateway = await start(t, library);
			const wrong = await problemsOf(gateway, {
				url: "/all/700?count=x&word=left&list=&list=y",
				headers: { "x-count": "-1", cookie: "count=1; count=2", "x-w": "left" },
			});
			assert.deepEqual(
				[...new Set(wrong)],
				[
					"cookie.count",
					"header.x-count",
					"header.x-w",
					"path.count",
					"query.count",
					"query.list.0",
					"query.word",
				],
			);
			const missing = await problemsOf(gateway, { url: "/all/7" });
			assert.deepEqual(
				[...new Set(missing)],
				["cookie.count", "header.x-count", "query.count", "query.list"],
			);
		});

		test("sends on what it made", async (t) => {
			const gateway = await start(t, library);
			const one = await gateway.inject("/sent/7?count=8&list=x");
			assert.equal(
				(one.json() as Echo).url,
				"/sent/7?count=8&named=none&list=x",
			);
			const answer = await gateway.inject(
				"/sent/07?count=08&list=x&list=y&z=1",
			);
			assert.equal(
				(answer.json() as Echo).url,
				"/sent/7?count=8&named=none&list=x&list=y",
			);
		});

		test("checks and makes a body", async (t) => {
			const gateway = await start(t, library);
			const request = { method: "POST", url: "/body" } as const;
			const answer = await gateway.inject({ ...request, body: { a: 1, c: 2 } });
			const { body: sent } = answer.json() as Echo;
			assert.deepEqual(JSON.parse(sent), { a: 1, b: "b" });
			assert.deepEqual(
				await problemsOf(gateway, { ...request, body: { a: 100, b: 1 } }),
				["body.a", "body.b"],
			);
			assert.deepEqual(await problemsOf(gateway, request), ["body"]);
		});

		test("checks and makes the fields of a form", async (t) => {
			const gateway = await start(t, library);
			const request = { method: "POST", url: "/form", headers: urlencoded };
			const answer = await gateway.inject({
				...request,
				body: "count=07&list=x&list=y",
			});
			assert.deepEqual(
				[...new URLSearchParams((answer.json() as Echo).body)],
				[
					["count", "7"],
					["list", "x"],
					["list", "y"],
					["named", "none"],
				],
			);
			assert.deepEqual(
				[
					...new Set(
						await problemsOf(gateway, {
							...request,
							body: "count=x&word=left&list=x&list=",
						}),
					),
				],
				["body.count", "body.list.1", "body.word"],
			);
		});

		test("checks the fields of a multipart form", async (t) => {
			const gateway = await start(t, library);
			const part = (field: string, value: string): string =>
				`--b\r\ncontent-disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`;
			const request = {
				method: "POST",
				url: "/form",
				headers: { "content-type": "multipart/form-data; boundary=b" },
			};
			const answer = await gateway.inject({
				...request,
				body: `${part("count", "07")}${part("list", "x")}--b--\r\n`,
			});
			const { body } = answer.json() as Echo;
			assert.match(body, /name="count"\r\n\r\n7\r\n/);
			assert.match(body, /name="named"\r\n\r\nnone\r\n/);
			assert.deepEqual(
				await problemsOf(gateway, {
					...request,
					body: `${part("count", "x")}${part("list", "x")}--b--\r\n`,
				}),
				["body.count"],
			);
		});
	});
}
