import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	type Policy,
	type Route,
	route,
	type Upstream,
	upstream,
} from "../../../src/index.ts";
import { requestId } from "../../../src/policies/observability/request-id.ts";
import { startGateway } from "../../../src/testing.ts";
import { type CacheStage, startCache } from "./stage.ts";

const toRoute = (
	service: string | Upstream,
	policies: readonly Policy[],
): Route => route.all("/*", { upstream: service, policies });
const window = "max-age=10, stale-while-revalidate=60, stale-if-error=600";

/** Looks until a fresh answer is there that was not asked for by this look. */
async function untilFresh(
	stage: CacheStage,
	headers: Record<string, string> = {},
): Promise<string> {
	for (;;) {
		const { how, body } = await stage.get("/", headers);
		if (how === "headgate; hit; ttl=10") return body;
		assert.match(how, /hit; ttl=-/);
	}
}

suite("a refresh in the background", () => {
	const signing: Policy = {
		name: "signing",
		forRoute: () => ({
			onUpstreamRequest(_ctx, request) {
				request.headers = [...request.headers, "x-signature", "s"];
			},
		}),
	};

	for (const order of ["before", "behind"]) {
		test(`is made in front, with all hooks, where a policy ${order} the cache changes what goes out`, async (t) => {
			let count = 0;
			const stage = await startCache(
				t,
				(req, res) => {
					res.setHeader("cache-control", window);
					res.end(`${++count} ${req.headers["x-signature"]}`);
				},
				{
					routes: (url, cache) => [
						toRoute(
							url,
							order === "before" ? [signing, cache] : [cache, signing],
						),
					],
				},
			);
			assert.equal((await stage.get("/")).body, "1 s");
			stage.clock.pass(20);
			const only = { "cache-control": "only-if-cached" };
			assert.equal((await stage.get("/", only)).how, "headgate; hit; ttl=-10");
			const again = await stage.get("/");
			assert.deepEqual(
				[again.body, again.how],
				["2 s", "headgate; fwd=stale; stored"],
			);
		});
	}

	test("asks what the request would have asked, what policies set before step 6 included", async (t) => {
		const early: Policy = {
			name: "early",
			forRoute: () => ({
				onRequest: (ctx) => ctx.setUpstreamHeader("x-tenant", "t"),
			}),
		};
		let count = 0;
		const stage = await startCache(
			t,
			(req, res) => {
				res.setHeader("cache-control", window);
				res.end(`${++count} ${req.headers["x-tenant"]}`);
			},
			{ policies: [requestId(), early] },
		);
		await stage.get("/");
		stage.clock.pass(20);
		assert.equal((await stage.get("/")).body, "1 t");
		assert.equal(await untilFresh(stage), "2 t");
	});

	test("is made where the service is told when each request began", async (t) => {
		let count = 0;
		const stage = await startCache(
			t,
			(_req, res) => {
				res.setHeader("cache-control", window);
				res.end(`${++count}`);
			},
			{
				routes: (url, cache) => [
					toRoute(upstream(url, { requestStart: true }), [cache]),
				],
			},
		);
		await stage.get("/");
		stage.clock.pass(20);
		assert.equal((await stage.get("/")).body, "1");
		assert.equal(await untilFresh(stage), "2");
	});

	test("keeps each variant its own", async (t) => {
		let count = 0;
		const stage = await startCache(t, (req, res) => {
			res.setHeader("cache-control", window);
			res.setHeader("vary", "x-lang");
			res.end(`${++count} ${req.headers["x-lang"]}`);
		});
		await stage.get("/", { "x-lang": "en" });
		await stage.get("/", { "x-lang": "de" });
		stage.clock.pass(20);
		assert.equal((await stage.get("/", { "x-lang": "en" })).body, "1 en");
		assert.equal(await untilFresh(stage, { "x-lang": "en" }), "3 en");
		assert.equal((await stage.get("/", { "x-lang": "de" })).body, "2 de");
	});

	test("that fails leaves the stale answer, and the next one is tried; one that finds it gone drops it", async (t) => {
		let mode = "well";
		let failed = 0;
		const stage = await startCache(t, (req, res) => {
			if (mode === "well") {
				res.setHeader("cache-control", window);
				res.end("well");
			} else if (mode === "gone") res.writeHead(404).end("gone");
			else {
				failed++;
				if (failed % 3 === 0) req.socket.destroy();
				else if (failed % 3 === 1) res.writeHead(503).end();
				else {
					res.writeHead(200, { "cache-control": window, "content-length": 9 });
					res.write("half");
					setImmediate(() => res.destroy());
				}
			}
		});
		await stage.get("/");
		stage.clock.pass(20);
		mode = "failing";
		while (failed < 6) {
			const { how, body } = await stage.get("/");
			assert.deepEqual([how, body], ["headgate; hit; ttl=-10", "well"]);
		}
		mode = "gone";
		while ((await stage.get("/")).status !== 404);
	});
});

suite("over real sockets", () => {
	test("a stale answer comes at once and fresh ones after it; with the service gone it stays within its window", async (t) => {
		let count = 0;
		let isGone = false;
		const stage = await startCache(t, (req, res) => {
			if (isGone) {
				req.socket.destroy();
				return;
			}
			res.setHeader("cache-control", window);
			res.end(`answer ${++count}`);
		});
		const { url } = await startGateway(t, stage.gateway);
		const get = async (): Promise<[number, string, string, number]> => {
			const res = await fetch(url);
			const text = await res.text();
			const how = String(res.headers.get("cache-status"));
			return [res.status, text, how, Number(res.headers.get("age"))];
		};
		assert.deepEqual((await get()).slice(0, 2), [200, "answer 1"]);
		stage.clock.pass(30);
		assert.deepEqual(await get(), [
			200,
			"answer 1",
			"headgate; hit; ttl=-20",
			30,
		]);
		let seen = await get();
		while (seen[1] !== "answer 2") seen = await get();
		assert.deepEqual(seen, [200, "answer 2", "headgate; hit; ttl=10", 0]);
		stage.clock.pass(200);
		isGone = true;
		const left = await get();
		assert.deepEqual(left.slice(0, 2), [200, "answer 2"]);
		assert.match(left[2], /fwd=stale; .*detail=stale-if-error/);
		assert.equal(left[3], 200);
		stage.clock.pass(411);
		assert.equal((await get())[0], 502);
	});
});
