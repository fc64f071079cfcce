import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
	createGateway,
	dependency,
	HttpError,
	input,
	noteDecision,
	type Route,
	reply,
	route,
	Type,
} from "../../../../src/index.ts";
import {
	type StatusOptions,
	type StatusSnapshot,
	status,
} from "../../../../src/policies/observability/status/status.ts";
import { startGateway, startUpstream } from "../../../../src/testing.ts";

const admin = dependency(
	{ key: input.header("x-admin", Type.Optional(Type.String())) },
	({ key }) => {
		if (key !== "secret") throw new HttpError(401);
	},
	{ name: "admin" },
);

async function start(
	t: TestContext,
	routes: readonly Route[],
	options: Partial<StatusOptions> = {},
): Promise<{
	url: string;
	snapshot: (window?: string) => Promise<StatusSnapshot>;
	close: () => Promise<void>;
}> {
	const page = status({ dependencies: {}, ...options });
	const gateway = createGateway({
		docs: false,
		policies: [page.policy],
		routes: [...page.routes, ...routes],
	});
	const { url } = await startGateway(t, gateway);
	const snapshot = async (window = "1m") => {
		const res = await fetch(`${url}/_gateway/snapshot.json?window=${window}`);
		return (await res.json()) as StatusSnapshot;
	};
	return { url, snapshot, close: () => gateway.close({ timeoutMs: 2_000 }) };
}

/** The snapshot when so many calls have been counted: what ends a request is told after its last byte. */
async function settled(
	snapshot: () => Promise<StatusSnapshot>,
	calls: number,
): Promise<StatusSnapshot> {
	for (;;) {
		const found = await snapshot();
		if (found.total.calls >= calls) return found;
		await sleep(5);
	}
}

const hello = route.get("/hello/:name", { handler: () => reply(200, "hello") });

/** Every path of the page. */
function pathsOf(routes: readonly Route[]): string[] {
	return routes.map(({ path }) => path);
}

suite("the status page", () => {
	test("shows none of its files, figures or events to whom a dependency refuses", async (t) => {
		const { url } = await start(t, [hello], { dependencies: { admin } });
		const paths = pathsOf(status({ dependencies: {} }).routes);
		assert.ok(paths.length > 8);
		for (const path of paths) {
			const refused = await fetch(url + path);
			await refused.body?.cancel();
			assert.equal(refused.status, 401, path);
			const headers = { "x-admin": "secret" };
			const shown = await fetch(url + path, { headers });
			await shown.body?.cancel();
			assert.equal(shown.status, 200, path);
		}
	});

	test("is nowhere unless its routes are added, and costs a route nothing without its policy", async () => {
		const page = status({ dependencies: {} });
		const gateway = createGateway({ docs: false, routes: [hello] });
		assert.equal((await gateway.inject("/_gateway")).status, 404);
		assert.equal(gateway.explain("GET", "/hello/x").length, 1);
		await gateway.close();
		await page.policy.close?.();
	});

	test("allows no script, style or connection but its own, and no frame", async (t) => {
		const { url } = await start(t, [hello]);
		const res = await fetch(`${url}/_gateway`);
		const html = await res.text();
		const policy = res.headers.get("content-security-policy") ?? "";
		assert.match(
			policy,
			/default-src 'none'; script-src 'self'; style-src 'self'/,
		);
		assert.match(policy, /frame-ancestors 'none'/);
		assert.doesNotMatch(policy, /unsafe|http|\*/);
		assert.doesNotMatch(
			html,
			/<style|style=|<script(?![^>]*src=)|\son\w+=|https?:/,
		);
		assert.equal(res.headers.get("x-content-type-options"), "nosniff");
	});

	test("answers 304 for a file that the browser has", async (t) => {
		const { url } = await start(t, [hello]);
		const first = await fetch(`${url}/_gateway/status.js`);
		const etag = first.headers.get("etag") ?? "";
		await first.body?.cancel();
		const headers = { "if-none-match": etag };
		const again = await fetch(`${url}/_gateway/status.js`, { headers });
		assert.equal(again.status, 304);
	});

	test("moves with its path, and its title is text", async (t) => {
		const { url } = await start(t, [hello], {
			path: "/ops/gate",
			title: 'A & <b>"$&',
		});
		const html = await (await fetch(`${url}/ops/gate`)).text();
		assert.ok(html.includes("A &amp; &lt;b&gt;&quot;$&amp;"));
		assert.ok(html.includes('src="gate/status.js"'));
		const script = await fetch(`${url}/ops/gate/status.js`);
		await script.body?.cancel();
		assert.equal(script.status, 200);
	});
});

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
				subjects: [{ subject: "ada", calls: 2, refused: 1, left: 0 }],
			},
		]);
	});

	test("count requests under way, but not those that an earlier policy answered", async (t) => {
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

	test("name a window that there is not: 422", async (t) => {
		const { url } = await start(t, [hello]);
		const res = await fetch(`${url}/_gateway/snapshot.json?window=1h`);
		assert.equal(res.status, 422);
	});
});

for (const [what, options] of Object.entries({
	dependencies: undefined,
	path: { dependencies: {}, path: "/:id" },
	maxViewers: { dependencies: {}, maxViewers: 0 },
	maxRoutes: { dependencies: {}, maxRoutes: 1.5 },
})) {
	test(`a status page with a wrong ${what} does not start`, () => {
		const create = () => status((options ?? {}) as StatusOptions);
		assert.throws(create, { name: "TypeError", message: new RegExp(what) });
	});
}
