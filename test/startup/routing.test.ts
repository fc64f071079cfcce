import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { route } from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { gatewayOf, named } from "../helpers/named-routes.ts";
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
