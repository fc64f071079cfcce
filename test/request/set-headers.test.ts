import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type Policy,
	type PolicyHooks,
	type Route,
	reply,
	route,
	Type,
	type UpstreamOptions,
	upstream,
} from "../../src/index.ts";
import { requestId } from "../../src/policies/observability/request-id.ts";
import { rateLimit } from "../../src/policies/rate-limit/rate-limit.ts";
import { startUpstream } from "../../src/testing.ts";
import { type Echo, startEcho } from "../helpers/echo.ts";
import { KeptLog } from "../helpers/kept-log.ts";
import { policyOf } from "../helpers/policed-gateway.ts";

type Headers = Readonly<Record<string, string | string[]>>;

/** The lines of that name which a service gets through a route that sets these headers. */
async function forwarded(
	t: TestContext,
	headers: Headers,
	options: UpstreamOptions = {},
	hooks: PolicyHooks = {},
): Promise<(name: string) => string[]> {
	const { url } = await startEcho(t);
	const gateway = createGateway({
		docs: false,
		routes: [
			route.get("/", {
				upstream: upstream(url, options),
				forward: { headers: () => headers },
				policies: [policyOf(hooks)],
			}),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const got = await gateway.inject({
		url: "/",
		headers: { host: "pub.example" },
	});
	assert.equal(got.status, 200, got.body);
	const { rawHeaders } = got.json() as Echo;
	return (name) =>
		rawHeaders.filter(
			(_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name,
		);
}

suite("what a route sets towards the service replaces the gateway's own", () => {
	const own: Headers = {
		"x-forwarded-for": "1.2.3.4",
		"X-Forwarded-Host": "set.example",
		"x-forwarded-proto": "https",
		forwarded: "for=1.2.3.4",
		via: "1.1 me",
		host: "tenant.example",
		"x-request-start": "t=1",
	};
	for (const preserveHost of [false, true]) {
		for (const via of ["both", "responses"] as const) {
			test(`preserveHost ${preserveHost}, via ${via}`, async (t) => {
				const options = { preserveHost, via, requestStart: true };
				const lines = await forwarded(t, own, options);
				for (const [name, value] of Object.entries(own)) {
					assert.deepEqual(lines(name.toLowerCase()), [value]);
				}
			});
		}
	}

	test("several lines only where several values are set", async (t) => {
		const lines = await forwarded(t, {
			"x-forwarded-for": ["1.1.1.1", "2.2.2.2"],
		});
		assert.deepEqual(lines("x-forwarded-for"), ["1.1.1.1", "2.2.2.2"]);
	});

	test("and so does a hook of step 7, which is the last to say", async (t) => {
		const lines = await forwarded(
			t,
			{ "x-a": "1" },
			{ preserveHost: true },
			{
				onUpstreamRequest(ctx) {
					ctx.setUpstreamHeader("X-A", "2");
					ctx.setUpstreamHeader("forwarded", null);
					ctx.setUpstreamHeader("host", "last.example");
				},
			},
		);
		assert.deepEqual(lines("x-a"), ["2"]);
		assert.deepEqual(lines("forwarded"), []);
		assert.deepEqual(lines("host"), ["last.example"]);
	});
});

suite("via", () => {
	for (const [via, towards, back] of [
		[undefined, [], "1.1 headgate"],
		["responses", [], "1.1 headgate"],
		["both", ["1.1 headgate"], "1.1 headgate"],
		["none", [], undefined],
	] as const) {
		test(`${via}`, async (t) => {
			const { url, requests } = await startEcho(t);
			const target = upstream(url, via === undefined ? {} : { via });
			const gateway = createGateway({
				docs: false,
				routes: [route.get("/", { upstream: target })],
			});
			t.after(() => gateway.close({ timeoutMs: 0 }));
			const got = await gateway.inject("/");
			assert.equal(got.headers.via, back);
			const { rawHeaders } = got.json() as Echo;
			const at = rawHeaders.indexOf("via");
			assert.deepEqual(at < 0 ? [] : [rawHeaders[at + 1]], towards);
			assert.equal(requests.length, 1);
		});
	}

	test("true and false are no values of it any more", () => {
		assert.throws(
			() => upstream("http://a", { via: false as never }),
			/via must be 'responses', 'both' or 'none'/,
		);
	});
});

suite("what is set on the way back replaces what is there", () => {
	const policy: Policy = policyOf({
		onRequest(ctx) {
			ctx.setResponseHeader("Server", "edge");
			ctx.setResponseHeader("strict-transport-security", "max-age=1");
			ctx.setResponseHeader("x-powered-by", null);
			ctx.appendResponseHeader("set-cookie", "b=2");
			ctx.appendResponseHeader("vary", "Origin");
		},
	});
	const start = async (t: TestContext, policies: readonly Policy[]) => {
		const { url } = await startUpstream(t, (req, res) => {
			res.setHeader("x-request-id", req.headers["x-request-id"] ?? "none");
			res.setHeader("server", "service");
			res.setHeader("x-powered-by", "PHP");
			res.setHeader("Strict-Transport-Security", "max-age=9");
			res.setHeader("set-cookie", "a=1");
			res.setHeader("vary", "Accept");
			res.setHeader("ratelimit", "service");
			res.setHeader("x-ratelimit-limit", "9");
			res.end("ok");
		});
		const routes: Route[] = [
			route.get("/forwarded", { upstream: url }),
			route.get("/local", {
				handler: () =>
					reply(200, "ok", {
						Server: "handler",
						"x-powered-by": "handler",
						"set-cookie": "a=1",
						vary: "Accept",
					}),
			}),
		];
		const gateway = createGateway({ docs: false, policies, routes });
		t.after(() => gateway.close({ timeoutMs: 0 }));
		return gateway;
	};

	for (const url of ["/forwarded", "/local"]) {
		test(`once for each name: ${url}`, async (t) => {
			const gateway = await start(t, [requestId(), policy]);
			const { headers, status } = await gateway.inject(url);
			assert.equal(status, 200);
			assert.equal(headers.server, "edge");
			assert.equal(headers["strict-transport-security"], "max-age=1");
			assert.equal(headers["x-powered-by"], undefined);
			assert.match(String(headers["x-request-id"]), /^[\w-]{36}$/);
			assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
			assert.deepEqual([headers.vary].flat().join(", "), "Accept, Origin");
		});
	}

	test("also where the service's Connection names it", async (t) => {
		const { url } = await startUpstream(t, (_req, res) => {
			res.writeHead(200, [
				...["Connection", "keep-alive, server, x-request-id, vary"],
				...["Server", "service", "x-request-id", "service", "vary", "Accept"],
			]);
			res.end();
		});
		const gateway = createGateway({
			docs: false,
			policies: [requestId(), policy],
			routes: [route.get("/", { upstream: url })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const { headers } = await gateway.inject("/");
		assert.deepEqual([headers.server, headers.vary], ["edge", "Origin"]);
		assert.match(String(headers["x-request-id"]), /^[\w-]{36}$/);
	});

	test("a limit's headers replace the service's, and stand beside another limit's", async (t) => {
		const limit = (name: string, amount: number): Policy =>
			rateLimit({ name, limit: amount, windowMs: 60_000, legacyHeaders: true });
		const gateway = await start(t, [limit("wide", 50), limit("narrow", 5)]);
		const { headers } = await gateway.inject("/forwarded");
		assert.match(
			String(headers.ratelimit),
			/^"[\w-]+";r=49;t=\d+, "[\w-]+";r=4;t=\d+$/,
		);
		assert.equal(headers["x-ratelimit-limit"], "5");
		assert.equal(headers["x-ratelimit-remaining"], "4");
	});

	test("ctx.responseHeader tells what was set so far", async (t) => {
		const seen: unknown[] = [];
		const gateway = await start(t, [
			policyOf({
				onRequest(ctx) {
					seen.push(ctx.responseHeader("X-A"));
					ctx.setResponseHeader("x-a", "1");
					ctx.appendResponseHeader("X-A", "2");
					seen.push(ctx.responseHeader("X-A"));
				},
			}),
		]);
		await gateway.inject("/local");
		assert.deepEqual(seen, [null, "1, 2"]);
	});

	for (const name of [
		"Content-Length",
		"transfer-encoding",
		"Connection",
		"trailer",
		"a b",
		"",
	]) {
		test(`not a name that is about the connection, or none: "${name}"`, async (t) => {
			for (const set of [
				"setResponseHeader",
				"appendResponseHeader",
			] as const) {
				const log = new KeptLog();
				const gateway = createGateway({
					docs: false,
					logger: log,
					policies: [policyOf({ onRequest: (ctx) => ctx[set](name, "1") })],
					routes: [route.get("/", { handler: () => "ok" })],
				});
				t.after(() => gateway.close({ timeoutMs: 0 }));
				assert.equal((await gateway.inject("/")).status, 500);
				assert.match(String(log.lines[0]?.details.err), /cannot be set/);
			}
		});
	}
});

suite("line breaks in a value that becomes a header", () => {
	const options = {
		path: { id: Type.String() },
		query: { q: Type.Optional(Type.String()) },
		cookies: { c: Type.Optional(Type.String()) },
	};
	const sent = [
		{ url: "/a%0d%0ax-evil:%201" },
		{ url: "/a%0Ax-evil:%201" },
		{ url: "/a?q=b%0d%0ax-evil:%201" },
		{ url: "/a?q=%00" },
		{ url: "/a", headers: { cookie: "c=b%0d%0ax-evil:%201" } },
	];

	test("towards the service: 400, and the log names header and route", async (t) => {
		const { url, requests } = await startEcho(t);
		const log = new KeptLog();
		const gateway = createGateway({
			docs: false,
			logger: log,
			routes: [
				route.get("/:id", {
					...options,
					upstream: url,
					forward: {
						headers: ({ path, query, cookies }) => ({
							"x-id": [
								path.id,
								query.q ?? "",
								decodeURIComponent(cookies.c ?? ""),
							],
						}),
					},
				}),
			],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		for (const request of sent) {
			assert.equal((await gateway.inject(request)).status, 400, request.url);
		}
		assert.equal(requests.length, 0);
		assert.equal(log.lines.length, sent.length);
		const { header, route: id } = log.lines[0]?.details ?? {};
		assert.deepEqual([header, id], ["x-id", "GET /:id"]);
	});

	for (const via of ["setResponseHeader", "reply"] as const) {
		test(`in a response, by ${via}: 500, logged`, async (t) => {
			const log = new KeptLog();
			const gateway = createGateway({
				docs: false,
				logger: log,
				routes: [
					route.get("/:id", {
						...options,
						handler: (ctx) => {
							const { path, query, cookies } = ctx;
							const value =
								path.id + query.q + decodeURIComponent(cookies.c ?? "");
							if (via === "reply") return reply(200, "ok", { "x-id": value });
							ctx.setResponseHeader("x-id", value);
							return "ok";
						},
					}),
				],
			});
			t.after(() => gateway.close({ timeoutMs: 0 }));
			for (const request of sent) {
				const got = await gateway.inject(request);
				assert.equal(got.status, 500, request.url);
				assert.equal(got.headers["x-evil"], undefined);
			}
			assert.equal(log.lines.length, sent.length);
			assert.match(String(log.lines[0]?.details.err), /x-id/);
			assert.equal(log.lines[0]?.details.route, "GET /:id");
		});
	}
});

suite("text outside ASCII", () => {
	const texts = ["Zoë", "Łukasz", "Олена", "日本", "☃ é", "\u{1f600}"];
	const utf8 = (text: string): string => Buffer.from(text).toString("latin1");

	test("goes to the service as UTF-8, however it is set", async (t) => {
		for (const text of texts) {
			const lines = await forwarded(
				t,
				{ "x-forward": text },
				{},
				{
					onRequest: (ctx) => ctx.setUpstreamHeader("x-policy", text),
					onUpstreamRequest(ctx, request) {
						ctx.setUpstreamHeader("x-hook", text);
						if (text !== "Zoë") request.headers.push("x-list", text);
					},
				},
			);
			for (const name of ["x-forward", "x-policy", "x-hook"]) {
				assert.deepEqual(lines(name), [utf8(text)], name);
			}
			if (text !== "Zoë") assert.deepEqual(lines("x-list"), [utf8(text)]);
		}
	});

	test("a received value that is set again keeps its bytes", async (t) => {
		const { url } = await startEcho(t);
		const gateway = createGateway({
			docs: false,
			routes: [
				route.get("/", {
					upstream: url,
					forward: {
						headers: ({ req }) => ({ "x-b": req.headers["x-a"] as string }),
					},
				}),
			],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const got = await gateway.inject({
			url: "/",
			headers: { "x-a": utf8("Zoë") },
		});
		assert.equal((got.json() as Echo).headers["x-b"], utf8("Zoë"));
	});

	test("bytes go out as they are", async (t) => {
		const lines = await forwarded(
			t,
			{},
			{},
			{
				onRequest: (ctx) =>
					ctx.setUpstreamHeader("x-a", Buffer.from("J\u00f6rg", "latin1")),
			},
		);
		assert.deepEqual(lines("x-a"), ["J\u00f6rg"]);
	});
});
