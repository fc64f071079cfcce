import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	dependency,
	type Gateway,
	HttpError,
	type InjectResponse,
	route,
	Type,
} from "../../src/index.ts";
import { cors } from "../../src/policies/cors/cors.ts";
import { startGateway, startUpstream } from "../../src/testing.ts";
import { gatewayOf, get, named } from "../helpers/named-routes.ts";
import { connectRaw } from "../helpers/raw-client.ts";

suite("methods", () => {
	test("each builder method declares its method and no other", async () => {
		const handler = (): string => "here";
		const declared = {
			GET: route.get("/", { handler }),
			POST: route.post("/", { handler }),
			PUT: route.put("/", { handler }),
			PATCH: route.patch("/", { handler }),
			DELETE: route.delete("/", { handler }),
			HEAD: route.head("/", { handler }),
			OPTIONS: route.options("/", { handler }),
		};
		for (const [method, one] of Object.entries(declared)) {
			const gateway = gatewayOf(one);
			for (const asked of Object.keys(declared)) {
				const { status } = await gateway.inject({ method: asked, url: "/" });
				const isImplied =
					asked === "OPTIONS" || (method === "GET" && asked === "HEAD");
				const expected = asked === method ? 200 : isImplied ? 204 : 405;
				if (method === "GET" && asked === "HEAD") assert.equal(status, 200);
				else assert.equal(status, expected, `${asked} on a ${method} route`);
			}
		}
	});

	test("several methods share a route, in any case", async () => {
		const gateway = gatewayOf(named(["get", "Query"], "/search"));
		for (const method of ["GET", "QUERY", "HEAD"]) {
			const { status } = await gateway.inject({ method, url: "/search" });
			assert.equal(status, 200, method);
		}
		const { status } = await gateway.inject({ method: "POST", url: "/search" });
		assert.equal(status, 405);
	});

	test("less common methods are routed too", async () => {
		for (const method of ["QUERY", "PROPFIND", "PURGE", "MKCOL", "REPORT"]) {
			const gateway = gatewayOf(named(method, "/x"));
			const answer = await gateway.inject({ method, url: "/x" });
			assert.equal(answer.status, 200, method);
		}
	});

	test("HEAD is answered by the GET route, unless one is declared", async () => {
		const get = route.get("/", { handler: () => "from GET" });
		const implied = await gatewayOf(get).inject({ method: "HEAD", url: "/" });
		assert.equal(implied.status, 200);
		assert.equal(implied.body, "");
		assert.equal(implied.headers["content-length"], "10");
		const head = route.head("/", { handler: () => "HEAD" });
		const declared = await gatewayOf(get, head).inject({
			method: "HEAD",
			url: "/",
		});
		assert.equal(declared.headers["content-length"], "6");
	});

	test("route.all takes every method, and gives way to a route for one", async () => {
		const gateway = gatewayOf(
			named("*", "/x/:any"),
			named("POST", "/x/:id"),
			named("GET", "/x/:id"),
		);
		const methods = ["DELETE", "OPTIONS", "PROPFIND", "QUERY", "PATCH"];
		for (const method of methods) {
			const answer = await gateway.inject({ method, url: "/x/1" });
			assert.deepEqual(
				answer.json(),
				{ route: "/x/:any", path: { any: "1" } },
				method,
			);
		}
		for (const method of ["GET", "POST"]) {
			const answer = await gateway.inject({ method, url: "/x/1" });
			assert.deepEqual(answer.json(), {
				route: "/x/:id",
				path: { id: "1" },
			});
		}
	});
});

suite("where no route is", () => {
	const gateway = gatewayOf(
		named("GET", "/users/:id"),
		named("PUT", "/users/:id"),
		named("DELETE", "/users/me"),
	);

	test("an unknown path is a 404", async () => {
		for (const method of ["GET", "OPTIONS", "POST", "PROPFIND"]) {
			const answer = await gateway.inject({ method, url: "/nope" });
			assert.equal(answer.status, 404);
			assert.equal(answer.headers.allow, undefined);
		}
		const { json } = await gateway.inject("/nope?x=1");
		assert.deepEqual(json(), {
			type: "about:blank",
			title: "Not Found",
			status: 404,
			detail: "No route matches this path.",
			code: "ERR_NO_ROUTE",
		});
	});

	test("a known path with another method is a 405 that lists the methods", async () => {
		const answer = await gateway.inject({
			method: "POST",
			url: "/users/7?a=b",
		});
		assert.equal(answer.status, 405);
		assert.equal(answer.headers.allow, "GET, HEAD, OPTIONS, PUT");
		assert.match(answer.body, /ERR_METHOD_NOT_ALLOWED/);
		const both = await gateway.inject({ method: "POST", url: "/users/me" });
		assert.equal(both.headers.allow, "DELETE, GET, HEAD, OPTIONS, PUT");
	});

	test("OPTIONS lists the methods of a path", async () => {
		const answer = await gateway.inject({ method: "OPTIONS", url: "/users/7" });
		assert.equal(answer.status, 204);
		assert.equal(answer.headers.allow, "GET, HEAD, OPTIONS, PUT");
	});

	test("OPTIONS * lists the methods of the whole gateway", async (t) => {
		const { port } = await startGateway(t, gateway);
		await using client = await connectRaw({ port });
		const answer = await client.exchange(
			"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		);
		assert.equal(answer.status, 204);
		assert.equal(answer.header("allow"), "DELETE, GET, HEAD, OPTIONS, PUT");
	});

	test("no other method may ask for *", async (t) => {
		const { port } = await startGateway(t, gatewayOf(named("*", "/*")));
		await using client = await connectRaw({ port });
		const answer = await client.exchange("GET * HTTP/1.1\r\nHost: a\r\n\r\n");
		assert.equal(answer.status, 400);
	});

	test("TRACE is never routed", async (t) => {
		const { port } = await startGateway(t, gatewayOf(named("*", "/*")));
		await using client = await connectRaw({ port });
		const answer = await client.exchange("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
		assert.equal(answer.status, 405);
	});
});

suite("the bare prefix of a wildcard", () => {
	async function ask(
		gateway: Gateway,
		url: string,
		method = "GET",
	): Promise<unknown> {
		const { status, json } = await gateway.inject({ method, url });
		return status === 200 ? (json() as { route: string }).route : status;
	}

	test("is taken by it, with nothing for the rest", async () => {
		const gateway = gatewayOf(named("*", "/app/*"), named("GET", "/t/:id/*"));
		assert.deepEqual(await get(gateway, "/app?x=1"), {
			route: "/app/*",
			path: { "*": "" },
		});
		assert.deepEqual(await get(gateway, "/t/7"), {
			route: "/t/:id/*",
			path: { id: "7", "*": "" },
		});
		assert.equal(await ask(gateway, "/app", "POST"), "/app/*");
		const { status } = await gateway.inject({ method: "HEAD", url: "/app" });
		assert.equal(status, 200);
		assert.equal(await ask(gateway, "/application"), 404);
		const { headers } = await gateway.inject({ method: "POST", url: "/t/7" });
		assert.equal(headers.allow, "GET, HEAD, OPTIONS");
	});

	test("is another route's where one takes it, method by method", async () => {
		const gateway = gatewayOf(
			named("*", "/app/*"),
			named("GET", "/app"),
			named("GET", "/:page"),
			named("*", "/:page/*"),
			named("GET", "/sites/*"),
		);
		assert.equal(await ask(gateway, "/app"), "/app");
		assert.equal(await ask(gateway, "/app", "POST"), "/app/*");
		assert.equal(await ask(gateway, "/sites"), "/:page");
		assert.equal(await ask(gateway, "/other", "PUT"), "/:page/*");
	});

	test("goes to the longer one of two wildcards", async () => {
		const gateway = gatewayOf(named("GET", "/*"), named("GET", "/app/*"));
		assert.equal(await ask(gateway, "/app"), "/app/*");
		assert.equal(await ask(gateway, "/apps"), "/*");
		assert.equal(await ask(gateway, "/"), "/*");
	});

	test("is forwarded as it is, or as upstreamPath says", async (t) => {
		const { url: upstream } = await startUpstream(t, (req, res) => {
			res.end(req.url);
		});
		const gateway = gatewayOf(
			route.get("/raw/*", { upstream }),
			route.get("/root/*", { upstream, upstreamPath: "/*" }),
			route.get("/v1/*", { upstream, upstreamPath: "/v2/*" }),
			route.get("/t/:id/*", { upstream, path: { id: Type.Integer() } }),
		);
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const expected = {
			"/raw": "/raw",
			"/raw/": "/raw/",
			"/raw?q=/": "/raw?q=/",
			"/root": "/",
			"/root?a": "/?a",
			"/v1": "/v2/",
			"/v1/x": "/v2/x",
			"/t/07": "/t/7",
			"/t/07/": "/t/7/",
			"/t/07/x%2Fy": "/t/7/x%2Fy",
		};
		for (const [url, sent] of Object.entries(expected)) {
			assert.equal((await gateway.inject(url)).body, sent, url);
		}
	});
});

suite("OPTIONS", () => {
	test("goes to the service where a route names it, and nowhere else", async (t) => {
		const { url: upstream } = await startUpstream(t, (req, res) => {
			res.setHeader("access-control-allow-origin", "https://a.example");
			res.end(`${req.method} ${req.url}`);
		});
		const login = dependency((): never => {
			throw new HttpError(401);
		});
		const guarded = { upstream, dependencies: { login } };
		const gateway = gatewayOf(
			route.all("/all/*", { upstream }),
			route.get("/own", guarded),
			route.options("/own", { upstream }),
			route(["GET", "OPTIONS"], "/both", { upstream }),
			route.get("/get", { upstream }),
			route.all("/cors", { ...guarded, policies: [cors({ origins: "*" })] }),
			route.all("/closed", guarded),
		);
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const headers = {
			origin: "https://a.example",
			"access-control-request-method": "GET",
		};
		const ask = (url: string, more = {}): Promise<InjectResponse> =>
			gateway.inject({ method: "OPTIONS", url, headers: more });
		for (const url of ["/all/x", "/own", "/both"]) {
			for (const more of [{}, headers]) {
				const { status, body } = await ask(url, more);
				assert.deepEqual([status, body], [200, `OPTIONS ${url}`]);
			}
		}
		assert.equal((await ask("/get", headers)).status, 204);
		assert.equal((await ask("/cors", headers)).status, 204, "before identity");
		assert.equal((await ask("/cors")).status, 401, "which is no preflight");
		assert.equal((await ask("/closed", headers)).status, 401);
	});
});
