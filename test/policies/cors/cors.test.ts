import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	dependency,
	HttpError,
	reply,
	route,
} from "../../../src/index.ts";
import { cors } from "../../../src/policies/cors/cors.ts";
import { decisions, page, preflight, start } from "./stage.ts";

suite("an answer across origins", () => {
	test("names the page's origin in place of what the service says, and varies by it", async (t) => {
		const ask = await start(t, {
			origins: [page],
			credentials: true,
			exposedHeaders: ["x-total", "etag"],
		});
		const answer = await ask("GET", "/open", { origin: page });
		assert.deepEqual(answer, {
			status: 200,
			cors: {
				"allow-origin": page,
				"allow-credentials": "true",
				"expose-headers": "x-total, etag",
			},
			vary: "accept-language, Origin",
		});
	});

	test("says nothing to another origin, or to none, and varies still", async (t) => {
		const ask = await start(t, { origins: [page], credentials: true });
		for (const origin of [
			"https://evil.example",
			"null",
			`${page}.evil.example`,
		]) {
			const answer = await ask("GET", "/open", { origin });
			assert.deepEqual([answer.status, answer.cors], [200, {}], origin);
			assert.equal(answer.vary, "accept-language, Origin");
		}
		const { cors, vary } = await ask("GET", "/open");
		assert.deepEqual([cors, vary], [{}, "accept-language, Origin"]);
	});

	test("lets the page read a refusal and a failure too", async (t) => {
		const ask = await start(t, { origins: [page] });
		const cases: readonly [string, string, number][] = [
			["GET", "/nothing", 404],
			["DELETE", "/checked", 405],
			["PUT", "/closed", 401],
			["POST", "/checked", 422],
			["GET", "/gone", 503],
			["GET", "/broken", 500],
		];
		for (const [method, path, status] of cases) {
			const answer = await ask(method, path, { origin: page });
			assert.deepEqual(
				answer,
				{ status, cors: { "allow-origin": page }, vary: "Origin" },
				path,
			);
		}
	});

	test("to all origins is the same for each, and does not vary", async (t) => {
		const ask = await start(t, { origins: "*" });
		for (const headers of [{}, { origin: page }, { origin: "null" }]) {
			const { cors, vary } = await ask("GET", "/open", headers);
			assert.deepEqual(cors, { "allow-origin": "*" });
			assert.equal(vary, "accept-language");
		}
	});
});

suite("a preflight", () => {
	test("is answered before anybody is identified, and before the service", async (t) => {
		const ask = await start(t, { origins: [page], credentials: true });
		decisions.length = 0;
		const answer = await ask(
			"OPTIONS",
			"/closed",
			preflight("PUT", "X-Api-Key,content-type"),
		);
		assert.deepEqual(answer, {
			status: 204,
			cors: {
				"allow-origin": page,
				"allow-credentials": "true",
				"allow-methods": "PUT",
				"allow-headers": "X-Api-Key, content-type",
			},
			vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
		});
		assert.deepEqual(
			decisions.map(({ kind, outcome, reason }) => [kind, outcome, reason]),
			[["cors", "accepted", "preflight"]],
		);
		const put = await ask("PUT", "/closed", { origin: page, "x-api-key": "k" });
		assert.equal(put.status, 200);
	});

	test("is told the methods, headers and age that are set, whatever it asks", async (t) => {
		const ask = await start(t, {
			origins: [page],
			methods: ["GET", "PUT"],
			headers: ["x-api-key"],
			maxAgeSeconds: 600,
		});
		const { cors } = await ask(
			"OPTIONS",
			"/open",
			preflight("DELETE", "x-other"),
		);
		assert.deepEqual(cors, {
			"allow-origin": page,
			"allow-methods": "GET, PUT",
			"allow-headers": "x-api-key",
			"max-age": "600",
		});
	});

	test("of another origin is allowed nothing", async (t) => {
		const ask = await start(t, { origins: [page], maxAgeSeconds: 600 });
		decisions.length = 0;
		const evil = preflight("PUT", "x-api-key", "https://evil.example");
		const { status, cors, vary } = await ask("OPTIONS", "/closed", evil);
		assert.deepEqual([status, cors], [204, {}]);
		assert.match(vary ?? "", /^Origin, /);
		assert.deepEqual(
			decisions.map(({ outcome, reason }) => [outcome, reason]),
			[["refused", "origin"]],
		);
	});

	test("about what no route takes lets the page see the 404 or 405 itself", async (t) => {
		const ask = await start(t, { origins: [page] });
		for (const path of ["/nothing", "/checked"]) {
			const { status, cors } = await ask("OPTIONS", path, preflight("DELETE"));
			assert.equal(status, 204);
			assert.equal(cors["allow-origin"], page);
		}
	});

	test("that asks for what is no name gets nothing back of it", async (t) => {
		const ask = await start(t, { origins: [page] });
		const bad = preflight("P U T", 'a, "b"');
		const { cors } = await ask("OPTIONS", "/open", bad);
		assert.deepEqual(cors, { "allow-origin": page });
	});

	test("from a public page into a private network is allowed where that is set", async (t) => {
		const headers = {
			...preflight("GET"),
			"access-control-request-private-network": "true",
		};
		for (const privateNetwork of [true, false]) {
			const ask = await start(t, { origins: [page], privateNetwork });
			const { cors } = await ask("OPTIONS", "/open", headers);
			const said = cors["allow-private-network"];
			assert.equal(said, privateNetwork ? "true" : undefined);
		}
	});

	test("is none without a method that is asked for: OPTIONS goes to its route", async (t) => {
		const ask = await start(t, { origins: [page] });
		const { status, cors } = await ask("OPTIONS", "/open", { origin: page });
		assert.deepEqual([status, cors], [200, { "allow-origin": page }]);
	});
});

suite("origins are told", () => {
	test("by expressions, which the whole of one must match", async (t) => {
		const ask = await start(t, {
			origins: [/https:\/\/(\w+\.)?app\.example/g, "capacitor://localhost"],
		});
		const cases: readonly [string, boolean][] = [
			[page, true],
			["https://eu.app.example", true],
			["capacitor://localhost", true],
			[`${page}.evil.example`, false],
			[`https://evil.example/?${page}`, false],
			["http://app.example", false],
		];
		// Twice, because an expression with the flag g would remember where it was.
		for (const [origin, isAllowed] of [...cases, ...cases]) {
			const { cors } = await ask("GET", "/open", { origin });
			assert.equal(cors["allow-origin"], isAllowed ? origin : undefined);
		}
	});

	test("by a function, which may look anywhere and may wait", async (t) => {
		const ask = await start(t, {
			origins: async (origin, ctx) => origin === page && ctx.url === "/open",
		});
		const { cors } = await ask("GET", "/open", { origin: page });
		assert.equal(cors["allow-origin"], page);
		assert.deepEqual((await ask("GET", "/nothing", { origin: page })).cors, {});
		const { status } = await ask("OPTIONS", "/open", preflight("PUT"));
		assert.equal(status, 204);
	});

	test("by a function that says yes with true alone, now or later", async (t) => {
		// A query builder is awaited though it is no promise; a text is no yes.
		// biome-ignore lint/suspicious/noThenProperty: it is one
		const query = { then: (done: (value: boolean) => void) => done(false) };
		for (const result of [query, "no", 1, Promise.resolve("no"), undefined]) {
			const ask = await start(t, { origins: () => result as never });
			const { cors } = await ask("GET", "/open", { origin: page });
			assert.deepEqual(cors, {}, String(result));
		}
	});

	test("by a function that fails: nobody is let in by mistake", async (t) => {
		const ask = await start(t, {
			origins: () => {
				throw new HttpError(503);
			},
		});
		const { status, cors } = await ask("GET", "/open", { origin: page });
		assert.deepEqual([status, cors], [503, {}]);
	});
});

test("a policy of one route speaks for that route alone", async (t) => {
	const closed = dependency((): never => {
		throw new HttpError(401);
	});
	const gateway = createGateway({
		docs: false,
		routes: [
			route.get("/a", {
				policies: [cors({ origins: page })],
				dependencies: { closed },
				handler: () => 1,
			}),
			route.get("/b", { handler: () => reply(200) }),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const headers = preflight("GET");
	const [a, b] = await Promise.all(
		["/a", "/b"].map((url) =>
			gateway.inject({ method: "OPTIONS", url, headers }),
		),
	);
	assert.equal(a?.headers["access-control-allow-origin"], page);
	assert.equal(b?.headers["access-control-allow-origin"], undefined);
});
