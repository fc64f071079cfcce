import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { suite, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import {
	dependency,
	HttpError,
	noteDecision,
	reply,
	route,
} from "../../../../src/index.ts";
import { cache } from "../../../../src/policies/cache/cache.ts";
import { startUpstream } from "../../../../src/testing.ts";

import { settled, start } from "./pages.ts";

const hello = route.get("/hello/:name", { handler: () => reply(200, "hello") });

suite("the figures of the status page", () => {
	test("count the calls of each route by template and status, and not the page's own", async (t) => {
		const { url: upstream } = await startUpstream(t, (_req, res) => {
			res.writeHead(201).end("made");
		});
		const made = route.post("/things", { upstream });
		const { url, snapshot } = await start(t, [hello, made]);
		for (const name of ["a", "b"]) await fetch(`${url}/hello/${name}?q=secret`);
		await fetch(`${url}/things`, { method: "POST", body: "x" });
		await fetch(`${url}/nowhere`);
		const found = await settled(snapshot, 4);
		assert.equal(found.total.calls, 4);
		const calls = found.routes.map(({ path, calls }) => [path, calls]);
		assert.deepEqual(Object.fromEntries(calls), {
			"/hello/:name": 2,
			"/things": 1,
			"/*": 1,
		});
		assert.equal(found.total.status["2xx"], 3);
		assert.equal(found.total.status["4xx"], 1);
		assert.equal(found.total.inFlight, 0);
		assert.equal(found.origins[0]?.origin, upstream);
		assert.equal(found.origins[0]?.calls, 1);
		assert.equal(found.origins[0]?.state, "up");
		assert.equal(found.origins[0]?.inFlight, 0);
		assert.doesNotMatch(JSON.stringify(found), /secret|nowhere/);
		assert.equal((await snapshot("10m")).total.calls, 4);
	});

	test("tell how much of the time is the gateway's own", async (t) => {
		const { url: upstream } = await startUpstream(t, (_req, res) => {
			setTimeout(() => res.end("late"), 80);
		});
		const slow = route.get("/slow", { upstream });
		const { url, snapshot } = await start(t, [slow]);
		for (let i = 0; i < 3; i++) await (await fetch(`${url}/slow`)).text();
		const { total, origins, slowest } = await settled(snapshot, 3);
		assert.ok(total.p50Ms !== null && total.p50Ms > 75);
		assert.ok(total.upstreamMs !== null && total.upstreamMs > 75);
		assert.ok(total.overheadMs !== null && total.overheadMs < 60);
		assert.ok(total.overheadShare !== null && total.overheadShare < 0.5);
		assert.ok((origins[0]?.p50Ms ?? 0) > 75);
		const [first] = slowest;
		assert.equal(slowest.length, 3);
		assert.equal(first?.route, "/slow");
		const forward = first?.steps.find(({ phase }) => phase === 8);
		assert.ok((forward?.ms ?? 0) > 75, JSON.stringify(first));
	});

	test("tell a failing origin, and why it failed", async (t) => {
		const { url: upstream } = await startUpstream(t, (_req, res) => {
			res.socket?.destroy();
		});
		const broken = route.post("/broken", { upstream });
		const { url, snapshot } = await start(t, [broken]);
		const ask = () => fetch(`${url}/broken`, { method: "POST", body: "x" });
		for (let i = 0; i < 3; i++) assert.equal((await ask()).status, 502);
		const { origins, total } = await settled(snapshot, 3);
		assert.equal(total.failed, 3);
		assert.equal(origins[0]?.state, "failing");
		assert.equal(origins[0]?.failed, 3);
		assert.equal(origins[0]?.lastFailure, "ERR_UPSTREAM_RESET");
	});

	test("tell who was refused and why: a known caller by its id, a stranger by its address", async (t) => {
		const caller = dependency((ctx) => {
			const id = ctx.req.headers["x-id"];
			if (typeof id !== "string") throw new HttpError(401);
			noteDecision(ctx, {
				kind: "auth",
				name: "test",
				outcome: "accepted",
				reason: null,
				subject: id,
			});
			throw new HttpError(403);
		});
		const dependencies = { caller };
		const guarded = route.get("/guarded", { dependencies, handler: () => 1 });
		const { url, snapshot } = await start(t, [guarded]);
		await fetch(`${url}/guarded`);
		const headers = { "x-id": "ada" };
		for (let i = 0; i < 2; i++) await fetch(`${url}/guarded`, { headers });
		const { refused, reasons } = await settled(snapshot, 3);
		assert.deepEqual(reasons, [
			{ code: "ERR_FORBIDDEN", count: 2 },
			{ code: "ERR_UNAUTHORIZED", count: 1 },
		]);
		assert.deepEqual(
			refused.map(({ kind, subject, count, code, route: path }) => ({
				kind,
				subject,
				count,
				code,
				path,
			})),
			[
				{
					kind: "caller",
					subject: "ada",
					count: 2,
					code: "ERR_FORBIDDEN",
					path: "/guarded",
				},
				{
					kind: "address",
					subject: "127.0.0.1",
					count: 1,
					code: "ERR_UNAUTHORIZED",
					path: "/guarded",
				},
			],
		);
	});

	test("tell what limits and the cache decided", async (t) => {
		const note = (kind: string, outcome: string, remaining: number) =>
			dependency((ctx) => {
				const decision = {
					kind,
					name: "hourly",
					outcome,
					reason: null,
					subject: "ada",
					remaining,
				};
				noteDecision(ctx, decision);
			});
		const decided = route.get("/decided", {
			dependencies: {
				hit: note("cache", "hit", 0),
				miss: note("cache", "miss", 0),
				passed: note("limit", "allowed", 7),
				over: note("limit", "refused", 0),
			},
			handler: () => 1,
		});
		const { url, snapshot } = await start(t, [decided]);
		await fetch(`${url}/decided`);
		const { limits, cache } = await settled(snapshot, 1);
		assert.deepEqual(cache, { outcomes: { hit: 1, miss: 1 }, hitShare: 0.5 });
		assert.deepEqual(limits, [
			{
				name: "hourly",
				outcomes: { allowed: 1, refused: 1 },
				subjects: [
					{ subject: "ada", plan: null, calls: 2, refused: 1, left: 0 },
				],
			},
		]);
	});

	test("count requests under way until they end, also those that an earlier policy answers", async (t) => {
		let release = (): void => undefined;
		const held = route.get("/held", {
			handler: () =>
				new Promise<string>((resolve) => {
					release = () => resolve("now");
				}),
		});
		const early = route.get("/early", {
			policies: [
				{ name: "early", forRoute: () => ({ onRequest: () => reply(204) }) },
			],
			handler: () => 1,
		});
		const { url, snapshot } = await start(t, [held, early]);
		const asked = fetch(`${url}/held`);
		for (;;) {
			const { total } = await snapshot();
			if (total.inFlight === 1) break;
		}
		await fetch(`${url}/early`);
		const during = await settled(snapshot, 1);
		assert.equal(during.routes[0]?.inFlight, 1);
		assert.equal(during.routes[1]?.inFlight, 0);
		release();
		await asked;
		assert.equal((await settled(snapshot, 2)).total.inFlight, 0);
	});

	test("count a WebSocket by its status, and not among the durations", async (t) => {
		const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
		t.after(() => server.close());
		server.on("connection", (socket) => socket.send("welcome"));
		await once(server, "listening");
		const { port } = server.address() as AddressInfo;
		const chat = route.get("/chat", { upstream: `http://127.0.0.1:${port}` });
		const { url, snapshot } = await start(t, [chat]);
		const client = new WebSocket(`${url.replace("http", "ws")}/chat`);
		await once(client, "message");
		assert.equal((await snapshot()).total.inFlight, 1);
		client.close();
		await once(client, "close");
		const { total, origins, slowest } = await settled(snapshot, 1);
		assert.equal(total.status["1xx"], 1);
		assert.equal(total.inFlight, 0);
		assert.equal(total.p50Ms, null);
		assert.deepEqual(slowest, []);
		assert.equal(origins[0]?.inFlight, 0);
		assert.equal(origins[0]?.failed, 0);
	});

	test("tell how much the real cache answered", async (t) => {
		const { url: upstream, requests } = await startUpstream(t, (_req, res) => {
			res.setHeader("cache-control", "max-age=60");
			res.end("kept");
		});
		const kept = route.get("/kept", { upstream, policies: [cache()] });
		const { url, snapshot } = await start(t, [kept]);
		for (let i = 0; i < 4; i++) await (await fetch(`${url}/kept`)).text();
		const found = await settled(snapshot, 4);
		assert.equal(requests.length, 1);
		assert.deepEqual(found.cache, {
			outcomes: { hit: 3, miss: 1 },
			hitShare: 0.75,
		});
		assert.equal(found.origins[0]?.calls, 1);
	});

	test("name a window that there is not: 422", async (t) => {
		const { url } = await start(t, [hello]);
		const res = await fetch(`${url}/_gateway/snapshot.json?window=1h`);
		assert.equal(res.status, 422);
	});
});
