import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, type TestContext, test } from "node:test";
import { SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { WebSocket } from "ws";
import { tracing } from "../../../src/policies/observability/tracing/tracing.ts";
import { connectRaw } from "../../helpers/raw-client.ts";
import { type LogStage, startLog } from "./log-stage.ts";
import { createSdk, type KeptSpans } from "./tracing-stage.ts";

/** A gateway that logs and traces, in front of a service that does what its paths say. */
async function start(
	t: TestContext,
): Promise<{ stage: LogStage; spans: KeptSpans }> {
	const { spans, tracerProvider } = createSdk();
	const stage = await startLog(t, {}, [tracing({ tracerProvider })]);
	return { stage, spans };
}

function toRequest(line: string, ...fields: readonly string[]): string {
	return [`${line} HTTP/1.1`, "host: a", ...fields, "", ""].join("\r\n");
}

const { ERROR, UNSET } = SpanStatusCode;
const json = "content-type: application/json";

/** What a span says of how its request ended. */
interface Ended {
	readonly name: string;
	readonly status: number;
	readonly type?: string;
	readonly code?: SpanStatusCode;
	/** What the calls to the service say: a status, or why there is none. */
	readonly calls?: readonly (number | string)[];
}

function endedOf(server: ReadableSpan, spans: KeptSpans): Ended {
	const { attributes } = server;
	return {
		name: server.name,
		status: Number(attributes["http.response.status_code"]),
		type: String(attributes["error.type"] ?? ""),
		code: server.status.code,
		calls: spans.clients.map(({ attributes: own }) =>
			String(own["error.type"] ?? own["http.response.status_code"]),
		),
	};
}

suite("one span is made for a request that", () => {
	const cases: Record<string, [string, Ended]> = {
		"the service answers": [
			toRequest("GET /up/well"),
			{ name: "GET /up/*", status: 200, calls: ["200"] },
		],
		"a handler answers": [
			toRequest("GET /local"),
			{ name: "GET /local", status: 200 },
		],
		"no route takes": [toRequest("GET /nowhere"), { name: "GET", status: 404 }],
		"no route takes with this method": [
			toRequest("DELETE /local"),
			{ name: "DELETE", status: 405 },
		],
		"is malformed": [
			toRequest("GET /local", "host: b"),
			{ name: "GET", status: 400 },
		],
		"has a bad path value": [
			toRequest("GET /users/x"),
			{ name: "GET /users/:id", status: 422 },
		],
		"has a bad body": [
			`${toRequest("POST /body", json, "content-length: 2")}{}`,
			{ name: "POST /body", status: 422 },
		],
		"has too large a body": [
			toRequest("POST /body", json, "content-length: 101"),
			{ name: "POST /body", status: 413 },
		],
		"has no credential": [
			toRequest("GET /mine"),
			{ name: "GET /mine", status: 401 },
		],
		"a dependency answers": [
			toRequest("GET /teapot?why=1"),
			{ name: "GET /teapot", status: 418 },
		],
		"a limit refuses": [
			toRequest("GET /limited"),
			{ name: "GET /limited", status: 429 },
		],
		"a handler refuses": [
			toRequest("GET /refuses"),
			{ name: "GET /refuses", status: 403 },
		],
		"a handler fails on": [
			toRequest("GET /throws"),
			{ name: "GET /throws", status: 500, type: "ERR_INTERNAL", code: ERROR },
		],
		"the service resets": [
			toRequest("POST /up/reset", "content-length: 0"),
			{
				name: "POST /up/*",
				status: 502,
				type: "ERR_UPSTREAM_RESET",
				code: ERROR,
				calls: ["ERR_UPSTREAM_RESET"],
			},
		],
		"reaches no service": [
			toRequest("GET /gone"),
			{
				name: "GET /gone",
				status: 503,
				type: "ERR_UPSTREAM_UNREACHABLE",
				code: ERROR,
				calls: ["ERR_UPSTREAM_UNREACHABLE"],
			},
		],
		"the service is silent about": [
			toRequest("GET /up/silent"),
			{
				name: "GET /up/silent",
				status: 504,
				type: "ERR_UPSTREAM_HEADERS_TIMEOUT",
				code: ERROR,
				calls: ["ERR_UPSTREAM_HEADERS_TIMEOUT"],
			},
		],
		"is answered in part": [
			toRequest("GET /up/cut"),
			{
				name: "GET /up/*",
				status: 200,
				type: "ERR_UPSTREAM_RESET",
				code: ERROR,
				calls: ["ERR_UPSTREAM_RESET"],
			},
		],
	};
	for (const [name, [request, expected]] of Object.entries(cases)) {
		test(name, async (t) => {
			const { stage, spans } = await start(t);
			const client = await connectRaw(stage);
			await client.send(request);
			const line = await stage.next();
			const server = await spans.server();
			client.reset();
			await stage.close();
			assert.deepEqual(endedOf(server, spans), {
				type: "",
				code: UNSET,
				calls: [],
				...expected,
			});
			assert.equal(spans.servers.length, 1);
			assert.equal(line.traceId, server.spanContext().traceId);
			assert.equal(line.code, server.attributes["headgate.code"]);
		});
	}

	test("its client leaves", async (t) => {
		const { stage, spans } = await start(t);
		const client = await connectRaw(stage);
		await client.send(toRequest("GET /up/endless"));
		await client.readHead();
		client.reset();
		const server = await spans.server();
		await stage.close();
		assert.deepEqual(endedOf(server, spans), {
			name: "GET /up/*",
			status: 499,
			type: "ERR_CLIENT_GONE",
			code: UNSET,
			calls: ["ERR_CLIENT_GONE"],
		});
		assert.equal(spans.servers.length, 1);
	});

	test("carries secrets, and tells none of them", async (t) => {
		const { stage, spans } = await start(t);
		const requests = [
			"GET /mine?k=planted-known-key&token=planted-token",
			"GET /nowhere?k=planted-known-key&Pass%77ord=planted-password",
			"GET /reset/planted-path-token",
			"GET /up/well?access_token=planted-token",
			"GET /up/reset?sig=planted-signature",
		];
		for (const line of requests) {
			const client = await connectRaw(stage);
			const secret = "authorization: Bearer planted-bearer";
			await client.send(toRequest(line, secret, "cookie: sid=planted-sid"));
			await stage.next();
			client.reset();
		}
		await spans.server(requests.length);
		const said = spans
			.getFinishedSpans()
			.map(({ name, attributes, events, status }) =>
				JSON.stringify({ name, attributes, events, status }),
			);
		assert.ok(said.length > requests.length);
		assert.deepEqual(
			said.filter((text) => text.includes("planted")),
			[],
		);
	});

	test("becomes a WebSocket, when that is over", async (t) => {
		const { stage, spans } = await start(t);
		const socket = new WebSocket(`ws://127.0.0.1:${stage.port}/chat`);
		await once(socket, "open");
		assert.equal(spans.servers.length, 0);
		socket.send("bye");
		const server = await spans.server();
		assert.equal(server.name, "GET /chat");
		assert.equal(server.attributes["http.response.status_code"], 101);
		assert.equal(server.status.code, UNSET);
		const [call] = spans.clients;
		assert.equal(call?.attributes["http.response.status_code"], 101);
		await stage.close();
		assert.equal(spans.getFinishedSpans().length, 2);
	});
});
