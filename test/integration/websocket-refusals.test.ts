import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import {
	createGateway,
	dependency,
	HttpError,
	type Policy,
	type Route,
	reply,
	route,
	upstream,
} from "../../src/index.ts";
import {
	type RawUpstream,
	type Script,
	startRawUpstream,
} from "../helpers/raw-upstream.ts";

interface Refused {
	readonly status: number;
	readonly body: string;
	readonly headers: IncomingMessage["headers"];
}

/** Tries to open a WebSocket, and gives back the answer that refuses it. */
async function beRefused(url: string): Promise<Refused> {
	const socket = new WebSocket(url);
	socket.on("open", () => socket.emit("error", new Error("it was let in")));
	const [, response] = (await once(socket, "unexpected-response")) as [
		unknown,
		IncomingMessage,
	];
	const chunks: Buffer[] = [];
	for await (const chunk of response) chunks.push(chunk as Buffer);
	const { statusCode: status = 0, headers } = response;
	return { status, headers, body: Buffer.concat(chunks).toString() };
}

interface Row {
	readonly what: string;
	/** Default: one route that forwards everything. */
	readonly routes?: (service: RawUpstream) => readonly Route[];
	/** What the service does. Default: it must not be asked. */
	readonly script?: Script;
	/** Whether the service listens. Default true. */
	readonly isUp?: boolean;
	readonly status: number;
	readonly code?: string;
	readonly body?: string;
}

const stranger = dependency(() => {
	throw new HttpError(401, "Who are you?", {
		headers: { "www-authenticate": "Basic" },
	});
});
const slowStranger = dependency(async () => {
	await delay(20);
	throw new HttpError(403);
});
const full: Policy = {
	name: "full",
	forRoute: () => ({ onAdmit: () => reply(429, "full") }),
};

const rows: readonly Row[] = [
	{
		what: "a dependency",
		routes: ({ url }) => [
			route.get("/", { upstream: url, dependencies: { stranger } }),
		],
		status: 401,
		code: "ERR_UNAUTHORIZED",
	},
	{
		what: "a dependency that takes its time",
		routes: ({ url }) => [
			route.get("/", { upstream: url, dependencies: { slowStranger } }),
		],
		status: 403,
		code: "ERR_FORBIDDEN",
	},
	{
		what: "a policy",
		routes: ({ url }) => [route.get("/", { upstream: url, policies: [full] })],
		status: 429,
		body: "full",
	},
	{ what: "no route", routes: () => [], status: 404, code: "ERR_NO_ROUTE" },
	{
		what: "a route of another method",
		routes: ({ url }) => [route.post("/", { upstream: url })],
		status: 405,
		code: "ERR_METHOD_NOT_ALLOWED",
	},
	{
		what: "a handler, which knows no other protocol",
		routes: () => [route.get("/", { handler: () => reply(200, "plain") })],
		status: 200,
		body: "plain",
	},
	{
		what: "the upstream",
		script: (_request, connection) => connection.reply(401, "not you"),
		status: 401,
		body: "not you",
	},
	{
		what: "the upstream, in chunks",
		script: (_request, connection) =>
			connection.send(
				"HTTP/1.1 426 Upgrade Required\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnot\r\n4\r\n you\r\n0\r\n\r\n",
			),
		status: 426,
		body: "not you",
	},
	{
		what: "the upstream's absence",
		isUp: false,
		status: 503,
		code: "ERR_UPSTREAM_UNREACHABLE",
	},
	{
		what: "the upstream's death",
		script: (_request, connection) => connection.reset(),
		status: 502,
		code: "ERR_UPSTREAM_RESET",
	},
	{
		what: "the upstream's end",
		script: (_request, connection) => connection.halfClose(),
		status: 502,
		code: "ERR_UPSTREAM_RESET",
	},
	{
		what: "the upstream's nonsense",
		script: (_request, connection) => connection.send("nonsense\r\n\r\n"),
		status: 502,
		code: "ERR_UPSTREAM_INVALID",
	},
	{
		what: "the upstream's silence",
		routes: ({ url }) => [
			route.get("/", {
				upstream: upstream(url, { timeout: { headersMs: 200 } }),
			}),
		],
		script: () => undefined,
		status: 504,
		code: "ERR_UPSTREAM_HEADERS_TIMEOUT",
	},
];

async function setUp(t: TestContext, row: Row): Promise<[RawUpstream, string]> {
	const service = await startRawUpstream();
	t.after(() => service.close());
	if (row.script !== undefined) service.script = row.script;
	if (row.isUp === false) await service.stopListening();
	const routes = row.routes?.(service) ?? [
		route.all("/*", { upstream: service.url }),
	];
	const gateway = createGateway({ docs: false, routes });
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const { port } = await gateway.listen();
	return [service, `ws://127.0.0.1:${port}/`];
}

// RFC 6455 section 4.2.2: any answer but 101 refuses.
for (const row of rows)
	test(`a WebSocket refused by ${row.what} gets ${row.status}, and never a 101`, async (t) => {
		const [service, url] = await setUp(t, row);
		const refused = await beRefused(url);
		assert.equal(refused.status, row.status);
		if (row.body !== undefined) assert.equal(refused.body, row.body);
		if (row.code !== undefined) {
			assert.equal(JSON.parse(refused.body).code, row.code);
		}
		const wasAsked = row.script !== undefined;
		assert.equal(service.requests.length > 0, wasAsked);
		if (!wasAsked) assert.equal(service.connections.length, 0);
		if (row.status === 401 && row.code !== undefined) {
			assert.equal(refused.headers["www-authenticate"], "Basic");
		}
		// The gateway is well, and its clients are served.
		assert.equal((await beRefused(url)).status, row.status);
	});
