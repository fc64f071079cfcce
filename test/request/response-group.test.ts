import assert from "node:assert/strict";
import type { OutgoingHttpHeaders } from "node:http";
import { suite, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
	type InjectResponse,
	type ResponseOptions,
	Type,
} from "../../src/index.ts";
import { answerThrough, json } from "../helpers/answering.ts";
import { policyOf } from "../helpers/policed-gateway.ts";

const User = Type.Object({ id: Type.Integer(), name: Type.String() });

async function headersOf(
	t: TestContext,
	response: ResponseOptions,
	headers: OutgoingHttpHeaders,
	status = 200,
): Promise<InjectResponse> {
	const body = status === 204 || status === 304 ? "" : "ok";
	return (await answerThrough(t, { response }, { status, headers, body })).got;
}

suite("response.cookies", () => {
	test("rewrites attributes; name, value and order stay", async (t) => {
		const lines = [
			"a=1; Path=/v1; HttpOnly; domain=orders.internal",
			'b="x=y"; Secure; SameSite=Lax; Max-Age=3',
			"c",
		];
		const { headers } = await headersOf(
			t,
			{
				cookies: {
					domain: "example.com",
					path: "/api",
					secure: false,
					sameSite: "strict",
				},
			},
			{ "set-cookie": lines },
		);
		const added = "; Domain=example.com; Path=/api; SameSite=Strict";
		assert.deepEqual(headers["set-cookie"], [
			`a=1; HttpOnly${added}`,
			`b="x=y"; Max-Age=3${added}`,
			`c${added}`,
		]);
	});

	test("null removes, and what is not named stays", async (t) => {
		const { headers } = await headersOf(
			t,
			{ cookies: { domain: null, secure: true } },
			{ "set-cookie": ["a=1; Domain=x; Path=/"] },
		);
		assert.deepEqual(headers["set-cookie"], "a=1; Path=/; Secure");
	});
});

suite("response.keepHeaders 'gateway'", () => {
	for (const [status, headers] of [
		[206, { "content-range": "bytes 0-1/5" }],
		[302, { location: "/x" }],
		[401, { "www-authenticate": "Basic" }],
		[405, { allow: "GET" }],
		[429, { "retry-after": "1" }],
		[200, { "content-language": "de", "content-disposition": "inline" }],
	] as const) {
		test(`keeps what a ${status} needs`, async (t) => {
			const got = await headersOf(
				t,
				{ keepHeaders: "gateway" },
				{ ...headers, "x-internal": "1" },
				status,
			);
			for (const [name, value] of Object.entries(headers)) {
				assert.equal(got.headers[name], value);
			}
			assert.equal(got.headers["x-internal"], undefined);
		});
	}
});

suite("response.headers and response.status", () => {
	test("set, repeat and remove, in sight of what was received", async (t) => {
		const { headers, status } = await headersOf(
			t,
			{
				keepHeaders: "gateway",
				headers: (_ctx, response) => ({
					"content-type": "text/x",
					"X-Seen": `${response.status} ${response.received.includes("x-in")}`,
					"x-two": ["a", "b"],
					vary: undefined,
					"x-name": "café",
				}),
				status: () => 202,
			},
			{ "x-in": "1", vary: "a", "content-type": "text/plain" },
		);
		assert.equal(status, 202);
		assert.equal(headers["content-type"], "text/x");
		assert.equal(headers["x-seen"], "200 true");
		assert.deepEqual(headers["x-two"], ["a", "b"]);
		assert.equal(headers.vary, undefined);
		assert.equal(headers["x-name"], Buffer.from("café").toString("latin1"));
	});

	const wrong: Record<string, ResponseOptions> = {
		"a header of the connection": { headers: () => ({ connection: "close" }) },
		"a header that frames": { headers: () => ({ "Content-Length": 3 }) },
		"a line break": { headers: () => ({ "x-a": "a\r\nb: c" }) },
		"a failure in headers": {
			headers() {
				throw new Error("no");
			},
		},
		"a status without a body": { status: () => 204 },
		"a status that is none": { status: () => 1000 },
		"no status": { status: () => undefined as never },
	};
	for (const [what, response] of Object.entries(wrong)) {
		test(`${what} is a 500, logged`, async (t) => {
			const { got, log } = await answerThrough(t, { response }, { body: "ok" });
			assert.equal(got.status, 500);
			assert.equal(log.lines.length, 1);
		});
	}

	test("a 204 stays without a body", async (t) => {
		const got = await headersOf(t, { status: () => 200 }, {}, 204);
		assert.equal(got.status, 500);
		const other = await headersOf(t, { status: () => 205 }, {}, 204);
		assert.equal(other.status, 205);
	});
});

suite("response.body", () => {
	const wrap = { body: (value: unknown) => ({ data: value }) };

	test("sends another value, with headers that fit", async (t) => {
		const { got } = await answerThrough(
			t,
			{ response: wrap },
			{
				headers: {
					...json,
					etag: '"1"',
					"content-md5": "x",
					"accept-ranges": "bytes",
					"content-encoding": "gzip",
				},
				body: gzipSync('{"a":1}'),
			},
		);
		assert.equal(got.body, '{"data":{"a":1}}');
		assert.equal(got.headers["content-length"], "16");
		assert.equal(got.headers.etag, 'W/"1"');
		for (const name of ["content-md5", "accept-ranges", "content-encoding"]) {
			assert.equal(got.headers[name], undefined);
		}
	});

	test("gets what was selected, and the context", async (t) => {
		const { got } = await answerThrough(
			t,
			{
				response: {
					schema: User,
					mode: "select",
					body: async (value, ctx) => [value, ctx.method],
				},
			},
			{ headers: json, body: { id: "7", name: "ann", secret: 1 } },
		);
		assert.deepEqual(got.json(), [{ id: 7, name: "ann" }, "GET"]);
	});

	test("reads 9 MiB, not more than 10", async (t) => {
		const length = { body: (value: unknown) => (value as string).length };
		for (const [mib, status] of [
			[9, 200],
			[10, 502],
		] as const) {
			const body = JSON.stringify("x".repeat(mib * 1_048_576));
			const { got } = await answerThrough(
				t,
				{ response: length },
				{ headers: json, body },
			);
			assert.equal(got.status, status);
		}
	});

	const untouched: Record<string, [number, OutgoingHttpHeaders, string]> = {
		"an error": [404, json, '{"a":1}'],
		"no JSON": [200, { "content-type": "text/plain" }, "{}"],
		"what says no type": [200, {}, "{}"],
		"nothing at all": [204, {}, ""],
	};
	for (const [what, [status, headers, body]] of Object.entries(untouched)) {
		test(`${what} passes`, async (t) => {
			const tagged = { ...headers, etag: '"1"' };
			const { got } = await answerThrough(
				t,
				{ response: wrap },
				{ status, headers: tagged, body },
			);
			assert.equal(got.status, status);
			assert.equal(got.body, body);
			assert.equal(got.headers.etag, '"1"');
		});
	}

	test("HEAD has no length of what a GET would not be", async (t) => {
		const { got } = await answerThrough(
			t,
			{ response: wrap },
			{ headers: { ...json, "content-length": 7, etag: '"1"' } },
			{ method: "HEAD" },
		);
		assert.equal(got.headers["content-length"], undefined);
		assert.equal(got.headers.etag, 'W/"1"');
	});

	test("a failure is a 500, bytes that are not JSON a 502", async (t) => {
		const failing = {
			body() {
				throw new Error("no");
			},
		};
		const ask = async (response: ResponseOptions, body: string) =>
			answerThrough(t, { response }, { headers: json, body });
		const failed = await ask(failing, "{}");
		assert.equal(failed.got.status, 500);
		assert.equal(failed.log.lines.length, 1);
		assert.equal((await ask({ body: () => undefined }, "{}")).got.status, 500);
		assert.equal((await ask(wrap, "{")).got.status, 502);
		assert.equal((await ask(wrap, "")).got.status, 502);
	});

	test("a part that nobody asked for is a 502", async (t) => {
		const { got } = await answerThrough(
			t,
			{ response: wrap },
			{
				status: 206,
				headers: { ...json, "content-range": "bytes 0-1/2" },
				body: "{}",
			},
		);
		assert.equal(got.status, 502);
	});
});

suite("UpstreamResponse.transform", () => {
	const adding = (name: string) =>
		policyOf({
			onUpstreamResponse: (_ctx, response) =>
				response.transform((value) => ({ ...(value as object), [name]: 1 })),
		});

	test("works behind the route's own body, in the order of the policies", async (t) => {
		const { got } = await answerThrough(
			t,
			{
				response: { body: (value) => ({ own: value }) },
				policies: [adding("a"), adding("b")],
			},
			{ headers: json, body: "1" },
		);
		assert.equal(got.body, '{"own":1,"a":1,"b":1}');
	});

	test("works on a route without response; others pass", async (t) => {
		const declared = { policies: [adding("a")] };
		const made = await answerThrough(t, declared, {
			headers: { ...json, etag: '"1"' },
			body: "{}",
		});
		assert.equal(made.got.body, '{"a":1}');
		assert.equal(made.got.headers.etag, 'W/"1"');
		const other = await answerThrough(t, declared, {
			body: "<p>",
			headers: {},
		});
		assert.equal(other.got.body, "<p>");
		const part = { status: 206, headers: json, body: "{" };
		assert.equal((await answerThrough(t, declared, part)).got.status, 502);
	});

	test("policies read the service's own headers in received", async (t) => {
		const seen: string[][] = [];
		const looking = policyOf({
			onUpstreamResponse(_ctx, { received, headers }) {
				seen.push([...received], [...headers]);
			},
		});
		await answerThrough(
			t,
			{
				response: { keepHeaders: "gateway", headers: () => ({ "x-a": "new" }) },
				policies: [looking],
			},
			{ headers: { "x-a": "old", "x-b": "1" }, body: "" },
		);
		assert.ok(seen[0]?.includes("old") && seen[0].includes("x-b"));
		assert.ok(seen[1]?.includes("new") && !seen[1].includes("x-b"));
	});
});
