import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseCacheControl } from "../../../src/policies/cache/http/cache-control.ts";
import { startCache } from "./stage.ts";

type Headers = Readonly<Record<string, string>>;

/** A stage whose service answers 200 with `first` and then, to validations, 304 with `then`; to HEAD 200 with it. */
async function startValidated(
	t: Parameters<typeof startCache>[0],
	first: Headers,
	then: Headers,
	cache = {},
): ReturnType<typeof startCache> {
	let count = 0;
	return startCache(
		t,
		(req, res) => {
			count++;
			const isCondition = req.headers["if-none-match"] !== undefined;
			if (count === 1) res.writeHead(200, first).end("whole");
			else if (req.method === "HEAD") res.writeHead(200, then).end();
			else if (isCondition) res.writeHead(304, then).end();
			else res.writeHead(200, first).end(`whole ${count}`);
		},
		{ cache },
	);
}

suite("a qualified directive that names a field which says how to cache, RFC 9111 section 5.2.2", () => {
	for (const name of ["cache-control", "Expires", "VARY", "date", "pragma"]) {
		test(`${name} in it makes it count for the whole`, () => {
			const said = (value: string) =>
				parseCacheControl(["cache-control", value]);
			assert.equal(said(`private="x-a, ${name}"`).isPrivate, true);
			assert.equal(said(`no-cache="${name}"`).noCache, true);
			assert.equal(said(`private=${name}`).isPrivate, true);
		});
	}

	test("a 304 that hides its own Cache-Control so does not free an answer from it", async (t) => {
		for (const control of [
			'no-store, private="cache-control"',
			'private, no-cache="cache-control"',
			'private="cache-control", max-age=60',
		]) {
			const stage = await startValidated(
				t,
				{ "cache-control": "max-age=10", etag: '"v"' },
				{ "cache-control": control, etag: '"v"' },
				{ ttlSeconds: 3_600 },
			);
			await stage.get("/");
			stage.clock.pass(11);
			assert.equal((await stage.get("/")).body, "whole");
			assert.match((await stage.get("/")).how, /fwd=/, control);
		}
	});

	test("fields that are none are stored, and all that can be named stays out, in the 200 and in the 304", async (t) => {
		const named = { "x-user": "ann", etag: '"v"' };
		const stage = await startValidated(
			t,
			{ ...named, "cache-control": 'max-age=10, private="X-User, x-other"' },
			{ ...named, "cache-control": 'max-age=10, private="x-user"' },
		);
		assert.equal((await stage.get("/")).headers["x-user"], "ann");
		assert.equal((await stage.get("/")).headers["x-user"], undefined);
		stage.clock.pass(11);
		const again = await stage.get("/");
		assert.match(again.how, /fwd-status=304; stored/);
		assert.equal(again.headers["x-user"], undefined);
		assert.equal((await stage.get("/")).headers["x-user"], undefined);
	});
});

suite("what a 304 says anew, RFC 9111 section 4.3.4", () => {
	const first = { "cache-control": "max-age=10", etag: '"v"' };

	test("a Vary parts the answer from then on", async (t) => {
		const stage = await startValidated(t, first, {
			...first,
			vary: "x-lang",
		});
		await stage.get("/", { "x-lang": "en" });
		stage.clock.pass(11);
		await stage.get("/", { "x-lang": "en" });
		const other = await stage.get("/", { "x-lang": "de" });
		assert.match(other.how, /vary-miss/);
		assert.match((await stage.get("/", { "x-lang": "en" })).how, /hit/);
	});

	test("a Vary with * drops it", async (t) => {
		const stage = await startValidated(t, first, { ...first, vary: "*" });
		await stage.get("/");
		stage.clock.pass(11);
		assert.equal((await stage.get("/")).body, "whole");
		assert.match((await stage.get("/")).how, /uri-miss/);
	});

	test("tags take the place of the old ones; without any those stay", async (t) => {
		for (const [tags, now] of [
			[{ "cache-tag": "new" }, "new"],
			[{}, "old"],
		] as const) {
			const stage = await startValidated(
				t,
				{ ...first, "cache-tag": "old" },
				{ ...first, ...tags },
			);
			await stage.get("/");
			stage.clock.pass(11);
			const again = await stage.get("/");
			assert.equal(again.headers["cache-tag"], undefined);
			assert.equal(await stage.cache.purge({ tag: "other" }), 0);
			assert.equal(await stage.cache.purge({ tag: now }), 1);
		}
	});
});

suite("what a HEAD brings of a stale answer, RFC 9111 section 4.3.5", () => {
	const first = { "cache-control": "max-age=10", etag: '"v"', "x-n": "1" };

	test("the same validators and length make it fresh with the new headers", async (t) => {
		const stage = await startValidated(t, first, {
			...first,
			"x-n": "2",
			"content-length": "5",
		});
		await stage.get("/");
		stage.clock.pass(11);
		const head = await stage.get("/", {}, "HEAD");
		assert.equal(head.headers["x-n"], "2");
		const hit = await stage.get("/");
		assert.deepEqual(
			[hit.how, hit.body, hit.headers["x-n"]],
			["headgate; hit; ttl=10", "whole", "2"],
		);
		assert.equal(stage.asked(), 2);
	});

	for (const [name, then] of [
		["another entity tag", { ...first, etag: '"w"' }],
		["another length", { ...first, "content-length": "6" }],
		["no validator at all", { "cache-control": "max-age=10" }],
	] as const) {
		test(`${name}, and it is not used again`, async (t) => {
			const stage = await startValidated(t, first, then);
			await stage.get("/");
			stage.clock.pass(11);
			await stage.get("/", {}, "HEAD");
			assert.match((await stage.get("/")).how, /uri-miss/);
		});
	}

	test("a HEAD that says no-store drops it", async (t) => {
		const stage = await startValidated(t, first, {
			...first,
			"cache-control": "no-store",
		});
		await stage.get("/");
		stage.clock.pass(11);
		await stage.get("/", {}, "HEAD");
		assert.match((await stage.get("/")).how, /uri-miss/);
	});
});
