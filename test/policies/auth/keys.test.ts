import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
	createKey,
	digestKey,
	isKey,
} from "../../../src/policies/auth/keys.ts";

test("a new key is a prefix, 43 random characters and a checksum; its digest is its SHA-256", () => {
	const { key, digest } = createKey({ prefix: "acme_live" });
	assert.match(key, /^acme_live_[0-9A-Za-z]{49}$/);
	assert.equal(digest, createHash("sha256").update(key).digest("hex"));
	assert.equal(digestKey(key), digest);
	assert.match(createKey().key, /^key_/);
});

test("no two keys are alike, and every character is used", () => {
	const keys = Array.from({ length: 200 }, () => createKey().key.slice(4, -6));
	assert.equal(new Set(keys).size, 200);
	assert.equal(new Set(keys.join("")).size, 62);
});

test("every typing error of one character is told", () => {
	const { key } = createKey({ prefix: "acme" });
	assert.ok(isKey(key) && isKey(key, "acme"));
	assert.ok(!isKey(key, "acm") && !isKey(key, "other"));
	for (let i = 0; i < key.length; i++) {
		const other = key[i] === "x" ? "y" : "x";
		const typo = key.slice(0, i) + other + key.slice(i + 1);
		assert.ok(!isKey(typo), typo);
	}
	for (const text of ["", "acme_", key.slice(1), `${key}0`, key.slice(0, -1)]) {
		assert.ok(!isKey(text, "acme"), text);
	}
});

test("a prefix that could not be told from the key is refused", () => {
	for (const prefix of ["", "a b", "_a", "a_", "a__b", "ä", "a".repeat(33)]) {
		assert.throws(() => createKey({ prefix }), TypeError, prefix);
	}
});
