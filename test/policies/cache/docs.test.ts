import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import {
	maxDeltaSeconds,
	noDirectives,
	parseCacheControl,
} from "../../../src/policies/cache/http/cache-control.ts";
import { whyNotStored } from "../../../src/policies/cache/http/storable.ts";
import { tableRows } from "../../helpers/markdown.ts";
import { freshness } from "./answers.ts";

const root = join(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const page = read("docs/caching.md");

/** The first cells of the tables behind a heading, without their marks of code. */
function firstCells(heading: string): string[] {
	return tableRows(page, `## ${heading}`).map(([cell]) => cell ?? "");
}

/** The texts in double quotes of a file that match. */
function quoted(path: string, pattern: RegExp): string[] {
	return [...read(path).matchAll(pattern)].map(([, text]) => text as string);
}

suite("docs/caching.md", () => {
	test("lists every reason why an answer is not stored", () => {
		const [, union = ""] = /type StoreRefusal =([^;]*);/.exec(
			read("src/policies/cache/http/storable.ts"),
		) as RegExpExecArray;
		const reasons = [
			...[...union.matchAll(/"([\w-]+)"/g)].map(([, name]) => name as string),
			...quoted("src/policies/cache/call/engine.ts", /\breturn "([\w-]+)"/g),
			...quoted("src/policies/cache/call/engine.ts", /: "(changed)"/g),
			...quoted(
				"src/policies/cache/call/response-taker.ts",
				/return "([\w-]+)"/g,
			),
		];
		const told = firstCells("What is stored").map((cell) =>
			cell.replaceAll("`", ""),
		);
		assert.deepEqual([...told].sort(), [...new Set(reasons)].sort());
	});

	test("lists every reason why a request goes past the cache", () => {
		const told = firstCells("Who shares an answer").map((cell) =>
			cell.replaceAll("`", ""),
		);
		const reasons = [
			...quoted("src/policies/cache/call/lookup.ts", /(?:return|\?) "(\w+)"/g),
			...quoted(
				"src/policies/cache/route-cache.ts",
				/\? "([\w-]+)" : bypassOf/g,
			),
			...quoted(
				"src/policies/cache/route-cache.ts",
				/#bypass\([^)]*, "([\w-]+)"/g,
			),
		];
		assert.deepEqual([...told].sort(), [...new Set(reasons)].sort());
	});

	test("names the statuses that are and are not stored", () => {
		const isStored = (status: number, headers: readonly string[]): boolean => {
			const directives = parseCacheControl(headers);
			const fresh = freshness(headers, { ttlSeconds: 60 }, status);
			return (
				whyNotStored(
					{ method: "GET", headers: [], directives: noDirectives },
					{ status, headers, directives, freshness: fresh },
				) === null
			);
		};
		const all = Array.from({ length: 400 }, (_, i) => 200 + i);
		const numbers = (text: string | undefined): number[] =>
			(text?.match(/\b\d{3}\b/g) ?? []).map(Number);
		const byDefault = /to the statuses ([\d, and]+)/.exec(page)?.[1];
		assert.deepEqual(
			all.filter((status) => isStored(status, [])),
			numbers(byDefault),
		);
		const never = /own fields: ([\d, ]+)/.exec(page)?.[1];
		assert.deepEqual(
			all.filter((status) => !isStored(status, ["cache-control", "max-age=9"])),
			[206, 304, ...numbers(never)].sort(),
		);
	});

	test("says what malformed directives mean", () => {
		const said = (value: string) => parseCacheControl(["cache-control", value]);
		const cells = firstCells("What is read from Cache-Control");
		const values = cells.map((cell) =>
			[...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text as string),
		);
		const [numbers, , , whole, governing, forbids, cut, allows, stale] = values;
		for (const value of numbers ?? [])
			assert.equal(said(value).maxAge, 0, value);
		assert.equal(said("max-age=9999999999").maxAge, maxDeltaSeconds);
		for (const value of [...(whole ?? []), governing?.[0] ?? ""]) {
			assert.ok(said(value).noCache || said(value).isPrivate, value);
		}
		for (const value of [...(forbids ?? []), ...(cut ?? [])]) {
			assert.ok(said(value).noStore || said(value).isPrivate, value);
		}
		for (const value of allows ?? [])
			assert.deepEqual(said(value), noDirectives);
		for (const value of stale ?? []) {
			const { maxStale, staleIfError, staleWhileRevalidate } = said(value);
			assert.equal(maxStale ?? staleIfError ?? staleWhileRevalidate, 0, value);
		}
		assert.equal(cells.length, 10);
	});
});
