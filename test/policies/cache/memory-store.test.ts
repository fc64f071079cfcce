import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { keyOf } from "../../../src/policies/cache/cache-key.ts";
import {
	type MemoryStore,
	memoryStore,
} from "../../../src/policies/cache/store/memory-store.ts";
import { answerOf } from "../../contract/cache-store.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
setFlagsFromString("--no-expose-gc");

/** Bytes that are in use, after what is not has been collected. */
function usedBytes(): number {
	collect();
	collect();
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
}

/** A string with bytes of its own, as one from the network has. */
function own(text: string): string {
	return Buffer.from(text, "latin1").toString("latin1");
}

function headersOf(i: number): string[] {
	return [
		...["content-type", "application/json", "cache-control", "max-age=60"],
		...["etag", `"v${i}"`, "date", "Wed, 25 Nov 2026 10:49:09 GMT"],
	].map(own);
}

const template = answerOf("");

function fill(store: MemoryStore, i: number, length: number): void {
	const url = own(`/users/${1_000_000 + i}?fields=name`);
	const headers = headersOf(i);
	const body = Buffer.allocUnsafeSlow(length);
	// Each with numbers of its own, as a clock gives them.
	const freshness = { ...template.freshness, responseTimeMs: i + 0.5 };
	const answer = { ...template, headers, source: headers, body, freshness };
	const place = { url, tags: [], keepMs: 1e9, mark: store.mark() };
	const key = keyOf(url, "http://gateway", "");
	store.set(key, answer, place);
}

suite("the memory store", () => {
	for (const length of [82, 1_000, 10_000]) {
		test(`accounts for what it takes within 5 %: bodies of ${length} bytes`, () => {
			const store = memoryStore({ maxBytes: 1e9 });
			const before = usedBytes();
			for (let i = 0; i < 20_000; i++) fill(store, i, length);
			const ratio = store.bytes / (usedBytes() - before);
			assert.equal(store.size, 20_000);
			assert.ok(ratio > 0.95 && ratio < 1.05, `${ratio}`);
		});
	}

	test("1,000,000 keys go through 64 MiB, and nothing grows", () => {
		const store = memoryStore();
		const limit = 67_108_864;
		const before = usedBytes();
		for (let i = 0; i < 200_000; i++) fill(store, i, 82);
		const early = usedBytes() - before;
		for (let i = 200_000; i < 1_000_000; i++) fill(store, i, 82);
		const late = usedBytes() - before;
		assert.ok(store.bytes <= limit && store.bytes > 0.99 * limit);
		assert.ok(late < 1.1 * limit, `${late}`);
		assert.ok(late < 1.05 * early, `${early} ${late}`);
	});

	test("the least recently used go first", () => {
		const store = memoryStore({ maxBytes: 10_000 });
		const place = { tags: [], keepMs: 1e9, mark: 0 };
		const set = (url: string): boolean =>
			store.set(url, answerOf("x".repeat(2_000)), { ...place, url });
		for (const url of ["/a", "/b", "/c"]) set(url);
		assert.notEqual(store.get("/a"), null);
		set("/d");
		assert.equal(store.get("/b"), null);
		assert.notEqual(store.get("/a"), null);
		assert.ok(store.bytes <= 10_000);
	});

	test("an entry that is larger than the whole is not taken, and what is purged gives its bytes back", () => {
		const store = memoryStore({ maxBytes: 10_000 });
		const place = { url: "/a", tags: ["t"], keepMs: 1e9, mark: 0 };
		assert.equal(store.set("/a", answerOf("x".repeat(20_000)), place), false);
		assert.equal(store.set("/a", answerOf("x"), place), true);
		assert.equal(store.set("/a", answerOf("xx"), place), true);
		store.purge({ kind: "tag", value: "t", origin: null });
		assert.deepEqual([store.bytes, store.size], [0, 0]);
		assert.throws(() => memoryStore({ maxBytes: 0 }), TypeError);
	});
});
