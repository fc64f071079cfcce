import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseCacheControl } from "../../../src/policies/cache/http/cache-control.ts";
import {
	decideMiss,
	decideReuse,
	isServerError,
	mayServeOnError,
	type ReuseDecision,
	type ReuseOptions,
} from "../../../src/policies/cache/http/request-directives.ts";
import { control, freshness, receivedMs } from "./answers.ts";
import { rowsOf } from "./table.ts";

function decide(
	request: string | null,
	stored: string,
	age: number,
	options: ReuseOptions = {},
): string {
	const wants = parseCacheControl(request === null ? [] : control(request));
	const now = receivedMs + age * 1000;
	return toText(decideReuse(wants, freshness(control(stored)), now, options));
}

function toText({ reuse, forward }: ReuseDecision): string {
	return forward === null ? reuse : `${reuse} ${forward}`;
}

/** A row: its name, the request's and the stored answer's Cache-Control (`-` for none), its age, what comes of it. */
function checkAll(table: string): void {
	for (const [name, request, stored, age, decided] of rowsOf(table)) {
		test(String(name), () => {
			const wants = request === "-" ? null : String(request);
			assert.equal(decide(wants, String(stored), Number(age)), decided);
		});
	}
}

suite("constructing answers from caches, RFC 9111 section 4", () => {
	checkAll(`
		a fresh answer is used | - | max-age=10 | 9 | use
		a stale one is validated | - | max-age=10 | 10 | revalidate stale
		one without freshness is validated | - | public | 0 | revalidate stale
		no-cache is validated, however fresh (5.2.2.4) | - | no-cache, max-age=10 | 0 | revalidate stale
		no-cache is validated, whatever the request takes | max-stale | no-cache, max-age=10 | 0 | revalidate stale
		no-cache with fields is used without them (5.2.2.4) | - | no-cache="a", max-age=10 | 0 | use
		what a request can't have said is ignored | public, private, s-maxage=0, must-revalidate | max-age=10 | 5 | use
	`);
});

suite("request directives, RFC 9111 section 5.2.1", () => {
	checkAll(`
		max-age: as old as that is taken (5.2.1.1) | max-age=5 | max-age=10 | 5 | use
		max-age: older is validated (5.2.1.1) | max-age=5 | max-age=10 | 6 | revalidate request
		max-age: 0 is validated once a moment has passed | max-age=0 | max-age=10 | 1 | revalidate request
		max-age: one that can't be read counts as 0 | max-age=x | max-age=10 | 1 | revalidate request
		max-age: a stale answer is not wished for without max-stale (5.2.1.1) | max-age=99 | max-age=10, stale-while-revalidate=50 | 20 | revalidate stale
		max-age and max-stale: both count (5.2.1.1) | max-age=15, max-stale=10 | max-age=10 | 15 | use-stale
		max-age and max-stale: older than max-age is validated | max-age=15, max-stale=10 | max-age=10 | 16 | revalidate stale
		max-stale: within its limit (5.2.1.2) | max-stale=5 | max-age=10 | 15 | use-stale
		max-stale: beyond its limit (5.2.1.2) | max-stale=5 | max-age=10 | 16 | revalidate stale
		max-stale: any without a limit (5.2.1.2) | max-stale | max-age=10 | 1000000 | use-stale
		max-stale: one that can't be read takes none | max-stale=x | max-age=10 | 11 | revalidate stale
		max-stale: a fresh answer is just used | max-stale=5 | max-age=10 | 5 | use
		max-stale: not against must-revalidate (5.2.2.2) | max-stale | max-age=10, must-revalidate | 11 | revalidate stale
		max-stale: not against proxy-revalidate (5.2.2.8) | max-stale | max-age=10, proxy-revalidate | 11 | revalidate stale
		max-stale: not against s-maxage (5.2.2.10) | max-stale | s-maxage=10 | 11 | revalidate stale
		min-fresh: fresh for just that long (5.2.1.3) | min-fresh=5 | max-age=10 | 5 | use
		min-fresh: not fresh for that long (5.2.1.3) | min-fresh=5 | max-age=10 | 6 | revalidate request
		min-fresh: one that can't be read is never met | min-fresh=x | max-age=10 | 0 | revalidate request
		min-fresh: not met by a stale answer, whatever max-stale says | min-fresh=1, max-stale | max-age=10 | 11 | revalidate stale
		no-cache: validated first (5.2.1.4) | no-cache | max-age=10 | 0 | revalidate request
		no-cache: before max-stale | no-cache, max-stale | max-age=10 | 0 | revalidate request
		no-cache: with a field it is not meant to have, all the same | no-cache="a" | max-age=10 | 0 | revalidate request
		no-store: a stored answer may be used (5.2.1.5) | no-store | max-age=10 | 5 | use
		no-store: what is stale is fetched and not stored | no-store | max-age=10 | 10 | bypass stale
		no-store and no-cache: fetched and not stored | no-store, no-cache | max-age=10 | 0 | bypass request
		only-if-cached: a fresh answer is used (5.2.1.7) | only-if-cached | max-age=10 | 5 | use
		only-if-cached: a stale one is a 504 (5.2.1.7) | only-if-cached | max-age=10 | 10 | gateway-timeout
		only-if-cached: one that is too old is a 504 | only-if-cached, max-age=1 | max-age=10 | 5 | gateway-timeout
		only-if-cached: with max-stale a stale one is used | only-if-cached, max-stale | max-age=10 | 50 | use-stale
		only-if-cached and no-cache: a 504 | only-if-cached, no-cache | max-age=10 | 0 | gateway-timeout
		only-if-cached and no-store: a 504, not a call | only-if-cached, no-store | max-age=10 | 10 | gateway-timeout
	`);

	test("Pragma: no-cache is validated first (5.4)", () => {
		const wants = parseCacheControl(["pragma", "no-cache"]);
		const stored = freshness(control("max-age=10"));
		assert.equal(
			toText(decideReuse(wants, stored, receivedMs)),
			"revalidate request",
		);
	});

	test("none of them counts where they are ignored", () => {
		const ignored = { ignoreClientDirectives: true };
		for (const request of [
			"no-cache",
			"no-store, no-cache",
			"max-age=0",
			"min-fresh=99",
			"only-if-cached, no-cache",
		]) {
			assert.equal(decide(request, "max-age=10", 5, ignored), "use", request);
		}
		assert.equal(
			decide("max-stale", "max-age=10", 11, ignored),
			"revalidate stale",
		);
		assert.equal(
			decide("only-if-cached, no-store", "max-age=10", 11, ignored),
			"revalidate stale",
		);
	});

	test("where nothing is stored, only-if-cached is a 504 and no-store stores nothing", () => {
		const miss = (request: string, options?: ReuseOptions): string | null =>
			decideMiss(parseCacheControl(control(request)), options);
		assert.equal(miss("max-age=0, no-cache"), null);
		assert.equal(miss("only-if-cached"), "gateway-timeout");
		assert.equal(miss("only-if-cached, no-store"), "gateway-timeout");
		assert.equal(miss("no-store"), "bypass");
		assert.equal(
			miss("only-if-cached, no-store", { ignoreClientDirectives: true }),
			null,
		);
	});
});

suite("stale-while-revalidate, RFC 5861 section 3", () => {
	checkAll(`
		fresh is just used | - | max-age=10, stale-while-revalidate=30 | 9 | use
		within the window it is served and refreshed behind | - | max-age=10, stale-while-revalidate=30 | 10 | refresh-behind
		to the end of the window | - | max-age=10, stale-while-revalidate=30 | 40 | refresh-behind
		beyond the window it is validated | - | max-age=10, stale-while-revalidate=30 | 41 | revalidate stale
		a window of 0 is none | - | max-age=10, stale-while-revalidate=0 | 10 | revalidate stale
		not with must-revalidate | - | max-age=10, stale-while-revalidate=30, must-revalidate | 11 | revalidate stale
		not with no-cache | - | max-age=10, stale-while-revalidate=30, no-cache | 11 | revalidate stale
		not for a request with no-cache | no-cache | max-age=10, stale-while-revalidate=30 | 11 | revalidate request
		not for a request with min-fresh | min-fresh=0 | max-age=10, stale-while-revalidate=30 | 11 | revalidate stale
		served to only-if-cached | only-if-cached | max-age=10, stale-while-revalidate=30 | 11 | refresh-behind
	`);
});

suite("immutable, RFC 8246 section 2", () => {
	checkAll(`
		a reload's max-age does not validate a fresh one | max-age=0 | max-age=100, immutable | 50 | use
		it does once that is stale | max-age=0 | max-age=100, immutable | 100 | revalidate stale
		no-cache is the signal to validate all the same | no-cache | max-age=100, immutable | 50 | revalidate request
		min-fresh counts all the same | min-fresh=60 | max-age=100, immutable | 50 | revalidate request
		without a freshness it says nothing | - | immutable, public | 0 | revalidate stale
		no-cache in the answer is stronger | - | max-age=100, immutable, no-cache | 0 | revalidate stale
	`);
});

suite("stale-if-error, RFC 5861 section 4", () => {
	const table = `
		within the answer's window | - | max-age=10, stale-if-error=30 | 40 | served
		beyond it | - | max-age=10, stale-if-error=30 | 41 | not served
		without a window | - | max-age=10 | 11 | not served
		a window of 0 | - | max-age=10, stale-if-error=0 | 10 | not served
		within the request's own window | stale-if-error=50 | max-age=10 | 60 | served
		beyond the request's own window | stale-if-error=50 | max-age=10 | 61 | not served
		the larger of both windows | stale-if-error=5 | max-age=10, stale-if-error=30 | 40 | served
		against must-revalidate | stale-if-error=50 | max-age=10, stale-if-error=30, must-revalidate | 11 | not served
		against proxy-revalidate | - | max-age=10, stale-if-error=30, proxy-revalidate | 11 | not served
		against s-maxage (RFC 9111 section 4.2.4) | - | s-maxage=10, stale-if-error=30 | 11 | not served
		against no-cache | - | max-age=10, stale-if-error=30, no-cache | 11 | not served
		for a request that wants no-cache | no-cache | max-age=10, stale-if-error=30 | 11 | not served
		for one that wants no-cache but takes errors | no-cache, stale-if-error=5 | max-age=10 | 11 | served
		for a fresh answer that a request had validated | max-age=0 | max-age=10, stale-if-error=30 | 5 | served
	`;
	for (const [name, request, answer, age, expected] of rowsOf(table)) {
		test(`${name}: ${expected}`, () => {
			const lines = request === "-" ? [] : control(String(request));
			const now = receivedMs + Number(age) * 1000;
			const stored = freshness(control(String(answer)));
			const served = mayServeOnError(parseCacheControl(lines), stored, now);
			assert.equal(served, expected === "served");
		});
	}

	test("the request's window does not count where requests' directives are ignored", () => {
		const wants = parseCacheControl(control("stale-if-error=50"));
		const ignored = { ignoreClientDirectives: true };
		assert.equal(
			mayServeOnError(
				wants,
				freshness(control("max-age=1")),
				receivedMs + 5000,
				ignored,
			),
			false,
		);
	});

	test("an error is 500, 502, 503 or 504", () => {
		const errors = [
			200, 304, 404, 429, 499, 500, 501, 502, 503, 504, 505,
		].filter(isServerError);
		assert.deepEqual(errors, [500, 502, 503, 504]);
	});
});
