import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { suite, test } from "node:test";
import { request } from "undici";
import { anyOf } from "../../../src/policies/auth/any-of.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import {
	type ForwardAuthOptions,
	forwardAuth,
} from "../../../src/policies/auth/forward-auth.ts";
import { startUpstream, type TestScope } from "../../../src/testing.ts";
import { Clock, type Stage, startStage } from "./stage.ts";

/** A gateway whose service for identities answers so. */
async function start(
	t: TestScope,
	answer: RequestListener,
	options: Partial<ForwardAuthOptions> = {},
): Promise<{ stage: Stage; asked: readonly IncomingMessage[] }> {
	const { url, requests } = await startUpstream(t, answer);
	const caller = forwardAuth({ url: `${url}/check?a=1`, ...options });
	const stage = await startStage(t, caller);
	return { stage, asked: requests };
}

const yes: RequestListener = (_req, res) => {
	res.setHeader("X-User", "ada");
	res.setHeader("x-roles", ["buyer", "editor"]);
	res.setHeader("x-internal", "7");
	res.end("welcome");
};
const passing = { upstreamHeaders: ["X-User", "x-roles"], idHeader: "x-user" };

suite("a service that decides who calls", () => {
	test("is asked with the chosen headers and what the request is, and not with its body", async (t) => {
		const { stage, asked } = await start(t, yes, {
			requestHeaders: ["Cookie", "x-tenant"],
		});
		await request(`${stage.url}/orders?b=%20&c`, {
			method: "POST",
			body: "a body",
			headers: {
				host: "shop.example",
				cookie: "session=1",
				"x-tenant": "acme",
				authorization: "Bearer of someone else",
				"x-forwarded-method": "GET",
				"x-forwarded-uri": "/public",
			},
		});
		const [req] = asked;
		assert.deepEqual([req?.method, req?.url], ["GET", "/check?a=1"]);
		const { host, connection, ...headers } = req?.headers ?? {};
		assert.ok(host !== "shop.example" && connection !== undefined);
		assert.deepEqual(headers, {
			"accept-encoding": "identity",
			cookie: "session=1",
			"x-tenant": "acme",
			"x-forwarded-method": "POST",
			"x-forwarded-uri": "/orders?b=%20&c",
			"x-forwarded-host": "shop.example",
			"x-forwarded-proto": "http",
			"x-forwarded-for": "127.0.0.1",
		});
	});

	test("is told what a trusted proxy says of the client, and of no other", async (t) => {
		const told = async (trustedProxies: string[]): Promise<unknown[]> => {
			const { url, requests } = await startUpstream(t, yes);
			const caller = forwardAuth({ url });
			const stage = await startStage(t, caller, { trustedProxies });
			await stage.ask({
				host: "inside:8000",
				"x-forwarded-for": "203.0.113.7",
				"x-forwarded-host": "shop.example",
				"x-forwarded-proto": "https",
			});
			const { headers = {} } = requests[0] ?? {};
			return ["for", "host", "proto"].map(
				(name) => headers[`x-forwarded-${name}`],
			);
		};
		assert.deepEqual(await told(["127.0.0.1"]), [
			"203.0.113.7",
			"shop.example",
			"https",
		]);
		assert.deepEqual(await told([]), ["127.0.0.1", "inside:8000", "http"]);
	});

	test("says yes: chosen headers of it take the place of the client's", async (t) => {
		const { stage } = await start(t, yes, passing);
		const { echo, identity } = await stage.ask({
			"x-user": "root",
			"X-ROLES": ["admin", "owner"],
			cookie: "session=1",
		});
		assert.equal(echo?.headers["x-user"], "ada");
		assert.equal(echo?.headers["x-roles"], "buyer, editor");
		assert.equal(echo?.headers["x-internal"], undefined);
		assert.equal(echo?.headers.cookie, "session=1");
		assert.deepEqual(identity, {
			id: "ada",
			headers: { "x-user": "ada", "x-roles": "buyer, editor" },
		});
		assert.equal(stage.decisions[0]?.subject, "ada");
	});

	test("that names two callers is a 503: they do not become one", async (t) => {
		for (const names of [
			["ada", "bob"],
			["ada", "ada"],
		]) {
			const answer: RequestListener = (_req, res) =>
				res.setHeader("x-user", names).end();
			const { stage } = await start(t, answer, passing);
			const { status, echo } = await stage.ask();
			assert.deepEqual([status, echo], [503, null]);
		}
	});

	test("may say it in any bytes: the service behind gets the same", async (t) => {
		for (const name of ["J\u00c3\u00b6rg", "J\u00f6rg"]) {
			const answer: RequestListener = (_req, res) =>
				res.setHeader("x-user", name).end();
			const { stage } = await start(t, answer, passing);
			const { status, echo } = await stage.ask();
			assert.deepEqual([status, echo?.headers["x-user"]], [200, name]);
		}
	});

	test("says yes without a name: the client can not give itself one", async (t) => {
		const { stage } = await start(t, (_req, res) => res.end(), passing);
		const { echo, identity } = await stage.ask({ "x-user": "root" });
		assert.ok(echo !== null && echo.headers["x-user"] === undefined);
		assert.deepEqual(identity, { id: null, headers: {} });
	});

	test("says no: its answer is the client's, and nothing of it that is its own", async (t) => {
		const { stage } = await start(t, (_req, res) => {
			res.writeHead(401, {
				"www-authenticate": 'Login realm="x"',
				"set-cookie": ["a=1", "b=2"],
				"content-type": "text/html",
				server: "auth/1.2.3",
				"access-control-allow-origin": "*",
			});
			res.end("<p>Log in.</p>");
		});
		const { status, text, headers } = await stage.ask();
		assert.deepEqual([status, text], [401, "<p>Log in.</p>"]);
		assert.equal(headers["www-authenticate"], 'Login realm="x"');
		assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
		assert.equal(headers["content-type"], "text/html");
		assert.equal(headers.server, undefined);
		assert.equal(headers["access-control-allow-origin"], undefined);
		const { outcome, reason } = stage.decisions[0] ?? {};
		assert.deepEqual([outcome, reason], ["refused", "status-401"]);
	});

	test("sends the client elsewhere, and is not followed there", async (t) => {
		const { stage, asked } = await start(t, (_req, res) => {
			res.writeHead(302, { location: "https://login.example/?a=1" }).end();
		});
		const { status, headers } = await stage.ask();
		assert.deepEqual(
			[status, headers.location],
			[302, "https://login.example/?a=1"],
		);
		assert.equal(asked.length, 1);
	});

	test("gives the client a cookie with the answer of the service behind", async (t) => {
		const { stage } = await start(
			t,
			(_req, res) => {
				res.setHeader("set-cookie", ["a=1", "b=2"]).end();
			},
			{ replyHeaders: ["Set-Cookie"] },
		);
		const { status, headers } = await stage.ask();
		assert.equal(status, 200);
		assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
	});

	test("that fails, is late, or says too much is a 503 without a word of it", async (t) => {
		let answer: RequestListener = yes;
		const { stage } = await start(t, (req, res) => answer(req, res), {
			timeoutMs: 300,
		});
		const failures: readonly RequestListener[] = [
			(_req, res) => res.writeHead(500).end("stack at db:5432"),
			(_req, res) => res.writeHead(304).end(),
			(_req, res) => res.destroy(),
			(_req, res) => res.end("x".repeat(300_000)),
			(_req, res) => {
				res.writeHead(200).write("the rest never comes");
			},
			() => undefined,
		];
		for (answer of failures) {
			const { status, code, text } = await stage.ask();
			assert.deepEqual([status, code], [503, "ERR_UNAVAILABLE"], `${answer}`);
			assert.doesNotMatch(text, /5432|127\.0/);
		}
		answer = yes;
		assert.equal((await stage.ask()).status, 200);
	});

	test("is not asked about two Authorization fields: it might read the other one", async (t) => {
		const { stage, asked } = await start(t, yes);
		const { status } = await stage.ask({ authorization: ["a", "b"] });
		assert.deepEqual([status, asked.length], [401, 0]);
	});

	test("is not waited for when the client leaves", async (t) => {
		const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
		const { stage } = await start(t, (req) => resolve(req), {
			timeoutMs: 60_000,
		});
		const leaving = new AbortController();
		const { signal } = leaving;
		const left = assert.rejects(request(stage.url, { signal }));
		const { socket } = await promise;
		const closed = once(socket, "close");
		leaving.abort();
		await Promise.all([left, closed]);
		assert.deepEqual(stage.decisions, [], "nothing was decided");
	});
});

suite("a yes", () => {
	test("is asked for each time, unless it is to be kept", async (t) => {
		const { stage, asked } = await start(t, yes);
		for (let i = 0; i < 3; i++) await stage.ask();
		assert.equal(asked.length, 3);
	});

	test("is kept for what looks the same to the service, and no longer than that", async (t) => {
		const clock = new Clock();
		const options = { ...passing, cacheMs: 1_000, now: clock.now };
		const { stage, asked } = await start(t, yes, options);
		const ada = { authorization: "Bearer a" };
		await stage.ask(ada);
		const { echo } = await stage.ask({ ...ada, "x-user": "root" });
		assert.equal(echo?.headers["x-user"], "ada");
		assert.equal(asked.length, 1);
		await stage.ask({ authorization: "Bearer b" });
		await stage.ask(ada, "/other");
		assert.equal(asked.length, 3);
		clock.move(999);
		await stage.ask(ada);
		assert.equal(asked.length, 3);
		clock.move(1);
		await stage.ask(ada);
		assert.equal(asked.length, 4);
	});

	test("is not kept where it told this client something, nor is a no", async (t) => {
		const replies = ["set-cookie"];
		const cookies = await start(
			t,
			(_req, res) => res.setHeader("set-cookie", "a=1").end(),
			{ cacheMs: 1_000, replyHeaders: replies },
		);
		const no = await start(t, (_req, res) => res.writeHead(403).end(), {
			cacheMs: 1_000,
		});
		for (const { stage, asked } of [cookies, no]) {
			await stage.ask();
			await stage.ask();
			assert.equal(asked.length, 2);
		}
	});
});

test("headers that only the service may say are the client's in no scheme beside it", async (t) => {
	const { url } = await startUpstream(t, yes);
	const key = apiKey({ keys: [{ key: "k", id: "bob" }] });
	const both = anyOf(key, forwardAuth({ url, ...passing }));
	const stage = await startStage(t, both);
	const spoof = { "x-user": "root" };
	const byKey = await stage.ask({ ...spoof, "x-api-key": "k" });
	assert.equal(byKey.status, 200);
	assert.equal(byKey.echo?.headers["x-user"], undefined);
	const asked = await stage.ask(spoof);
	assert.equal(asked.echo?.headers["x-user"], "ada");
});
