import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseCacheControl } from "../../../src/policies/cache/http/cache-control.ts";
import type { FreshnessOptions } from "../../../src/policies/cache/http/freshness.ts";
import {
	type StoreOptions,
	whyNotStored,
} from "../../../src/policies/cache/http/storable.ts";
import { control, freshness } from "./answers.ts";
import { rowsOf } from "./table.ts";

interface Exchange {
	readonly method?: string;
	readonly request?: readonly string[];
	readonly status?: number;
	readonly response?: readonly string[];
	readonly freshness?: FreshnessOptions;
	readonly options?: StoreOptions;
}

function refusal(exchange: Exchange): string {
	const { method = "GET", request = [], status = 200 } = exchange;
	const { response = [], options } = exchange;
	const reason = whyNotStored(
		{ method, headers: request, directives: parseCacheControl(request) },
		{
			status,
			headers: response,
			directives: parseCacheControl(response),
			freshness: freshness(response, exchange.freshness, status),
		},
		options,
	);
	return reason ?? "stored";
}

/** A row: its name, the response's Cache-Control, what comes of it. Every answer has an ETag. */
function checkAll(table: string, exchange: Exchange = {}): void {
	for (const [name, value, expected] of rowsOf(table)) {
		test(String(name), () => {
			const response = [
				...(exchange.response ?? []),
				...control(String(value)),
				"ETag",
				'"v1"',
			];
			assert.equal(refusal({ ...exchange, response }), expected);
		});
	}
}

suite("storing answers, RFC 9111 section 3", () => {
	checkAll(`
		a stated freshness: max-age | max-age=9 | stored
		a stated freshness: s-maxage | s-maxage=9 | stored
		max-age of 0 is stored to be validated | max-age=0 | stored
		no-cache is stored to be validated (5.2.2.4) | no-cache | stored
		public is stored to be validated (5.2.2.9) | public | stored
		no-store (5.2.2.5) | no-store, max-age=9 | no-store
		no-store beside public | public, no-store | no-store
		private (5.2.2.7) | private, max-age=9 | private
		private beside public and s-maxage | public, private, s-maxage=9 | private
		private with fields | private="x-user", max-age=9 | stored
		private with fields that can't be read | private="x user", max-age=9 | private
		must-understand with a status that is understood (5.2.2.3) | must-understand, no-store, max-age=9 | stored
		no freshness | no-transform | no-freshness
		what is only must-revalidate states no freshness | must-revalidate | no-freshness
	`);

	test("only answers to GET are stored", () => {
		for (const method of [
			"HEAD",
			"POST",
			"PUT",
			"DELETE",
			"OPTIONS",
			"QUERY",
			"get",
			"FOO",
		]) {
			assert.equal(
				refusal({ method, response: control("max-age=9") }),
				"method",
			);
		}
	});

	test("any final status with a stated freshness is stored", () => {
		const response = control("max-age=9");
		for (const status of [
			200, 201, 202, 203, 204, 301, 302, 303, 307, 308, 400, 403, 404, 410, 418,
			451, 500, 503, 599,
		]) {
			assert.equal(refusal({ status, response }), "stored", String(status));
		}
	});

	test("a status that is not final, a 304 and one out of range are not", () => {
		for (const status of [100, 101, 103, 304, 600, 999]) {
			assert.equal(
				refusal({ status, response: control("max-age=9") }),
				"status",
			);
		}
	});

	test("a part is not stored (3.3): 206, and whatever has a Content-Range", () => {
		const response = control("max-age=9");
		assert.equal(refusal({ status: 206, response }), "partial");
		const ranged = [...response, "content-range", "bytes 0-1/2"];
		assert.equal(refusal({ response: ranged }), "partial");
		assert.equal(refusal({ status: 416, response: ranged }), "partial");
	});

	test("must-understand with a status that is not understood is not (5.2.2.3)", () => {
		for (const status of [207, 226, 299, 418, 499]) {
			const response = control("must-understand, max-age=9");
			assert.equal(refusal({ status, response }), "must-understand");
		}
	});

	test("must-understand leaves private as it is", () => {
		const response = control("must-understand, no-store, private, max-age=9");
		assert.equal(refusal({ response }), "private");
	});

	test("Expires states a freshness", () => {
		const response = ["expires", "Thu, 01 Jan 2099 00:00:00 GMT"];
		assert.equal(refusal({ response }), "stored");
	});

	test("what is stale on arrival and can't be validated is not stored", () => {
		for (const value of [
			"max-age=0",
			"s-maxage=0",
			"max-age=x",
			"no-cache, max-age=9",
			"public",
		]) {
			assert.equal(
				refusal({ response: control(value) }),
				"no-validator",
				value,
			);
		}
		assert.equal(refusal({ response: ["expires", "0"] }), "no-validator");
	});

	test("with a Last-Modified, or a window in which it may be stale, it is", () => {
		const modified = ["last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"];
		assert.equal(
			refusal({ response: [...control("max-age=0"), ...modified] }),
			"stored",
		);
		for (const window of ["stale-while-revalidate=9", "stale-if-error=9"]) {
			assert.equal(
				refusal({ response: control(`max-age=0, ${window}`) }),
				"stored",
			);
		}
	});

	test("a default freshness stores the statuses that are cacheable by definition, and no other", () => {
		const ttl = { freshness: { ttlSeconds: 9 } };
		assert.equal(refusal({ ...ttl }), "stored");
		assert.equal(refusal({ ...ttl, status: 404 }), "stored");
		assert.equal(refusal({ ...ttl, status: 500 }), "no-freshness");
		assert.equal(refusal({ ...ttl, status: 302 }), "no-freshness");
		assert.equal(
			refusal({ ...ttl, response: control("no-store") }),
			"no-store",
		);
		assert.equal(refusal({ ...ttl, response: control("private") }), "private");
		assert.equal(
			refusal({ ...ttl, response: control("no-cache") }),
			"no-validator",
		);
		assert.equal(
			refusal({ ...ttl, response: ["pragma", "no-cache"] }),
			"no-validator",
		);
		assert.equal(
			refusal({ ...ttl, response: control("max-age=0") }),
			"no-validator",
		);
	});
});

suite("a request's no-store, RFC 9111 section 5.2.1.5", () => {
	const request = control("no-store");
	checkAll(
		"keeps any answer from the store | public, max-age=9 | request-no-store",
		{ request },
	);
	checkAll(
		"not where requests' directives are ignored | public, max-age=9 | stored",
		{ request, options: { ignoreClientDirectives: true } },
	);
});

suite("answers to requests with Authorization, RFC 9111 section 3.5", () => {
	const request = ["AUTHORIZATION", "Bearer x"];
	checkAll(
		`
		not by max-age | max-age=9 | authorization
		by public | max-age=9, public | stored
		by must-revalidate | max-age=9, must-revalidate | stored
		by s-maxage | s-maxage=9 | stored
		by s-maxage of 0, to be validated | s-maxage=0 | stored
		not by an s-maxage that can't be read | s-maxage=x | authorization
		not by a public that is not written right | max-age=9, public=1 | authorization
		not by proxy-revalidate | max-age=9, proxy-revalidate | authorization
		not by immutable | max-age=9, immutable | authorization
		not against private | private, s-maxage=9 | private
		`,
		{ request },
	);

	test("not by a default freshness", () => {
		assert.equal(
			refusal({ request, freshness: { ttlSeconds: 9 } }),
			"authorization",
		);
	});
});

suite("answers with Set-Cookie", () => {
	const response = ["Set-Cookie", "a=b"];
	checkAll("are not stored | public, s-maxage=9 | set-cookie", { response });
	checkAll(
		'nor where only that field is private | private="set-cookie", max-age=9 | set-cookie',
		{ response },
	);
	checkAll("are where that was asked for | max-age=9 | stored", {
		response,
		options: { storeSetCookie: true },
	});
	checkAll("nor are those with Set-Cookie2 | max-age=9 | set-cookie", {
		response: ["set-cookie2", "a=b"],
	});
});

suite("a freshness that the upstream did not state", () => {
	const request = ["cookie", "session=1"];
	const response = ["last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"];

	test("is not given to answers of requests with a Cookie", () => {
		assert.equal(refusal({ request, freshness: { ttlSeconds: 9 } }), "cookie");
		assert.equal(
			refusal({ request, response, freshness: { heuristic: true } }),
			"cookie",
		);
	});

	test("is where the answer says public, or the cookies are to be ignored", () => {
		const freshness = { ttlSeconds: 9 };
		assert.equal(
			refusal({ request, response: control("public"), freshness }),
			"stored",
		);
		assert.equal(
			refusal({ request, freshness, options: { ignoreCookie: true } }),
			"stored",
		);
	});

	test("one that it did state counts with a Cookie too", () => {
		assert.equal(
			refusal({ request, response: control("max-age=9") }),
			"stored",
		);
	});
});

suite("answers with Vary, RFC 9111 section 4.1", () => {
	checkAll("* is not stored: it would match nothing | max-age=9 | vary", {
		response: ["vary", "accept, *"],
	});
	checkAll("a name that is none is not stored | max-age=9 | vary", {
		response: ["vary", "a b"],
	});
	checkAll("names are | max-age=9 | stored", {
		response: ["vary", "accept, origin"],
	});
});
