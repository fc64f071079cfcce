import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	dependency,
	type Gateway,
	type GatewayOptions,
	HttpError,
	type Route,
	route,
} from "../../src/index.ts";
import { startGateway, startUpstream } from "../../src/testing.ts";
import { connectRaw } from "../helpers/raw-client.ts";

/** A route that says its id. */
function at(path: string, id: string, hosts?: readonly string[]): Route {
	return route.all(path, {
		operationId: id,
		...(hosts === undefined ? {} : { hosts }),
		handler: (ctx) => ctx.route.id,
	});
}

function gatewayOf(
	routes: readonly Route[],
	options: Partial<GatewayOptions> = {},
): Gateway {
	return createGateway({ routes, docs: false, ...options });
}

async function ask(gateway: Gateway, host: string, url = "/"): Promise<string> {
	const { status, body } = await gateway.inject({ url, host });
	return status === 200 ? (JSON.parse(body) as string) : String(status);
}

suite("routes by host", () => {
	const gateway = gatewayOf([
		at("/", "any"),
		at("/", "a", ["A.example.com", "b.example.com"]),
		at("/", "wild", ["*.example.com"]),
		at("/", "deep", ["*.eu.example.com"]),
		at("/six", "six", ["[::1]", "127.0.0.1"]),
		at("/only/*", "only", ["a.example.com"]),
		at("/*", "rest"),
	]);

	test("the host itself goes before a wildcard, a longer before a shorter one, and any host is last", async () => {
		const expected: Record<string, string> = {
			"a.example.com": "a",
			"b.example.com": "a",
			"A.EXAMPLE.com:8443": "a",
			"a.example.com.": "a",
			"a.example.com.:80": "a",
			"x.example.com": "wild",
			"y.x.example.com": "wild",
			"x.eu.example.com": "deep",
			"eu.example.com": "wild",
			"example.com": "any",
			"xexample.com": "any",
			"a.example.com.evil.test": "any",
			"127.0.0.1:80": "any",
			__proto__: "any",
		};
		for (const [host, id] of Object.entries(expected)) {
			assert.equal(await ask(gateway, host), id, host);
		}
		assert.equal(await ask(gateway, "[::1]:80", "/six"), "six");
		assert.equal(await ask(gateway, "127.0.0.1", "/six"), "six");
		assert.equal(await ask(gateway, "localhost", "/six"), "rest");
	});

	test("the path chooses first", async () => {
		assert.equal(await ask(gateway, "a.example.com", "/only/x"), "only");
		assert.equal(await ask(gateway, "a.example.com", "/only"), "only");
		assert.equal(await ask(gateway, "c.example.com", "/only/x"), "rest");
		assert.equal(await ask(gateway, "a.example.com", "/other"), "rest");
	});

	test("many hosts may share a path", async () => {
		const names = Array.from({ length: 100 }, (_, i) => `t${i}.example.com`);
		const many = gatewayOf(names.map((name) => at("/", name, [name])));
		for (const name of names) assert.equal(await ask(many, name), name);
		assert.equal(await ask(many, "t100.example.com"), "404");
	});

	test("a builder's hosts hold for its routes, unless they name their own", async () => {
		const api = route.with({ hosts: ["api.test"] });
		const handler = (): string => "here";
		const own = gatewayOf([
			api.with({ prefix: "/v1" }).get("/a", { handler }),
			api.get("/b", { handler, hosts: ["b.test"] }),
		]);
		assert.equal(await ask(own, "api.test", "/v1/a"), "here");
		assert.equal(await ask(own, "b.test", "/v1/a"), "404");
		assert.equal(await ask(own, "b.test", "/b"), "here");
		assert.equal(await ask(own, "api.test", "/b"), "404");
		assert.deepEqual(
			own.routes.map(({ hosts }) => hosts),
			[["api.test"], ["b.test"]],
		);
	});

	test("Allow lists the methods of that host", async () => {
		const handler = (): string => "here";
		const two = gatewayOf([
			route.get("/", { handler, hosts: ["a.test"] }),
			route.post("/", { handler, hosts: ["b.test"] }),
		]);
		const { status, headers } = await two.inject({
			method: "DELETE",
			url: "/",
			host: "b.test",
		});
		assert.deepEqual([status, headers.allow], [405, "OPTIONS, POST"]);
	});

	test("find, explain and the document take a host", () => {
		const host = "a.example.com";
		assert.equal(gateway.find("get", "/", { host })?.id, "a");
		assert.equal(gateway.find("GET", "/")?.id, "any");
		assert.equal(gateway.find("GET", "/six", { host: "[::1]:1" })?.id, "six");
		const none = gatewayOf([at("/x", "x", [host])]);
		assert.equal(none.find("GET", "/x"), null);
		assert.deepEqual(none.explain("GET", "/x"), []);
		assert.equal(none.explain("GET", "/x", { host }).length, 1);
		const idOf = (at: object | undefined): unknown =>
			(gateway.openapi(at).paths["/"] as { get: { operationId: string } }).get
				.operationId;
		assert.equal(idOf({ host }), "a");
		assert.equal(idOf({ host: "z.example.com" }), "wild");
		assert.equal(idOf({ host: "else.test" }), "any");
		assert.equal(idOf(undefined), "any");
		assert.equal(
			gateway.openapi({ host: "else.test" }).paths["/six"],
			undefined,
		);
	});
});

suite("a gateway that names its hosts", () => {
	test("rejects requests for any other with a 421, before everything else", async (t) => {
		const { url: upstream, requests } = await startUpstream(t, (_req, res) => {
			res.end("here");
		});
		const gateway = gatewayOf([route.all("/*", { upstream })], {
			hosts: ["api.example.com", "*.Example.org"],
		});
		const { port } = await startGateway(t, gateway);
		const statusOf = async (head: string): Promise<number> => {
			await using client = await connectRaw({ port });
			return (await client.exchange(head)).status;
		};
		const good = ["api.example.com", "API.example.com:99", "a.b.example.org."];
		for (const host of good) {
			assert.equal(
				await statusOf(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
				200,
				host,
			);
		}
		const upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n";
		const bad = [
			"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
			"GET / HTTP/1.1\r\nHost:\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: api.example.com.evil.test\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: api.example.com\r\n\r\n",
			"GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n",
			"GET / HTTP/1.0\r\n\r\n",
			"OPTIONS * HTTP/1.1\r\nHost: evil.test\r\n\r\n",
			`GET / HTTP/1.1\r\nHost: evil.test\r\n${upgrade}\r\n`,
		];
		for (const head of bad) assert.equal(await statusOf(head), 421, head);
		assert.equal(requests.length, good.length);
		const { body } = await gateway.inject({ url: "/", host: "evil.test" });
		assert.match(body, /ERR_MISDIRECTED/);
	});

	test("a guarded route of one host is not reached by another spelling of that host", async () => {
		const login = dependency((): never => {
			throw new HttpError(401);
		});
		const handler = (): string => "open";
		const gateway = gatewayOf([
			route.get("/*", {
				handler,
				hosts: ["admin.test"],
				dependencies: { login },
				operationId: "a",
			}),
			route.get("/*", { handler }),
		]);
		for (const host of [
			"admin.test",
			"ADMIN.test",
			"admin.test.",
			"admin.test:1",
		]) {
			assert.equal(await ask(gateway, host, "/x"), "401", host);
		}
		assert.equal(await ask(gateway, "other.test", "/x"), "open");
		assert.equal(await ask(gateway, "other.test", "/X"), "open");
	});
});

suite("hosts that do not fit", () => {
	const handler = (): string => "here";

	test("are errors at start-up", () => {
		const cases: [() => unknown, RegExp][] = [
			[
				() => gatewayOf([], { hosts: ["a.test:80"] }),
				/hosts\[0\] must be a host without a port.*got "a.test:80"/,
			],
			[() => gatewayOf([], { hosts: ["https://a.test"] }), /hosts\[0\]/],
			[() => gatewayOf([], { hosts: [] }), /hosts/],
			[() => gatewayOf([], { hosts: ["*"] }), /hosts\[0\]/],
			[() => gatewayOf([], { hosts: ["a.*.test"] }), /hosts\[0\]/],
			[() => gatewayOf([], { hosts: "a.test" as never }), /hosts/],
			[
				() => gatewayOf([route.get("/", { handler, hosts: ["a b"] })]),
				/GET \/: hosts\[0\]/,
			],
			[() => route.with({ hosts: ["a.test/"] }), /route.with: hosts\[0\]/],
			[
				() =>
					gatewayOf([route.get("/", { handler, hosts: ["b.test"] })], {
						hosts: ["a.test"],
					}),
				/GET \/: hosts has "b.test", which is none of the gateway's hosts/,
			],
			[
				() =>
					gatewayOf([
						route.get("/", { handler, hosts: ["a.test"] }),
						route.get("/", { handler }),
					]),
				/GET \/: differs from another route only by its hosts; it needs an operationId/,
			],
			[
				() =>
					gatewayOf([
						at("/", "a", ["a.test", "b.test"]),
						at("/", "b", ["b.test"]),
					]),
				/ALL \/: clashes with ALL \/ at b.test/,
			],
		];
		for (const [make, expected] of cases) assert.throws(make, expected);
	});
});
