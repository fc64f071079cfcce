import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { reply, route, upstream } from "../../../../src/index.ts";
import { apiKey } from "../../../../src/policies/auth/api-key.ts";
import { cache } from "../../../../src/policies/cache/cache.ts";
import { plans } from "../../../../src/policies/plans/plans.ts";
import { rateLimit } from "../../../../src/policies/rate-limit/rate-limit.ts";
import { startUpstream } from "../../../../src/testing.ts";
import { settled, start } from "./pages.ts";

const minute = 60_000;

suite("the status page tells of the gateway's own policies", () => {
	test("who is over a plan's limit, who is near, and which plan that is", async (t) => {
		const caller = apiKey({
			header: "x-key",
			keys: [
				{ key: "key-of-ada", id: "ada", plan: "free" },
				{ key: "key-of-bob", id: "bob", plan: "pro" },
			],
		});
		const priced = plans({
			consumer: "caller",
			plans: {
				free: { limits: [{ name: "few", limit: 2, windowMs: minute }] },
				pro: { limits: [{ name: "many", limit: 9, windowMs: minute }] },
			},
		});
		const { url, snapshot } = await start(t, [
			route.get("/priced", {
				dependencies: { caller },
				policies: [priced],
				handler: () => reply(204),
			}),
		]);
		const ask = async (key: string): Promise<number> =>
			(await fetch(`${url}/priced`, { headers: { "x-key": key } })).status;
		for (const status of [204, 204, 429]) {
			assert.equal(await ask("key-of-ada"), status);
		}
		assert.equal(await ask("key-of-bob"), 204);
		const { limits } = await settled(snapshot, 4);
		assert.deepEqual(limits, [
			{
				name: "plans",
				outcomes: { allowed: 3, refused: 1 },
				subjects: [
					{ subject: "ada", plan: "free", calls: 3, refused: 1, left: 0 },
					{ subject: "bob", plan: "pro", calls: 1, refused: 0, left: 8 },
				],
			},
		]);
	});

	test("calls that waited for their turn, and what the cache answered", async (t) => {
		const { url: kept } = await startUpstream(t, (_req, res) => {
			res.writeHead(200, { "cache-control": "max-age=60" }).end("well");
		});
		const overflow = { queueMs: 30_000, max: 5 };
		const slow = rateLimit({
			name: "slow",
			limit: 20,
			windowMs: 1_000,
			burst: 1,
			overflow,
		});
		const { url, snapshot } = await start(t, [
			route.get("/slow", { policies: [slow], handler: () => reply(204) }),
			route.get("/kept", { upstream: kept, policies: [cache()] }),
		]);
		const asked = Array.from({ length: 3 }, () => fetch(`${url}/slow`));
		for (const { status } of await Promise.all(asked)) {
			assert.equal(status, 204);
		}
		for (let i = 0; i < 2; i++) await (await fetch(`${url}/kept`)).text();
		const found = await settled(snapshot, 5);
		const [limit] = found.limits;
		assert.equal(limit?.name, "slow");
		const { allowed = 0, queued = 0 } = limit?.outcomes ?? {};
		assert.equal(allowed + queued, 3);
		assert.ok(queued >= 1, "three at once, one at a time");
		assert.deepEqual(found.cache.outcomes, { miss: 1, hit: 1 });
		assert.equal(found.cache.hitShare, 0.5);
	});

	test("what the upstreams of an origin are called, where they have names", async (t) => {
		const [named, plain] = await Promise.all([
			startUpstream(t, (_req, res) => res.end("named")),
			startUpstream(t, (_req, res) => res.end("plain")),
		]);
		const orders = upstream(named.url, { name: "orders" });
		const carts = upstream(named.url, { name: "carts" });
		const { snapshot } = await start(t, [
			route.get("/orders", { upstream: orders }),
			route.get("/orders/:id", { upstream: orders }),
			route.get("/carts", { upstream: carts }),
			route.get("/plain", { upstream: plain.url }),
		]);
		const { origins } = await snapshot();
		assert.deepEqual(
			origins.map(({ origin, upstreams }) => [origin, upstreams]),
			[
				[named.url, ["orders", "carts"]],
				[plain.url, []],
			],
		);
	});
});
