import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	dependency,
	type Gateway,
	HttpError,
	type Policy,
	type Route,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { cache } from "../../src/policies/cache/cache.ts";
import { requestId } from "../../src/policies/observability/request-id.ts";
import { rateLimit } from "../../src/policies/rate-limit/rate-limit.ts";
import { startGateway, startUpstream } from "../../src/testing.ts";
import { connectRaw } from "../helpers/raw-client.ts";
import {
	skipAsgi,
	skipNginx,
	startAsgi,
	startExpressService,
	startNginx,
} from "../helpers/real-services.ts";

const login = dependency((): never => {
	throw new HttpError(401);
});
const handler = (): string => "open";

/** Spellings of guarded paths that some service takes for them. */
const spellings: readonly string[] = [
	"/admin%2Fusers",
	"/admin%2fusers",
	"//admin/users",
	"/admin//users",
	"///admin///users",
	"/admin/users/",
	"/admin/users//",
	"/Admin/users",
	"/ADMIN%2FUSERS",
	"/%61dmin%2Fusers",
	"/%2561dmin/users",
	"/admin%252Fusers",
	"/admin%25252Fusers",
	"/admin;x/users",
	"/admin;x=1/users;y",
	"/admin%3Bx/users",
	"/admin/users;jsessionid=1",
	"/admin/users%0a",
	"/admin/users%20",
	"/admin/users.",
	"/admin./users",
	"/admin/users%3Fa",
	"/admin/users%23a",
	"/admin/%75sers/",
	"/admin%c0%afusers",
	"/%ef%bd%81dmin/Users",
	"/admin%ef%bc%8fusers",
	"//%41dmin%2f%2fUsers%2f",
	"/account/",
	"/Account",
	"/account%2f",
	"//account",
	"/accoun%2574",
	"/v1/keys%3Arotate",
	"/v1/keys%3arotate/",
	"/v1%2Fkeys:rotate",
	"/v1/a%2Cb",
	"/v1/A%2cB",
	"/items/7%2Fedit",
	"/items%2F7/edit",
	"/items/7/Edit",
	"/items/7/edit/",
	"/Items/x%2Fedit",
];

function guardedRoutes(upstream: string): Route[] {
	const guarded = { upstream, dependencies: { login } };
	return [
		route.all("/admin/*", guarded),
		route.all("/account", guarded),
		route.all("/v1/keys::rotate", guarded),
		route.all("/v1/a,b", guarded),
		route.all("/items/:id/edit", guarded),
		route.all("/items/:id", { upstream }),
		route.all("/*", { upstream }),
	];
}

/** What a service gives for those paths; a client over TCP sends them as they are. */
async function ask(
	t: TestContext,
	gateway: Gateway,
	paths: readonly string[],
): Promise<Map<string, string>> {
	const { port } = await startGateway(t, gateway);
	const bodies = new Map<string, string>();
	for (const path of paths) {
		for (const method of ["GET", "POST"]) {
			await using client = await connectRaw({ port });
			const { status, body } = await client.exchange(
				`${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`,
			);
			bodies.set(`${method} ${path}`, status === 200 ? `${body}` : `${status}`);
		}
	}
	return bodies;
}

async function assertClosed(t: TestContext, upstream: string): Promise<void> {
	const routes = guardedRoutes(upstream);
	const gateway = createGateway({ routes, docs: false });
	const bodies = await ask(t, gateway, spellings);
	for (const [request, body] of bodies) {
		assert.match(body, /^40[01]$/, `${request}: ${body}`);
	}
	const open = await ask(t, createGateway({ routes, docs: false }), [
		"/Other",
		"/a%20b",
		"/items/7",
		"/items/A%2Fb",
		"/items//",
		"/adminx/Users",
		"/v1/Keys",
	]);
	assert.deepEqual(new Set(open.values()), new Set(["open"]));
}

suite("a guarded route and an open one that takes everything", () => {
	test("in front of nginx", { skip: skipNginx }, async (t) => {
		await assertClosed(t, await startNginx(t));
	});
	test("in front of Starlette", { skip: skipAsgi }, async (t) => {
		await assertClosed(t, await startAsgi(t));
	});
	test("in front of Express", async (t) => {
		await assertClosed(t, await startExpressService(t));
	});
	test("the services do run it for such spellings", {
		skip: skipNginx || skipAsgi,
	}, async (t) => {
		const counts: number[] = [];
		for (const start of [startNginx, startAsgi, startExpressService]) {
			const upstream = await start(t);
			const routes = guardedRoutes(upstream);
			const gateway = createGateway({ routes, docs: false, paths: "opaque" });
			const bodies = await ask(t, gateway, spellings);
			counts.push([...bodies.values()].filter((b) => b === "secret").length);
		}
		for (const count of counts) assert.ok(count > 5, `${counts}`);
	});
});

async function statusOf(
	routes: readonly Route[],
	url: string,
	more: { paths?: "opaque"; policies?: Policy[] } = {},
): Promise<number> {
	const gateway = createGateway({ routes, docs: false, ...more });
	const { status, body } = await gateway.inject(url);
	if (status === 400) assert.match(body, /ERR_BAD_PATH/);
	return status;
}

suite("what counts as better guarded", () => {
	const open = route.all("/*", { handler });

	test("a dependency, and a policy that limits, but not a cache or an id", async (t) => {
		const { url: upstream } = await startUpstream(t, (_req, res) => {
			res.end();
		});
		const on = (options: object): readonly Route[] => [
			route.get("/items", { handler, ...options }),
			open,
		];
		const limit = rateLimit({ limit: 9, window: "minute" });
		const cases: [object, number][] = [
			[{ dependencies: { login } }, 400],
			[{ dependencies: { flag: dependency(() => 1) } }, 400],
			[{ policies: [limit] }, 400],
			[
				{ policies: [cache({ ttlSeconds: 1 })], upstream, handler: undefined },
				200,
			],
			[{ policies: [requestId()] }, 200],
			[
				{ policies: [{ name: "log", forRoute: () => ({ onFinish() {} }) }] },
				200,
			],
			[{ policies: [{ name: "none", forRoute: () => null }] }, 200],
			[{}, 200],
		];
		for (const [options, expected] of cases) {
			for (const url of ["/items/", "/Items", "//items", "/items?a=/"]) {
				const status = await statusOf(on(options), url);
				const own = url.startsWith("/items?");
				if (!own)
					assert.equal(status, expected, `${url} ${JSON.stringify(options)}`);
			}
		}
	});

	test("what both have does not, whichever way they have it", async () => {
		const caller = dependency(() => "ada");
		const admin = dependency({ caller }, ({ caller: name }) => name);
		const routes = [
			route.get("/a", { handler, dependencies: { caller } }),
			route.all("/*", { handler, dependencies: { other: admin } }),
		];
		assert.equal(await statusOf(routes, "/A"), 200);
		const limited = [
			route.get("/a", { handler }),
			route.all("/*", { handler }),
		];
		const policies = [rateLimit({ limit: 9, window: "minute" })];
		assert.equal(await statusOf(limited, "/A", { policies }), 200);
	});

	test("paths: 'opaque' on either route, or on the gateway", async () => {
		const guarded = { handler, dependencies: { login } };
		const opaque = { paths: "opaque" } as const;
		const plain = [route.get("/a", guarded), open];
		assert.equal(await statusOf(plain, "/A"), 400);
		assert.equal(await statusOf(plain, "/A", opaque), 200);
		const first = [route.get("/a", { ...guarded, ...opaque }), open];
		assert.equal(await statusOf(first, "/A"), 200);
		const last = [
			route.get("/a", guarded),
			route.all("/*", { handler, ...opaque }),
		];
		assert.equal(await statusOf(last, "/A"), 200);
	});
});

suite("templates are folded too", () => {
	const guarded = { handler, dependencies: { login } };

	async function assertRejected(
		template: string,
		urls: readonly string[],
		openPath = "/*",
	): Promise<void> {
		const routes = [
			route.get(template, guarded),
			route.all(openPath, { handler }),
		];
		for (const url of urls) {
			const gateway = createGateway({ routes, docs: false });
			const { status } = await gateway.inject(url);
			assert.equal(status, 400, `${url} at ${template}`);
		}
	}

	test("those with marks are found from paths without any", async () => {
		await assertRejected("/Admin", ["/admin", "/ADMIN", "//Admin"]);
		await assertRejected("/admin/", ["/admin", "/admin//"]);
		await assertRejected("/a//b", ["/a/b"]);
		await assertRejected("/a;v=1/b", ["/a/b", "/a;v=2/b"]);
		await assertRejected("/caf%C3%A9", ["/caf%C3%A9", "/caf%E9"]);
		await assertRejected("/café", ["/caf%C3%89", "/caf%E9", "/cafe%CC%81"]);
	});

	test("parameters, wildcards and expressions", async () => {
		await assertRejected("/t/:tenantId/Keys", ["/t/x/keys", "/T/x%2FKeys"]);
		await assertRejected(
			"/t/:tenant/*",
			["/t/x%2Fy", "/t/x%2Fy%2Fz", "/t/X%2F"],
			"/t/:a",
		);
		await assertRejected("/:area(^ADMIN|OPS$)/x", ["/ops/x", "/Admin/x"]);
		await assertRejected("/:code(^[A-Z]{3}$)", ["/abc", "/aBc/", "//ABC"]);
		await assertRejected("/:n(^\\d+$)/edit", ["/7/Edit", "/%2537/edit"]);
		await assertRejected("/:name.:Ext", ["/a.b/", "/a%252eb"]);
		await assertRejected("/near/:lat-:lng/Here", ["/near/1-2/here"]);
		await assertRejected("/posts/:page?", ["/Posts", "/posts%2F1"]);
		await assertRejected("/files/*", ["/Files", "/files%2F", "//files"]);
	});

	test("two that are declared side by side are both taken at their word", async () => {
		const routes = [
			route.get("/Item", guarded),
			route.get("/item", { handler }),
			route.get("/:any", { handler }),
		];
		assert.equal(await statusOf(routes, "/item"), 200);
		assert.equal(await statusOf(routes, "/Item"), 401);
		assert.equal(await statusOf(routes, "/ITEM"), 400);
	});

	test("an open route between them does not open what a service tells apart", async () => {
		const routes = [
			route.get("/files/*", guarded),
			route.get("/files/public/*", { handler }),
			route.get("/*", { handler }),
		];
		assert.equal(await statusOf(routes, "/files/public/x"), 200);
		assert.equal(await statusOf(routes, "//files/public/x"), 200);
		assert.equal(await statusOf(routes, "//files/Public/x"), 400);
		assert.equal(await statusOf(routes, "/files/Public/x"), 401);
	});

	test("methods count", async () => {
		const routes = [
			route.post("/a", guarded),
			route.get("/b", guarded),
			route.all("/*", { handler }),
		];
		const gateway = createGateway({ routes, docs: false });
		const ask = async (method: string, url: string): Promise<number> =>
			(await gateway.inject({ method, url })).status;
		assert.equal(await ask("GET", "/A"), 200);
		assert.equal(await ask("POST", "/A"), 400);
		assert.equal(await ask("HEAD", "/B"), 400);
	});
});

suite("paths with checked values", () => {
	test("are looked at as they are forwarded", async (t) => {
		const { url: upstream, requests } = await startUpstream(t, (_req, res) => {
			res.end();
		});
		const doc = Type.Unsafe<string>({ type: "string" });
		const gateway = createGateway({
			docs: false,
			routes: [
				route.get("/n/1000", { upstream, dependencies: { login } }),
				route.get("/n/:n", { upstream, path: { n: Type.Number() } }),
				route.get("/d/keys::rotate", { upstream, dependencies: { login } }),
				route.get("/d/:doc", { upstream, path: { doc } }),
			],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const status = async (url: string): Promise<number> =>
			(await gateway.inject(url)).status;
		assert.equal(await status("/n/1e3"), 400);
		assert.equal(await status("/n/01000"), 400);
		assert.equal(await status("/n/2e3"), 200);
		assert.equal(await status("/d/keys%3Arotate"), 400);
		assert.equal(await status("/d/keys%3Aother"), 200);
		assert.deepEqual(
			requests.map(({ url }) => url),
			["/n/2000", "/d/keys:other"],
		);
	});
});

suite("upgrades", () => {
	test("are held to the same", async (t) => {
		const { url: upstream, requests } = await startUpstream(t, (_req, res) => {
			res.end();
		});
		const gateway = createGateway({
			docs: false,
			routes: [
				route.get("/chat", { upstream, dependencies: { login } }),
				route.get("/*", { upstream }),
			],
		});
		const { port } = await startGateway(t, gateway);
		for (const path of ["/chat/", "/Chat", "/%2563hat"]) {
			await using client = await connectRaw({ port });
			const { status } = await client.exchange(
				`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
			);
			assert.equal(status, 400, path);
		}
		assert.equal(requests.length, 0);
	});
});

suite("a path that could be another one once it is cut at a semicolon", () => {
	test("is a 400", async () => {
		const gateway = createGateway({
			docs: false,
			routes: [route.all("/*", { handler: () => reply(200, "here") })],
		});
		for (const url of [
			"/a/..;/b",
			"/a/.;x/b",
			"/a/..;x=1",
			"/a/..%3Bx/b",
			"/a/%2e%2e%3bx/b",
			"/a/..%253Bx/b",
			"/a%2F..;/b",
		]) {
			assert.equal((await gateway.inject(url)).status, 400, url);
		}
		for (const url of ["/a;..", "/a..;b", "/...;x"]) {
			assert.equal((await gateway.inject(url)).status, 200, url);
		}
	});
});
