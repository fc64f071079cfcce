import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import {
	createGateway,
	HttpError,
	type Policy,
	route,
} from "../../../src/index.ts";
import {
	type CacheStore,
	cache,
	memoryStore,
} from "../../../src/policies/cache/cache.ts";
import { startGateway, startUpstream } from "../../../src/testing.ts";
import { counting, startCache } from "./stage.ts";

const fresh = { "cache-control": "max-age=60" };

test("a store that throws or rejects is a miss, and no error", async (t) => {
	const fails = (how: () => never | Promise<never>): CacheStore => ({
		get: how,
		set: how,
		delete: how,
		purge: how,
		mark: () => 0,
	});
	for (const store of [
		fails(() => {
			throw new Error("on purpose");
		}),
		fails(async () => {
			throw new Error("on purpose");
		}),
	]) {
		const stage = await startCache(t, counting(fresh), { cache: { store } });
		assert.equal((await stage.get("/")).body, "GET 1");
		assert.equal((await stage.get("/")).body, "GET 2");
		assert.equal((await stage.get("/", {}, "POST")).status, 200);
		await assert.rejects(stage.cache.purge({ tag: "x" }), /on purpose/);
	}
});

test("a client that leaves while the store is asked leads nobody", async (t) => {
	const memory = memoryStore();
	let release: () => void = () => undefined;
	let isHeld = true;
	const store: CacheStore = {
		get: (key) => {
			if (!isHeld) return memory.get(key);
			isHeld = false;
			return new Promise((resolve) => {
				release = () => resolve(null);
			});
		},
		set: (...parts) => memory.set(...parts),
		delete: (key) => memory.delete(key),
		purge: (target) => memory.purge(target),
		mark: () => memory.mark(),
	};
	const stage = await startCache(t, counting(fresh), { cache: { store } });
	const { url } = await startGateway(t, stage.gateway);
	const req = request(url).on("error", () => undefined);
	req.end();
	while (isHeld) await new Promise(setImmediate);
	req.destroy();
	await new Promise((resolve) => setTimeout(resolve, 50));
	release();
	const startMs = performance.now();
	assert.equal(await (await fetch(url)).text(), "GET 1");
	assert.ok(performance.now() - startMs < 2_000);
});

test("where a policy behind the cache refuses the one that leads, the next one asks", async (t) => {
	const gate = Promise.withResolvers<void>();
	let waiting = 0;
	const strict: Policy = {
		name: "strict",
		forRoute: () => ({
			async onAdmit(ctx) {
				if (ctx.req.headers["x-refused"] === undefined) return;
				waiting++;
				await gate.promise;
				throw new HttpError(429);
			},
		}),
	};
	const upstream = await startUpstream(t, (_req, res) =>
		res.writeHead(200, fresh).end("well"),
	);
	let reached = 0;
	const counter: Policy = {
		name: "counter",
		forRoute: () => ({ onRequest: () => void reached++ }),
	};
	const gateway = createGateway({
		docs: false,
		policies: [counter, cache(), strict],
		routes: [route.get("/", { upstream: upstream.url })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const first = gateway.inject({ url: "/", headers: { "x-refused": "1" } });
	while (waiting === 0) await new Promise(setImmediate);
	const others = [gateway.inject("/"), gateway.inject("/")];
	while (reached < 3) await new Promise(setImmediate);
	gate.resolve();
	assert.equal((await first).status, 429);
	for (const other of others) assert.equal((await other).body, "well");
	assert.equal(upstream.requests.length, 1);
});

test("options that are unknown or of another kind are told at start-up", () => {
	for (const [options, message] of [
		[{ ttl: 5 }, /no option "ttl"; did you mean "ttlSeconds"/],
		[{ ttlSeconds: "5" }, /ttlSeconds must be a number of at least 0/],
		[{ ttlSeconds: Number.NaN }, /ttlSeconds must be a number/],
		[{ shared: true, partition: () => "" }, /not both/],
		["60", /the options must be an object/],
		[{ store: {} }, /store must have a function get/],
		[{ store: null }, /store must be an object/],
		[{ name: "a b" }, /name must be a token/],
	] as const) {
		assert.throws(() => cache(options as never), message);
	}
});
