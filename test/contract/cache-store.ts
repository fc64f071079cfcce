import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { keyOf } from "../../src/policies/cache/cache-key.ts";
import { parseCacheControl } from "../../src/policies/cache/http/cache-control.ts";
import { freshnessOf } from "../../src/policies/cache/http/freshness.ts";
import type { CacheStore } from "../../src/policies/cache/store/store.ts";
import type {
	CacheEntry,
	StoredAnswer,
} from "../../src/policies/cache/store/stored-response.ts";

/** A whole answer with that body. */
export function answerOf(
	body: string | Uint8Array,
	more: Partial<StoredAnswer> = {},
): StoredAnswer {
	const headers = [
		"Content-Type",
		"text/plain",
		"X-Latin",
		"caf\xe9",
		"etag",
		'"v"',
	];
	return {
		kind: "answer",
		status: 200,
		headers,
		source: headers,
		body: Buffer.from(body as string),
		freshness: freshnessOf({
			status: 200,
			headers,
			directives: parseCacheControl(["cache-control", "max-age=60"]),
			requestTimeMs: 1_000,
			responseTimeMs: 2_500,
		}),
		varyNames: [],
		mayRefresh: false,
		tags: [],
		...more,
	};
}

/** What every store of answers promises. `waitMs` lets so much time pass for it. */
export function cacheStoreContract(
	name: string,
	create: (t: TestContext) => Promise<{
		store: CacheStore;
		wait: (ms: number) => Promise<void> | void;
	}>,
	skip: string | false = false,
): void {
	suite(`${name} as a store of answers`, { skip }, () => {
		const at = (url: string, origin = "http://a", partition = ""): string =>
			keyOf(url, origin, partition);
		/** As the cache does it: it looks, and then stores. */
		const put = async (
			store: CacheStore,
			key: string,
			entry: CacheEntry = answerOf("body"),
			tags: readonly string[] = [],
			keepMs = 60_000,
		): Promise<boolean> => {
			await store.get(key);
			const url = key.slice(0, key.indexOf("\n"));
			return store.set(key, entry, { url, tags, keepMs, mark: store.mark() });
		};

		test("gives back what was stored, byte for byte", async (t) => {
			const { store } = await create(t);
			const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
			const answer = answerOf(bytes, {
				status: 404,
				source: ["date", "x"],
				varyNames: ["accept"],
				tags: ["t"],
			});
			assert.equal(await store.get(at("/a")), null);
			assert.equal(await put(store, at("/a"), answer), true);
			const found = await store.get(at("/a"));
			assert.ok(found?.kind === "answer");
			assert.deepEqual([...found.body], [...bytes]);
			assert.deepEqual({ ...found, body: answer.body }, answer);
		});

		test("one list of headers stays one", async (t) => {
			const { store } = await create(t);
			await put(store, at("/a"));
			const found = await store.get(at("/a"));
			assert.ok(found?.kind === "answer");
			assert.equal(found.source, found.headers);
		});

		test("keeps a marker of variants, and puts one entry in another's place", async (t) => {
			const { store } = await create(t);
			await put(store, at("/a"));
			const marker = { kind: "vary", names: ["accept"] } as const;
			await put(store, at("/a"), marker);
			assert.deepEqual(await store.get(at("/a")), marker);
			await put(store, at("/a"), answerOf("again"));
			assert.equal((await store.get(at("/a")))?.kind, "answer");
		});

		test("drops one entry, and what is of no use any more", async (t) => {
			const { store, wait } = await create(t);
			await put(store, at("/a"));
			await put(store, at("/b"), answerOf("b"), [], 30);
			await store.delete(at("/a"));
			assert.equal(await store.get(at("/a")), null);
			await wait(60);
			assert.equal(await store.get(at("/b")), null);
			assert.equal(
				await store.purge({ kind: "url", value: "/b", origin: null }),
				0,
			);
		});

		test("purges by URL every partition, variant and origin, and nothing else", async (t) => {
			const { store } = await create(t);
			const mine = [
				at("/a"),
				at("/a", "http://b"),
				at("/a", "http://a", "ann"),
				`${at("/a")}\naccept=1:x`,
			];
			const others = [at("/a?x"), at("/ab"), at("/")];
			for (const key of [...mine, ...others]) await put(store, key);
			const target = { kind: "url", value: "/a", origin: null } as const;
			assert.equal(await store.purge(target), 4);
			for (const key of mine) assert.equal(await store.get(key), null);
			for (const key of others) assert.notEqual(await store.get(key), null);
			assert.equal(await store.purge(target), 0);
		});

		test("purges one origin alone where one is named", async (t) => {
			const { store } = await create(t);
			await put(store, at("/a"));
			await put(store, at("/a", "http://b"));
			const origin = "http://b";
			assert.equal(await store.purge({ kind: "url", value: "/a", origin }), 1);
			assert.notEqual(await store.get(at("/a")), null);
			assert.equal(await store.get(at("/a", "http://b")), null);
		});

		test("purges by prefix, whose every character is meant", async (t) => {
			const { store } = await create(t);
			for (const url of ["/u/1", "/u/2?x", "/u", "/[u]*/1", "/xu/"]) {
				await put(store, at(url));
			}
			const purge = (value: string) =>
				store.purge({ kind: "prefix", value, origin: null });
			assert.equal(await purge("/u/"), 2);
			assert.equal(await purge("/[u]*"), 1);
			assert.equal(await purge("/?"), 0);
			assert.notEqual(await store.get(at("/xu/")), null);
		});

		test("purges by tag whatever has it", async (t) => {
			const { store } = await create(t);
			await put(store, at("/a"), answerOf("a"), ["red", "big"]);
			await put(store, at("/b"), answerOf("b"), ["red"]);
			await put(store, at("/c"), answerOf("c"), ["blue"]);
			const purge = (value: string) =>
				store.purge({ kind: "tag", value, origin: null });
			assert.equal(await purge("red"), 2);
			assert.equal(await purge("big"), 0);
			assert.notEqual(await store.get(at("/c")), null);
		});

		test("does not store behind a purge what was asked for before it", async (t) => {
			const { store } = await create(t);
			for (const target of [
				{ kind: "url", value: "/a", origin: null },
				{ kind: "prefix", value: "/", origin: null },
				{ kind: "tag", value: "red", origin: null },
			] as const) {
				await store.get(at("/a"));
				const mark = store.mark();
				await store.purge(target);
				const place = { url: "/a", tags: ["red"], keepMs: 60_000, mark };
				assert.equal(await store.set(at("/a"), answerOf("old"), place), false);
				assert.equal(await store.get(at("/a")), null);
				assert.equal(
					await put(store, at("/a"), answerOf("new"), ["red"]),
					true,
				);
				await store.delete(at("/a"));
			}
			await store.get(at("/b"));
			const mark = store.mark();
			await store.purge({ kind: "url", value: "/a", origin: null });
			const place = { url: "/b", tags: ["blue"], keepMs: 60_000, mark };
			assert.equal(await store.set(at("/b"), answerOf("b"), place), true);
		});
	});
}
