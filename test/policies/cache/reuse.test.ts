import assert from "node:assert/strict";
import { test } from "node:test";
import { decisionsOf, Type } from "../../../src/index.ts";
import { counting, startCache } from "./stage.ts";

test("a fresh answer is given again with its age, and the service is not asked", async (t) => {
	const stage = await startCache(
		t,
		counting({ "cache-control": "max-age=60", "x-a": "b" }),
	);
	const first = await stage.get("/a?x=1");
	assert.equal(first.how, "headgate; fwd=uri-miss; stored");
	stage.clock.pass(10);
	const second = await stage.get("/a?x=1");
	assert.equal(second.how, "headgate; hit; ttl=50");
	assert.equal(second.body, "GET 1");
	assert.equal(second.headers.age, "10");
	assert.equal(second.headers["x-a"], "b");
	assert.equal(second.headers["content-length"], "5");
	assert.equal(stage.asked(), 1);
	assert.equal((await stage.get("/a?x=2")).body, "GET 2");
});

test("what says no-store, private or nothing passes and is not stored", async (t) => {
	for (const control of ["no-store", "private, max-age=60", ""]) {
		const headers = control === "" ? {} : { "cache-control": control };
		const stage = await startCache(t, counting(headers as never));
		await stage.get("/");
		assert.equal((await stage.get("/")).body, "GET 2", control);
	}
});

test("ttlSeconds is for answers that state no freshness", async (t) => {
	const stage = await startCache(t, counting({}), {
		cache: { ttlSeconds: 5 },
	});
	await stage.get("/");
	assert.equal((await stage.get("/")).how, "headgate; hit; ttl=5");
	stage.clock.pass(5);
	assert.equal((await stage.get("/")).body, "GET 2");
});

test("HEAD, conditions and ranges are answered from the stored GET", async (t) => {
	const stage = await startCache(
		t,
		counting({ "cache-control": "max-age=60", etag: '"v"' }),
	);
	await stage.get("/");
	const head = await stage.get("/", {}, "HEAD");
	assert.deepEqual([head.body, head.headers["content-length"]], ["", "5"]);
	const unchanged = await stage.get("/", { "if-none-match": 'W/"v"' });
	assert.deepEqual([unchanged.status, unchanged.headers.etag], [304, '"v"']);
	const part = await stage.get("/", { range: "bytes=1-2" });
	assert.deepEqual([part.status, part.body], [206, "ET"]);
	assert.equal(part.headers["content-range"], "bytes 1-2/5");
	const parts = await stage.get("/", { range: "bytes=0-0,4-4" });
	assert.match(String(parts.headers["content-type"]), /^multipart\/byteranges/);
	assert.equal(Number(parts.headers["content-length"]), parts.bytes.length);
	const beyond = await stage.get("/", { range: "bytes=9-" });
	assert.deepEqual(
		[beyond.status, beyond.headers["content-range"]],
		[416, "bytes */5"],
	);
	assert.equal(stage.asked(), 1);
});

test("a stale answer is validated, and a 304 makes it fresh with the new headers", async (t) => {
	let count = 0;
	const stage = await startCache(t, (req, res) => {
		count++;
		res.setHeader("cache-control", "max-age=10");
		res.setHeader("etag", '"v"');
		res.setHeader("x-count", String(count));
		if (req.headers["if-none-match"] === '"v"') res.writeHead(304).end();
		else res.end("whole");
	});
	await stage.get("/");
	stage.clock.pass(11);
	const again = await stage.get("/");
	assert.deepEqual(
		[again.status, again.body, again.headers["x-count"], again.how],
		[200, "whole", "2", "headgate; fwd=stale; fwd-status=304; stored"],
	);
	assert.equal((await stage.get("/")).how, "headgate; hit; ttl=10");
	stage.clock.pass(11);
	const mine = await stage.get("/", { "if-none-match": '"v"' });
	assert.equal(mine.status, 304);
	const head = await (async () => {
		stage.clock.pass(11);
		return stage.get("/", {}, "HEAD");
	})();
	assert.equal(head.how, "headgate; fwd=stale; fwd-status=304; stored");
	assert.equal((await stage.get("/")).how, "headgate; hit; ttl=10");
	const [first, second] = stage.upstream.requests.map((req) => req.socket);
	assert.equal(first, second, "a 304 costs no connection");
});

test("a client's condition is not passed on where others may wait for the whole", async (t) => {
	const stage = await startCache(t, (req, res) => {
		res.setHeader("cache-control", "max-age=60");
		res.setHeader("etag", '"v"');
		if (req.headers["if-none-match"] !== undefined) res.writeHead(304).end();
		else res.end("whole");
	});
	await stage.get("/", { "if-none-match": '"v"' });
	assert.equal((await stage.get("/")).body, "whole");
	assert.equal(stage.asked(), 1);
});

test("requests drive the cache by their directives, unless it ignores them", async (t) => {
	for (const ignoreClientDirectives of [false, true]) {
		const stage = await startCache(
			t,
			counting({ "cache-control": "max-age=60" }),
			{ cache: { ignoreClientDirectives } },
		);
		const alone = await stage.get("/", { "cache-control": "only-if-cached" });
		assert.equal(alone.status, ignoreClientDirectives ? 200 : 504);
		await stage.get("/");
		const forced = await stage.get("/", { "cache-control": "no-cache" });
		assert.equal(
			forced.how,
			ignoreClientDirectives
				? "headgate; hit; ttl=60"
				: "headgate; fwd=request; stored",
		);
	}
});

test("stale-if-error answers for a failing service, and for one that is gone", async (t) => {
	let mode = "well";
	const stage = await startCache(t, (req, res) => {
		if (mode === "gone") {
			req.socket.destroy();
			return;
		}
		if (mode === "broken") res.writeHead(503).end("broken");
		else {
			res.setHeader("cache-control", "max-age=10, stale-if-error=100");
			res.end("well");
		}
	});
	await stage.get("/");
	stage.clock.pass(20);
	for (mode of ["broken", "gone"]) {
		const left = await stage.get("/");
		assert.deepEqual([left.status, left.body], [200, "well"], mode);
		assert.match(left.how, /fwd=stale.*detail=stale-if-error/);
		assert.equal(left.headers.age, "20");
	}
	stage.clock.pass(100);
	assert.equal((await stage.get("/")).status, 502);
	mode = "broken";
	assert.equal((await stage.get("/")).status, 503);
});

test("stale-while-revalidate serves, and refreshes once behind", async (t) => {
	let open: () => void = () => undefined;
	const opened = new Promise<void>((resolve) => {
		open = resolve;
	});
	let count = 0;
	const stage = await startCache(t, async (_req, res) => {
		const own = ++count;
		if (own === 2) await opened;
		res.setHeader("cache-control", "max-age=10, stale-while-revalidate=100");
		res.end(`answer ${own}`);
	});
	await stage.get("/");
	stage.clock.pass(20);
	const stale = await Promise.all([1, 2, 3].map(() => stage.get("/")));
	for (const one of stale) {
		assert.equal(one.body, "answer 1");
		assert.equal(one.how, "headgate; hit; ttl=-10");
	}
	open();
	let fresh = await stage.get("/");
	while (fresh.body !== "answer 2") fresh = await stage.get("/");
	assert.equal(stage.asked(), 2);
	assert.equal(fresh.how, "headgate; hit; ttl=10");
});

test("a change drops what is stored for its URL and for Location", async (t) => {
	const stage = await startCache(t, (req, res) => {
		req.resume();
		res.setHeader("cache-control", "max-age=60");
		if (req.method === "POST") res.setHeader("location", "/users/7");
		res.end(`${req.method}`);
	});
	for (const url of ["/users", "/users/7", "/users/8"]) await stage.get(url);
	await stage.get("/users", {}, "POST");
	const how = async (url: string) => (await stage.get(url)).how;
	assert.match(await how("/users"), /fwd=uri-miss/);
	assert.match(await how("/users/7"), /fwd=uri-miss/);
	assert.match(await how("/users/8"), /hit/);
});

test("a purge drops by URL, by prefix and by tag; tags do not reach the client", async (t) => {
	const stage = await startCache(t, (_req, res) => {
		res.setHeader("cache-control", "max-age=60");
		res.setHeader("cache-tag", "users, all");
		res.setHeader("surrogate-key", "old");
		res.setHeader("vary", "accept");
		res.end();
	});
	const fill = async (): Promise<void> => {
		for (const accept of ["a", "b"]) {
			const { headers } = await stage.get("/users/7", { accept });
			assert.equal(headers["cache-tag"], undefined);
			assert.equal(headers["surrogate-key"], undefined);
		}
	};
	for (const what of [
		{ url: "/users/7" },
		{ prefix: "/users/" },
		{ tag: "users" },
		{ tag: "old" },
	]) {
		await fill();
		assert.equal(await stage.cache.purge(what), 2, JSON.stringify(what));
	}
	await fill();
	assert.equal(await stage.cache.purge({ url: "http://other/users/7" }), 0);
	assert.equal(await stage.cache.purge({ url: "http://gateway/users/7" }), 2);
	await assert.rejects(stage.cache.purge({}), TypeError);
	await assert.rejects(stage.cache.purge({ url: "users" }), TypeError);
});

test("an answer that was asked for before a purge is not stored behind it", async (t) => {
	let answer: () => void = () => undefined;
	const stage = await startCache(t, (_req, res) => {
		res.setHeader("cache-control", "max-age=60");
		res.write("a");
		answer = () => res.end("b");
	});
	const first = stage.get("/");
	while (stage.asked() === 0) await new Promise(setImmediate);
	await stage.cache.purge({ url: "/" });
	answer();
	assert.equal((await first).body, "ab");
	const second = stage.get("/");
	while (stage.asked() < 2) await new Promise(setImmediate);
	answer();
	await second;
});

test("what a declared query drops splits no key", async (t) => {
	const stage = await startCache(
		t,
		counting({ "cache-control": "max-age=60" }),
		{ route: { query: { id: Type.Integer() } } as never },
	);
	await stage.get("/a?id=1&utm=x");
	assert.match((await stage.get("/a?utm=y&id=1")).how, /hit/);
	assert.match((await stage.get("/a?id=2")).how, /uri-miss/);
});

test("decisions tell a log how each request was answered", async (t) => {
	const outcomes: string[] = [];
	const stage = await startCache(
		t,
		counting({ "cache-control": "max-age=10", etag: '"v"' }),
		{
			policies: [
				{
					name: "noting",
					forRoute: () => ({
						onFinish(ctx) {
							for (const { kind, outcome } of decisionsOf(ctx)) {
								outcomes.push(`${kind} ${outcome}`);
							}
						},
					}),
				},
			],
		},
	);
	await stage.get("/");
	await stage.get("/");
	await stage.get("/", { "if-match": '"x"' });
	assert.deepEqual(outcomes, ["cache miss", "cache hit", "cache bypass"]);
});
