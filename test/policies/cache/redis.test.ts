import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { createGateway, type Gateway, route } from "../../../src/index.ts";
import { type Cache, cache } from "../../../src/policies/cache/cache.ts";
import { redisStore } from "../../../src/policies/cache/store/redis.ts";
import { decodeEntry } from "../../../src/policies/cache/store/redis-codec.ts";
import { startUpstream } from "../../../src/testing.ts";
import { skipRedis, startRedis } from "../../helpers/redis-server.ts";

interface Edge {
	readonly gateway: Gateway;
	readonly cache: Cache;
	how(url: string, headers?: Record<string, string>): Promise<string>;
}

async function startEdge(
	t: TestContext,
	redisUrl: string,
	upstream: string,
	timeoutMs = 5_000,
): Promise<Edge> {
	const store = redisStore({ url: redisUrl, timeoutMs, pauseMs: 200 });
	await store.connected();
	const made = cache({ store });
	const gateway = createGateway({
		docs: false,
		policies: [made],
		routes: [route.all("/*", { upstream })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return {
		gateway,
		cache: made,
		async how(url, headers = {}) {
			const answer = await gateway.inject({ url, headers });
			assert.equal(answer.status, 200);
			assert.equal(answer.body, "body");
			return String(answer.headers["cache-status"]);
		},
	};
}

const options = { skip: skipRedis };

test(
	"a purge removes every variant on two gateways that share Redis",
	options,
	async (t) => {
		const { url } = await startRedis(t);
		const upstream = await startUpstream(t, (_req, res) =>
			res
				.writeHead(200, {
					"cache-control": "max-age=60",
					"cache-tag": "users",
					vary: "accept",
				})
				.end("body"),
		);
		const one = await startEdge(t, url, upstream.url);
		const two = await startEdge(t, url, upstream.url);
		for (const what of [
			{ url: "/users/7" },
			{ prefix: "/users" },
			{ tag: "users" },
		]) {
			for (const accept of ["a", "b"]) {
				assert.match(await one.how("/users/7", { accept }), /fwd=/);
			}
			for (const accept of ["a", "b"]) {
				assert.match(await two.how("/users/7", { accept }), /hit/);
			}
			assert.equal(await two.cache.purge(what), 2);
			// Each variant is gone on each of the two: what one stores again the other finds.
			for (const [first, then, accept] of [
				[one, two, "a"],
				[two, one, "b"],
			] as const) {
				assert.match(await first.how("/users/7", { accept }), /fwd=/);
				assert.match(await then.how("/users/7", { accept }), /hit/);
			}
			assert.equal(await one.cache.purge({ prefix: "/" }), 2);
		}
	},
);

test(
	"an answer that one gateway asked for before another's purge is not stored behind it",
	options,
	async (t) => {
		const { url } = await startRedis(t);
		const held: ServerResponse[] = [];
		const upstream = await startUpstream(t, (_req, res) => held.push(res));
		const one = await startEdge(t, url, upstream.url);
		const two = await startEdge(t, url, upstream.url);
		const answer = { "cache-control": "max-age=60", "cache-tag": "t" };
		for (const [i, what] of [
			{ url: "/a" },
			{ prefix: "/" },
			{ tag: "t" },
		].entries()) {
			const asking = one.how("/a");
			while (held.length <= 2 * i) await new Promise(setImmediate);
			await two.cache.purge(what);
			held[2 * i]?.writeHead(200, answer).end("body");
			await asking;
			const again = two.how("/a");
			while (held.length <= 2 * i + 1) await new Promise(setImmediate);
			held[2 * i + 1]?.writeHead(200, answer).end("body");
			assert.match(await again, /uri-miss/);
			await one.cache.purge({ prefix: "/" });
		}
	},
);

test("a change on one gateway drops what the other has", options, async (t) => {
	const { url } = await startRedis(t);
	const upstream = await startUpstream(t, (req, res) => {
		req.resume();
		res.writeHead(200, { "cache-control": "max-age=60" }).end("body");
	});
	const one = await startEdge(t, url, upstream.url);
	const two = await startEdge(t, url, upstream.url);
	await one.how("/a");
	assert.match(await two.how("/a"), /hit/);
	await two.gateway.inject({ method: "PUT", url: "/a", body: "x" });
	assert.match(await two.how("/a"), /uri-miss/);
});

test(
	"Redis that is gone, or silent, is a miss and no error, and is used again when it is back",
	options,
	async (t) => {
		const redis = await startRedis(t);
		const upstream = await startUpstream(t, (_req, res) =>
			res.writeHead(200, { "cache-control": "max-age=60" }).end("body"),
		);
		const edge = await startEdge(t, redis.url, upstream.url, 50);
		await edge.how("/a");
		let how = "";
		while (!how.includes("hit")) how = await edge.how("/a");
		redis.pause();
		for (let i = 0; i < 5; i++) assert.match(await edge.how("/a"), /uri-miss/);
		const startMs = performance.now();
		for (let i = 0; i < 5; i++) await edge.how("/a");
		assert.ok(performance.now() - startMs < 1_000, "it is left alone");
		redis.resume();
		await redis.kill();
		for (let i = 0; i < 5; i++) assert.match(await edge.how("/a"), /uri-miss/);
		await assert.rejects(edge.cache.purge({ url: "/a" }));
		await redis.start();
		while (!(await edge.how("/a")).includes("hit")) {
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	},
);

test("bytes that are no entry are none", () => {
	for (const bytes of [
		"",
		"\x01",
		"\x02\0\0\0\0",
		"\x01\0\0\0\x09{}",
		"\x01\0\0\0\x02{}",
		"\x01\0\0\0\x02{x",
	]) {
		assert.equal(decodeEntry(Buffer.from(bytes, "latin1")), null);
	}
});
