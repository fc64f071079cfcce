import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	dependency,
	file,
	HttpError,
	type Policy,
	type Route,
	reply,
	route,
	Type,
	type Upstream,
} from "../../src/index.ts";
import { request, startWireStage } from "./wire-stage.ts";

const expect = "Expect: 100-continue";
const json = "Content-Type: application/json";
const urlencoded = "Content-Type: application/x-www-form-urlencoded";
const multipart = "Content-Type: multipart/form-data; boundary=b";
const formBody =
	'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nhello\r\n--b--\r\n';

const refuse = dependency(() => {
	throw new HttpError(401);
});
const limit: Policy = {
	name: "limit",
	forRoute: () => ({ onAdmit: () => reply(429, "later") }),
};

function routes(target: Upstream): readonly Route[] {
	const to = { upstream: target };
	return [
		route.post("/private", { ...to, dependencies: { refuse } }),
		route.post("/limited", { ...to, policies: [limit] }),
		route.post("/typed/:id", { ...to, path: { id: Type.Integer() } }),
		route.post("/json", {
			...to,
			body: Type.Object({ a: Type.Integer() }),
			maxBodyBytes: 100,
		}),
		route.post("/plain", { ...to, body: Type.Object({}), decodeBody: false }),
		route.post("/form", {
			...to,
			form: { a: Type.String() },
			maxBodyBytes: 100,
		}),
		route.post("/file", { ...to, form: { f: file() }, maxBodyBytes: 1_000 }),
		route.post("/small", { ...to, maxBodyBytes: 100 }),
		route.post("/own", { handler: () => "not read" }),
		route.post("/stream", to),
	];
}

type Refusal = readonly [
	why: string,
	path: string,
	status: number,
	...lines: string[],
];

const refusals: readonly Refusal[] = [
	["no route", "/nowhere", 404],
	["no identity", "/private", 401],
	["a limit", "/limited", 429],
	["a bad parameter", "/typed/x", 422],
	["another media type", "/json", 415, "Content-Type: text/plain"],
	["another charset", "/json", 415, `${json}; charset=utf-16`],
	["a coding that nobody knows", "/json", 415, json, "Content-Encoding: lzma"],
	["a coding that is not taken", "/plain", 415, json, "Content-Encoding: gzip"],
	["a body that is too long", "/json", 413, json, "Content-Length: 1000"],
	["a form of another type", "/form", 415, json],
	["a form that is too long", "/form", 413, urlencoded, "Content-Length: 1000"],
	[
		"a multipart form that is too long",
		"/file",
		413,
		multipart,
		"Content-Length: 2000",
	],
	[
		"a multipart form without a boundary",
		"/file",
		400,
		"Content-Type: multipart/form-data",
	],
	["a stream that is too long", "/small", 413, "Content-Length: 1000"],
	["a handler that reads no body", "/own", 200],
];

function withLength(lines: readonly string[]): readonly string[] {
	return lines.some((line) => line.startsWith("Content-Length"))
		? lines
		: [...lines, "Content-Length: 9"];
}

suite("100 Continue (RFC 9110 section 10.1.1)", () => {
	for (const [why, path, status, ...lines] of refusals)
		test(`is not sent for ${why}: ${status} comes instead, and the body is not read`, async (t) => {
			const stage = await startWireStage(t, { routes });
			const client = await stage.connect();
			await client.send(request(`POST ${path}`, expect, ...withLength(lines)));
			const answer = await client.readResponse("POST");
			assert.deepEqual(
				[answer.status, answer.informational.length],
				[status, 0],
			);
			assert.equal(answer.header("connection"), "close");
			// A client that sends its body all the same has it read by nobody as a request.
			await client.send(request("GET /stream"));
			await client.closed();
			assert.equal(client.reader.available, 0);
			assert.equal(stage.upstream.requests.length, 0);
			assert.equal(stage.outcomes.length, 1);
		});

	for (const [what, path, body, ...lines] of [
		["a body that streams", "/stream", "hello"],
		["a declared body", "/json", '{"a":1}', json],
		["a form", "/form", "a=1", urlencoded],
		["a form with a file", "/file", formBody, multipart],
	] as const)
		for (const isChunked of [false, true])
			test(`is sent once for ${what}${isChunked ? " in chunks" : ""}, and the expectation goes no further`, async (t) => {
				const stage = await startWireStage(t, { routes });
				const client = await stage.connect();
				const line = isChunked
					? "Transfer-Encoding: chunked"
					: `Content-Length: ${body.length}`;
				await client.send(request(`POST ${path}`, expect, ...lines, line));
				assert.equal((await client.readAnyHead()).status, 100);
				await client.send(
					isChunked
						? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
						: body,
				);
				const answer = await client.readResponse("POST");
				assert.deepEqual(
					[answer.status, answer.informational.length],
					[200, 0],
				);
				assert.equal(answer.header("connection"), "keep-alive");
				const [one] = stage.upstream.requests;
				assert.equal(one?.header("expect"), undefined);
				assert.ok(one?.complete);
				assert.equal(
					(await client.exchange(request("POST /stream", "Content-Length: 0")))
						.status,
					200,
				);
			});

	test("waits for what a policy, an identity and a parameter take their time for", async (t) => {
		const { promise, resolve } = Promise.withResolvers<void>();
		const slow = dependency(async () => {
			await promise;
			return 1;
		});
		const stage = await startWireStage(t, {
			routes: (target) => [
				route.post("/", {
					upstream: target,
					body: Type.Object({}),
					dependencies: { slow },
				}),
			],
		});
		const client = await stage.connect();
		await client.send(request("POST /", expect, json, "Content-Length: 2"));
		const other = await stage.connect();
		await other.exchange(request("GET /nowhere"));
		assert.equal(client.bytesReceived, 0);
		resolve();
		assert.equal((await client.readAnyHead()).status, 100);
		await client.send("{}");
		assert.equal((await client.readResponse("POST")).status, 200);
	});

	test("stands behind the answers to what was pipelined before it", async (t) => {
		const stage = await startWireStage(t, { routes });
		const client = await stage.connect();
		await client.send(
			request("POST /stream", "Content-Length: 0") +
				request("POST /json", expect, json, "Content-Length: 7"),
		);
		const first = await client.readResponse("POST");
		assert.deepEqual([first.status, first.informational.length], [200, 0]);
		assert.equal((await client.readAnyHead()).status, 100);
		await client.send('{"a":1}');
		assert.equal((await client.readResponse("POST")).status, 200);
	});

	test("is not for clients of HTTP/1.0", async (t) => {
		const stage = await startWireStage(t, { routes });
		const client = await stage.connect();
		await client.send(
			"POST /stream HTTP/1.0\r\nHost: g\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
		);
		const answer = await client.readResponse("POST");
		assert.deepEqual([answer.status, answer.informational.length], [200, 0]);
	});

	test("is all that can be expected", async (t) => {
		const stage = await startWireStage(t, { routes });
		const client = await stage.connect();
		await client.send(
			request("POST /stream", "Expect: tea", "Content-Length: 5"),
		);
		assert.equal((await client.readResponse("POST")).status, 417);
		await client.closed();
	});
});
