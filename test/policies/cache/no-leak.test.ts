import assert from "node:assert/strict";
import { test } from "node:test";
import {
	createGateway,
	dependency,
	input,
	type Policy,
	route,
	Type,
} from "../../../src/index.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { cache } from "../../../src/policies/cache/cache.ts";
import { startUpstream } from "../../../src/testing.ts";
import { startCache } from "./stage.ts";

const fresh = { "cache-control": "max-age=60" };
const caller = apiKey({
	header: "x-api-key",
	keys: [
		{ key: "k-ann-0123456789abcdef", id: "ann" },
		{ key: "k-bob-0123456789abcdef", id: "bob" },
	],
});
const ann = { "x-api-key": "k-ann-0123456789abcdef" };
const bob = { "x-api-key": "k-bob-0123456789abcdef" };

test("two callers never share an answer, and each has a hit of its own", async (t) => {
	let count = 0;
	const stage = await startCache(
		t,
		(_req, res) => res.writeHead(200, fresh).end(String(++count)),
		{ route: { dependencies: { caller } } as never },
	);
	const bodies = [];
	for (const who of [ann, bob, ann, bob]) {
		bodies.push((await stage.get("/", who)).body);
	}
	assert.deepEqual(bodies, ["1", "2", "1", "2"]);
	assert.equal((await stage.get("/")).status, 401);
});

test("callers share where the route says so", async (t) => {
	for (const options of [{ shared: true }, { partition: () => "all" }]) {
		const stage = await startCache(
			t,
			(_req, res) => res.writeHead(200, fresh).end(),
			{ cache: options, route: { dependencies: { caller } } as never },
		);
		await stage.get("/", ann);
		assert.match((await stage.get("/", bob)).how, /hit/);
	}
});

test("what forward.headers says of a caller parts answers without a dependency", async (t) => {
	const stage = await startCache(
		t,
		(req, res) => res.writeHead(200, fresh).end(String(req.headers["x-who"])),
		{
			route: {
				headers: { "x-raw": Type.String() },
				forward: {
					headers: (ctx: { headers: { "x-raw": string } }) => ({
						"x-who": ctx.headers["x-raw"],
					}),
				},
			} as never,
		},
	);
	for (const who of ["ann", "bob", "ann"]) {
		assert.equal((await stage.get("/", { "x-raw": who })).body, who);
	}
	assert.equal(stage.asked(), 2);
});

test("one id in two kinds of identity is two callers", async (t) => {
	const who = dependency({ kind: input.header("x-kind") }, ({ kind }) => ({
		kind,
		id: "7",
	}));
	const stage = await startCache(
		t,
		(_req, res) => res.writeHead(200, fresh).end(),
		{ route: { dependencies: { who } } as never },
	);
	await stage.get("/", { "x-kind": "key" });
	assert.match((await stage.get("/", { "x-kind": "token" })).how, /uri-miss/);
});

test("the gateway's dependencies count like the route's", async (t) => {
	const upstream = await startUpstream(t, (_req, res) =>
		res.writeHead(200, fresh).end(),
	);
	const gateway = createGateway({
		docs: false,
		dependencies: { caller },
		routes: [route.get("/", { upstream: upstream.url, policies: [cache()] })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	await gateway.inject({ url: "/", headers: ann });
	await gateway.inject({ url: "/", headers: bob });
	assert.equal(upstream.requests.length, 2);
});

test("Authorization is stored with public, s-maxage or must-revalidate alone", async (t) => {
	const headers = { authorization: "Bearer x" };
	for (const [control, isStored] of [
		["max-age=60", false],
		["public, max-age=60", true],
		["s-maxage=60", true],
		["must-revalidate, max-age=60", true],
	] as const) {
		const stage = await startCache(t, (_req, res) =>
			res.writeHead(200, { "cache-control": control }).end(),
		);
		await stage.get("/", headers);
		const { how } = await stage.get("/", headers);
		assert.equal(how.includes("hit"), isStored, control);
	}
});

test("an answer with Set-Cookie is not stored, or without the cookie", async (t) => {
	for (const storeSetCookie of [false, true]) {
		const stage = await startCache(
			t,
			(_req, res) =>
				res.writeHead(200, { ...fresh, "set-cookie": "s=secret" }).end(),
			{ cache: { storeSetCookie } },
		);
		const first = await stage.get("/");
		assert.deepEqual(first.headers["set-cookie"], "s=secret");
		const second = await stage.get("/");
		assert.equal(second.how.includes("hit"), storeSetCookie);
		if (storeSetCookie) assert.equal(second.headers["set-cookie"], undefined);
	}
});

test("a default freshness is not given to answers of requests with a Cookie", async (t) => {
	const stage = await startCache(t, (_req, res) => res.end(), {
		cache: { ttlSeconds: 60 },
	});
	for (let i = 0; i < 2; i++) {
		const { how } = await stage.get("/", { cookie: "s=1" });
		assert.match(how, /detail=cookie/);
	}
});

test("Vary parts answers by what the service really gets", async (t) => {
	const stage = await startCache(t, (req, res) =>
		res
			.writeHead(200, { ...fresh, vary: "Origin, X-Lang" })
			.end(`${req.headers.origin} ${req.headers["x-lang"]}`),
	);
	const seen = async (headers: Record<string, string>): Promise<string> =>
		(await stage.get("/", headers)).body;
	for (let i = 0; i < 2; i++) {
		assert.equal(await seen({}), "undefined undefined");
		assert.equal(await seen({ origin: "http://a" }), "http://a undefined");
		assert.equal(await seen({ origin: "http://b" }), "http://b undefined");
		assert.equal(await seen({ "x-lang": "en" }), "undefined en");
	}
	assert.equal(stage.asked(), 4);
});

test("a header that a policy sets behind the cache can not be spoofed into a variant", async (t) => {
	const tenant: Policy = {
		name: "tenant",
		forRoute: () => ({
			onUpstreamRequest(ctx, request) {
				const name = String(ctx.req.headers["x-host"]);
				request.headers = [...request.headers, "x-tenant", name];
			},
		}),
	};
	const upstream = await startUpstream(t, (req, res) =>
		res
			.writeHead(200, { ...fresh, vary: "x-tenant" })
			.end(String(req.headers["x-host"])),
	);
	const gateway = createGateway({
		docs: false,
		routes: [
			route.get("/", { upstream: upstream.url, policies: [cache(), tenant] }),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	for (const host of ["a", "b", "a"]) {
		const headers = { "x-host": host, "x-tenant": "a" };
		assert.equal((await gateway.inject({ url: "/", headers })).body, host);
	}
});

test("what the service hears of the client's Host is in the key; what it does not hear is in no answer", async (t) => {
	const stage = await startCache(t, (req, res) =>
		res
			.writeHead(200, fresh)
			.end(`${req.headers["x-forwarded-host"]} ${req.headers["x-evil"]}`),
	);
	const spoofed = await stage.get("/", { "x-forwarded-host": "evil" });
	assert.equal(spoofed.body, "gateway undefined");
	const other = await stage.get("/", { host: "evil" });
	assert.equal(other.body, "evil undefined");
	assert.equal((await stage.get("/")).body, "gateway undefined");
	assert.equal(stage.asked(), 2);
});

test("callers whom a trusted proxy tells apart share nothing", async (t) => {
	const { url } = await startUpstream(t, (req, res) =>
		res.writeHead(200, fresh).end(req.headers["x-forwarded-user"] ?? "nobody"),
	);
	const gateway = createGateway({
		docs: false,
		trustedProxies: ["127.0.0.1"],
		policies: [cache()],
		routes: [route.get("/", { upstream: url })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const listening = await gateway.listen();
	const seen: unknown[] = [];
	for (const user of ["ann", "bob", "ann", null]) {
		const headers = { "x-forwarded-port": String(seen.length) };
		const res = await fetch(listening.url, {
			headers:
				user === null ? headers : { ...headers, "x-forwarded-user": user },
		});
		seen.push(
			await res.text(),
			/hit/.test(res.headers.get("cache-status") ?? ""),
		);
	}
	assert.deepEqual(seen, [
		...["ann", false, "bob", false],
		...["ann", true, "nobody", false],
	]);
});

test("routes to two services share nothing, though they ask for one path", async (t) => {
	const services = await Promise.all(
		["one", "two"].map((name) =>
			startUpstream(t, (_req, res) => res.writeHead(200, fresh).end(name)),
		),
	);
	const policies = [cache()];
	const gateway = createGateway({
		docs: false,
		policies,
		routes: services.map(({ url }, i) =>
			route.get(`/${i}`, { upstream: url, upstreamPath: "/same" }),
		),
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	assert.equal((await gateway.inject("/0")).body, "one");
	assert.equal((await gateway.inject("/1")).body, "two");
});

test("a route that reads a body is not cached, nor a request that sends one", async (t) => {
	const stage = await startCache(t, (req, res) => {
		req.resume();
		res.writeHead(200, fresh).end();
	});
	await stage.gateway.inject({ url: "/", headers: { "content-length": "0" } });
	const { headers } = await stage.gateway.inject({
		url: "/",
		method: "GET",
		body: "x",
	});
	assert.match(String(headers["cache-status"]), /fwd=bypass; detail=body/);
	const form = dependency({ a: input.form("a") }, ({ a }) => a);
	const late = await startCache(
		t,
		(_req, res) => res.writeHead(200, fresh).end(),
		{ route: { dependencies: { form } } as never },
	);
	assert.equal((await late.get("/")).how, "none");
});

test("request ids and rate limits of one request are not given to another; what response.keepHeaders hides stays hidden", async (t) => {
	const stage = await startCache(
		t,
		(_req, res) =>
			res
				.writeHead(200, {
					...fresh,
					"x-request-id": "1",
					"ratelimit-remaining": "3",
					"x-secret": "s",
					etag: '"v"',
				})
				.end(),
		{ route: { response: { keepHeaders: ["x-request-id"] } } as never },
	);
	const first = await stage.get("/");
	const second = await stage.get("/");
	assert.match(second.how, /hit/);
	assert.equal(first.headers["x-request-id"], "1");
	for (const name of [
		"x-request-id",
		"ratelimit-remaining",
		"x-secret",
		"etag",
	]) {
		assert.equal(second.headers[name], undefined, name);
	}
});
