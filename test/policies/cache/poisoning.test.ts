import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { cache } from "../../../src/policies/cache/cache.ts";
import type { RawResponse } from "../../helpers/raw-client.ts";
import type { RawRequest } from "../../helpers/raw-upstream.ts";
import {
	request,
	startWireStage,
	type WireStage,
} from "../../integration/wire-stage.ts";

/** What a service answers: status, body, headers. */
type Answer = readonly [number, string, ...string[]];

const fresh = "cache-control: max-age=60";

interface Attacked {
	readonly stage: WireStage;
	/** Sends bytes on a connection of their own; the body, and how the cache came to it. */
	send(
		bytes: string,
		method?: string,
	): Promise<RawResponse & { readonly text: string; readonly how: string }>;
}

/** A gateway with a cache before a service that answers with what it was asked, numbered. */
async function startAttacked(
	t: TestContext,
	answer: (request: RawRequest, count: number) => Answer = (asked, count) => [
		200,
		`${count} ${asked.target}`,
		fresh,
	],
): Promise<Attacked> {
	const stage = await startWireStage(t, { gateway: { policies: [cache()] } });
	let count = 0;
	stage.upstream.script = async (asked, connection) => {
		await asked.whole;
		count++;
		const [status, body, ...headers] = answer(asked, count);
		await connection.reply(status, body, ...headers);
	};
	return {
		stage,
		async send(bytes, method = "GET") {
			const client = await stage.connect();
			const answered = await client.exchange(bytes, method);
			await client.close();
			const how = answered.header("cache-status") ?? "none";
			return {
				...answered,
				header: answered.header,
				text: String(answered.body),
				how,
			};
		},
	};
}

suite("what one client sends does not become another's answer:", () => {
	const spellings: readonly [string, string, string][] = [
		["an escaped character", "/%70age", "/page"],
		["two slashes", "//page", "/page"],
		["a slash at the end", "/page/", "/page"],
		["a parameter of the path", "/page;x=1", "/page"],
		["another case", "/Page", "/page"],
		["an empty query", "/page?", "/page"],
		["the query in another order", "/page?a=1&b=2", "/page?b=2&a=1"],
		["an escaped query", "/page?a=%31", "/page?a=1"],
	];
	for (const [name, odd, plain] of spellings) {
		test(`${name} is another URL`, async (t) => {
			const { send } = await startAttacked(t);
			assert.equal((await send(request(`GET ${odd}`))).text, `1 ${odd}`);
			assert.equal((await send(request(`GET ${plain}`))).text, `2 ${plain}`);
		});
	}

	test("an absolute target is the same URL where it names the Host, and refused where not", async (t) => {
		const { send, stage } = await startAttacked(t);
		const own = await send(request("GET http://GATEWAY.test/page"));
		assert.equal(own.text, "1 /page");
		assert.match((await send(request("GET /page"))).how, /hit/);
		for (const bytes of [
			request("GET http://evil.test/page"),
			request("GET /page", "Host: evil.test"),
			request("GET /page#x"),
			request("GET /page?a#x"),
			request("GET /a/../page"),
			request("GET /a/%2e%2e/page"),
			request("GET \\page"),
		]) {
			assert.equal((await send(bytes)).status, 400, bytes);
		}
		assert.equal(stage.upstream.requests.length, 1);
	});

	const unkeyed = [
		"X-Forwarded-Host: evil",
		"X-Forwarded-Proto: gopher",
		"X-Forwarded-Scheme: nothttps",
		"X-Forwarded-Port: 1",
		"X-Forwarded-Prefix: /evil",
		"X-Forwarded-Server: evil",
		"Forwarded: host=evil",
		"X-Real-IP: 6.6.6.6",
	];
	for (const line of unkeyed) {
		test(`${line} reaches neither the service nor the key`, async (t) => {
			const { send } = await startAttacked(t, (asked) => [
				200,
				asked.headers.map(([name, value]) => `${name}: ${value}`).join("\n"),
				fresh,
			]);
			const first = await send(request("GET /", line));
			assert.doesNotMatch(first.text, /evil|gopher|nothttps|6\.6\.6\.6|: 1$/m);
			const second = await send(request("GET /"));
			assert.match(second.how, /hit/);
			assert.equal(second.text, first.text);
		});
	}

	const overrides = [
		"X-HTTP-Method-Override: POST",
		"X-HTTP-Method: DELETE",
		"X-Method-Override: PUT",
		"X-Original-URL: /admin",
		"X-Rewrite-URL: /admin",
	];
	for (const line of overrides) {
		test(`${line} goes past the cache: services take it for another request`, async (t) => {
			const { send } = await startAttacked(t);
			const odd = await send(request("GET /page", line));
			assert.equal(odd.how, "headgate; fwd=bypass; detail=override");
			assert.equal((await send(request("GET /page"))).text, "2 /page");
			assert.equal((await send(request("GET /page", line))).text, "3 /page");
		});
	}

	const ofOneRequest: readonly [number, string][] = [
		[416, "Range: bytes=99-"],
		[412, 'If-None-Match: "x"\r\nCache-Control: max-age=9'],
		[407, "X-A: 1"],
		[408, "X-A: 1"],
		[411, "X-A: 1"],
		[413, "X-A: 1"],
		[417, "Expect: 100-continue"],
		[425, "Early-Data: 1"],
		[426, "X-A: 1"],
		[431, `X-A: ${"a".repeat(5_000)}`],
	];
	for (const [status, line] of ofOneRequest) {
		test(`a ${status}, which is about one request's own fields, is not stored`, async (t) => {
			const { send } = await startAttacked(t, (_asked, count) =>
				count === 1 ? [status, "no", fresh] : [200, "well", fresh],
			);
			const odd = await send(request("GET /", line));
			assert.equal(odd.status, status);
			assert.match(odd.how, /detail=status/);
			assert.equal((await send(request("GET /"))).text, "well");
		});
	}

	test("a body that a GET brings is answered past the cache, be it chunked", async (t) => {
		const { send } = await startAttacked(t);
		for (const bytes of [
			`${request("GET /page", "Content-Length: 3")}abc`,
			`${request("GET /page", "Transfer-Encoding: chunked")}3\r\nabc\r\n0\r\n\r\n`,
		]) {
			assert.match((await send(bytes)).how, /fwd=bypass; detail=body/);
		}
		assert.equal((await send(request("GET /page"))).text, "3 /page");
	});

	test("an answer to a Range, to HEAD or to another method is no answer to GET", async (t) => {
		const { send } = await startAttacked(t, (asked, count) =>
			asked.header("range") === undefined
				? [200, asked.method === "HEAD" ? "" : `${count}`, fresh]
				: [206, "p", fresh, "content-range: bytes 0-0/5"],
		);
		const part = await send(request("GET /", "Range: bytes=0-0"));
		assert.deepEqual([part.status, part.text], [206, "p"]);
		await send(request("HEAD /"), "HEAD");
		await send(request("PROPFIND /"));
		assert.equal((await send(request("GET /"))).text, "4");
	});

	test("bytes behind an answer become nobody's answer", async (t) => {
		const { send } = await startAttacked(t, (_asked, count) => [
			200,
			`well ${count}`,
			fresh,
		]);
		const { stage } = await startAttacked(t);
		stage.upstream.script = (_asked, connection) =>
			connection.send(
				`HTTP/1.1 200 OK\r\n${fresh}\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n${fresh}\r\ncontent-length: 4\r\n\r\nevil`,
			);
		const client = await stage.connect();
		for (const path of ["/a", "/b", "/a", "/b"]) {
			const answered = await client.exchange(request(`GET ${path}`));
			assert.equal(String(answered.body), "ok");
		}
		assert.equal((await send(request("GET /"))).text, "well 1");
	});
});
