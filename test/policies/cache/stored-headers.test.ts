import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { freshen } from "../../../src/policies/cache/call/freshen.ts";
import { parseCacheControl } from "../../../src/policies/cache/http/cache-control.ts";
import {
	mergeHeaders,
	toStoredHeaders,
} from "../../../src/policies/cache/http/stored-headers.ts";
import { control, dateAt, receivedMs } from "./answers.ts";

const date = ["Date", dateAt(0)];

function stored(headers: readonly string[]): string[] {
	return toStoredHeaders(headers, parseCacheControl(headers), receivedMs);
}

suite("which headers are stored, RFC 9111 section 3.1", () => {
	test("all of them, unknown ones too, as they came and in their order", () => {
		const headers = [
			"X-New",
			"1",
			...date,
			"Link",
			"<a>",
			"Link",
			"<b>",
			"ETag",
			'"v"',
		];
		assert.deepEqual(stored(headers), headers);
	});

	test("none of a connection and none of a proxy", () => {
		const names = [
			"Connection",
			"Keep-Alive",
			"Proxy-Connection",
			"Proxy-Authenticate",
			"Proxy-Authentication-Info",
			"Proxy-Authorization",
			"TE",
			"Trailer",
			"Transfer-Encoding",
			"Upgrade",
		];
		const headers = names.flatMap((name) => [name, "x"]);
		assert.deepEqual(stored([...headers, ...date]), date);
	});

	test("none that Connection names, on any of its lines and in any case", () => {
		const headers = [
			"connection",
			"close, X-One",
			"x-one",
			"1",
			"X-TWO",
			"2",
			"Connection",
			"x-two",
			"x-three",
			"3",
		];
		assert.deepEqual(stored([...headers, ...date]), ["x-three", "3", ...date]);
	});

	test("none that a qualified no-cache names (5.2.2.4)", () => {
		const cc = control('max-age=9, no-cache="X-Token, x-b"');
		const headers = [...cc, "x-token", "1", "X-B", "2", "x-c", "3", ...date];
		assert.deepEqual(stored(headers), [...cc, "x-c", "3", ...date]);
	});

	test("none that a qualified private names (5.2.2.7)", () => {
		const cc = control('max-age=9, private="x-user"');
		assert.deepEqual(stored([...cc, "X-User", "ann", ...date]), [
			...cc,
			...date,
		]);
	});

	test("none that speaks of one client or one request", () => {
		const names = [
			"Set-Cookie",
			"Set-Cookie2",
			"RateLimit",
			"RateLimit-Policy",
			"RateLimit-Remaining",
			"X-RateLimit-Limit",
			"X-Rate-Limit-Reset",
			"X-Request-Id",
			"Request-Id",
			"X-Correlation-Id",
			"traceparent",
			"tracestate",
			"Server-Timing",
		];
		const headers = names.flatMap((name) => [name, "x"]);
		assert.deepEqual(stored([...headers, ...date]), date);
	});

	test("none that the cache says itself: Age, Cache-Status, Content-Length, the tags", () => {
		const names = [
			"Age",
			"Cache-Status",
			"Content-Length",
			"Cache-Tag",
			"Surrogate-Key",
		];
		const headers = names.flatMap((name) => [name, "1"]);
		assert.deepEqual(stored([...headers, ...date]), date);
	});

	test("a Date is added where there is none (RFC 9110 section 6.6.1)", () => {
		assert.deepEqual(stored(["x", "1"]), ["x", "1", "date", dateAt(0)]);
	});
});

suite("updating stored headers by a 304, RFC 9111 section 3.2", () => {
	const merge = (own: readonly string[], told: readonly string[]): string[] =>
		mergeHeaders(own, told, receivedMs);

	test("every stored line of a name gives way to the new ones, in any case", () => {
		assert.deepEqual(
			merge(
				["Link", "<a>", "x", "1", "link", "<b>", ...date],
				["LINK", "<c>", "LINK", "<d>", ...date],
			),
			["x", "1", "LINK", "<c>", "LINK", "<d>", ...date],
		);
	});

	test("what the 304 does not have stays, and what was not there is added", () => {
		assert.deepEqual(merge(["x", "1", ...date], ["y", "2", ...date]), [
			"x",
			"1",
			"y",
			"2",
			...date,
		]);
	});

	test("Content-Type is updated; what belongs to the stored bytes is not", () => {
		const own = ["content-type", "a/b", "content-encoding", "gzip", ...date];
		const told = [
			"content-type",
			"c/d",
			"content-encoding",
			"br",
			"content-length",
			"0",
			"content-range",
			"bytes 0-1/2",
			"content-digest",
			"x",
			"content-md5",
			"x",
			...date,
		];
		assert.deepEqual(merge(own, told), [
			"content-encoding",
			"gzip",
			"content-type",
			"c/d",
			...date,
		]);
	});

	test("what is never stored is not by a 304 either", () => {
		const told = [
			"set-cookie",
			"a=b",
			"age",
			"5",
			"connection",
			"x-h",
			"x-h",
			"1",
			"x-request-id",
			"r",
			...date,
		];
		assert.deepEqual(merge(date, told), date);
	});

	test("a field that is private or no-cache from now on goes, be it the old one", () => {
		const cc = control('max-age=9, private="x-user", no-cache="x-token"');
		assert.deepEqual(
			merge(["x-user", "ann", ...date], [...cc, "x-token", "1", ...date]),
			[...cc, ...date],
		);
	});

	test("a field that the stored Cache-Control keeps out stays out when the 304 has none", () => {
		const cc = control('max-age=9, private="x-user"');
		assert.deepEqual(merge([...cc, ...date], ["x-user", "bob", ...date]), [
			...cc,
			...date,
		]);
	});

	test("without a Date in the 304 it is when the 304 came", () => {
		assert.deepEqual(merge(["Date", dateAt(-500)], []), ["date", dateAt(0)]);
	});
});

suite("freshening a stored answer, RFC 9111 section 4.3.4", () => {
	const times = {
		requestTimeMs: receivedMs - 1000,
		responseTimeMs: receivedMs,
	};
	const own = {
		status: 200,
		headers: ["Date", dateAt(-500), ...control("max-age=60")],
	};

	test("its age starts again with the 304's Date, Age and delay", () => {
		const { freshness } = freshen(own, {
			headers: [...date, "age", "7"],
			...times,
		});
		assert.equal(freshness.initialAgeSeconds, 8);
		assert.equal(freshness.lifetimeSeconds, 60);
		assert.equal(freshness.responseTimeMs, receivedMs);
	});

	test("its freshness is the 304's where that states one", () => {
		const headers = [...date, ...control("max-age=5, must-revalidate")];
		const { freshness, directives } = freshen(own, { headers, ...times });
		assert.equal(freshness.lifetimeSeconds, 5);
		assert.equal(freshness.neverStale, true);
		assert.equal(directives.mustRevalidate, true);
	});

	test("its Age is not among the stored headers", () => {
		const { headers } = freshen(own, {
			headers: ["age", "7", ...date],
			...times,
		});
		assert.deepEqual(headers, [...control("max-age=60"), ...date]);
	});

	test("Expires is counted from the new Date", () => {
		const old = {
			status: 200,
			headers: ["Date", dateAt(-500), "Expires", dateAt(-400)],
		};
		const headers = [...date, "Expires", dateAt(30)];
		assert.equal(
			freshen(old, { headers, ...times }).freshness.lifetimeSeconds,
			30,
		);
	});
});
