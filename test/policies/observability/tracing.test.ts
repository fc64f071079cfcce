import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { SpanStatusCode } from "@opentelemetry/api";
import { AlwaysOffSampler } from "@opentelemetry/sdk-trace-base";
import { interceptors } from "undici";
import {
	type Policy,
	type Route,
	route,
	upstream,
} from "../../../src/index.ts";
import { cache } from "../../../src/policies/cache/cache.ts";
import { startUpstream } from "../../../src/testing.ts";
import { startEcho } from "../../helpers/echo.ts";
import { createGate } from "../../helpers/gate.ts";
import { ask, idOf, startTraced } from "./tracing-stage.ts";

suite("a call to a service", () => {
	test("that is made again is another span, which the service is told of", async (t) => {
		const parents: string[] = [];
		const { url: service } = await startUpstream(t, (req, res) => {
			parents.push(String(req.headers.traceparent));
			res.statusCode = parents.length < 3 ? 503 : 200;
			res.end("done");
		});
		const retrying = upstream(service, {
			interceptors: [interceptors.retry({ minTimeout: 1, statusCodes: [503] })],
		});
		const { url, spans } = await startTraced(t, [
			route.get("/", { upstream: retrying }),
		]);
		assert.equal((await fetch(url)).status, 200);
		const server = await spans.server();
		const { traceId } = server.spanContext();
		const calls = spans.clients;
		assert.deepEqual(
			calls.map((call) => `00-${traceId}-${idOf(call)}-01`),
			parents,
		);
		assert.equal(new Set(parents).size, 3);
		const of = (name: string) =>
			calls.map(({ attributes }) => attributes[name]);
		assert.deepEqual(of("http.request.resend_count"), [undefined, 1, 2]);
		assert.deepEqual(of("http.response.status_code"), [503, 503, 200]);
		assert.deepEqual(of("error.type"), ["503", "503", undefined]);
		assert.deepEqual(
			calls.map(({ status }) => status.code),
			[SpanStatusCode.ERROR, SpanStatusCode.ERROR, SpanStatusCode.UNSET],
		);
		assert.equal(server.status.code, SpanStatusCode.UNSET);
		assert.equal(server.attributes["http.response.status_code"], 200);
	});

	test("has the conventions' names and no secret", async (t) => {
		const { url: service } = await startUpstream(t, (_req, res) =>
			res.writeHead(404).end(),
		);
		const { url, spans } = await startTraced(
			t,
			[route.get("/users/:id", { upstream: service, upstreamPath: "/v1/:id" })],
			{ redactQuery: ["Mine"] },
		);
		await fetch(`${url}/users/7?a=1&token=planted&mine=planted`, {
			headers: { "user-agent": "tests/1", authorization: "Bearer planted" },
		});
		const server = await spans.server();
		const [client] = spans.clients;
		const query = "a=1&token=[redacted]&mine=[redacted]";
		assert.equal(server.name, "GET /users/:id");
		assert.deepEqual(server.attributes, {
			"http.request.method": "GET",
			"url.scheme": "http",
			"url.path": "/users/7",
			"url.query": query,
			"http.route": "/users/:id",
			"server.address": "127.0.0.1",
			"server.port": Number(new URL(url).port),
			"client.address": "127.0.0.1",
			"user_agent.original": "tests/1",
			"network.protocol.version": "1.1",
			"http.response.status_code": 404,
			"headgate.source": "upstream",
		});
		assert.equal(server.status.code, SpanStatusCode.UNSET);
		const { host, port } = new URL(service);
		assert.equal(client?.name, "GET");
		assert.deepEqual(client?.attributes, {
			"http.request.method": "GET",
			"url.full": `${service}/v1/7?${query}`,
			"server.address": "127.0.0.1",
			"server.port": Number(port),
			"headgate.upstream": host,
			"http.response.status_code": 404,
			"error.type": "404",
		});
		assert.equal(client?.status.code, SpanStatusCode.ERROR);
	});

	test("that waits for a connection has a span, which ends when its client leaves", async (t) => {
		const reached = createGate();
		const { url: service } = await startUpstream(t, () => reached.open());
		const narrow = upstream(service, { pool: { connections: 1 } });
		const begun: string[] = [];
		const waiting = createGate();
		const watch: Policy = {
			name: "watch",
			forRoute: () => ({
				onUpstreamAttempt({ url: path }) {
					begun.push(path);
					if (path === "/second") waiting.open();
				},
			}),
		};
		const { url, spans } = await startTraced(t, [
			route.get("/:n", { upstream: narrow, policies: [watch] }),
		]);
		const leaving = new AbortController();
		const { signal } = leaving;
		const first = fetch(`${url}/first`);
		first.catch(() => undefined);
		await reached.opened;
		const second = fetch(`${url}/second`, { signal });
		await waiting.opened;
		leaving.abort();
		await assert.rejects(second);
		const server = await spans.server();
		assert.equal(server.attributes["url.path"], "/second");
		assert.equal(server.attributes["http.response.status_code"], 499);
		const [client] = spans.clients;
		assert.equal(spans.clients.length, 1);
		assert.equal(client?.attributes["error.type"], "ERR_CLIENT_GONE");
		assert.equal(client?.parentSpanContext?.spanId, idOf(server));
		assert.deepEqual(begun, ["/first", "/second"]);
	});

	test("that the cache saves has no span", async (t) => {
		const { url: service } = await startUpstream(t, (_req, res) =>
			res.setHeader("cache-control", "max-age=60").end("kept"),
		);
		const { url, spans } = await startTraced(t, [
			route.get("/", { upstream: service, policies: [cache()] }),
		]);
		for (let i = 0; i < 2; i++) await (await fetch(url)).text();
		const [miss, hit] = [await spans.server(1), await spans.server(2)];
		assert.equal(spans.clients.length, 1);
		assert.equal(miss.attributes["headgate.cache"], "miss");
		assert.equal(hit.attributes["headgate.cache"], "hit");
		assert.notEqual(hit.spanContext().traceId, miss.spanContext().traceId);
	});

	test("of a sampler that wants nothing is still told of the trace", async (t) => {
		const { url: service } = await startEcho(t);
		const { url, spans } = await startTraced(
			t,
			[route.get("/", { upstream: service })],
			{ sampler: new AlwaysOffSampler() },
		);
		assert.match((await ask(url)).traceparent ?? "", /^00-\w{32}-\w{16}-00$/);
		assert.equal(spans.getFinishedSpans().length, 0);
	});
});

suite("what else a span says", () => {
	const local = (path: string): Route =>
		route.all(path, { handler: () => "well" });

	test("comes from attributes, and its failure is logged and ends the span", async (t) => {
		const { url, spans, log } = await startTraced(t, [local("/:n")], {
			attributes(ctx, { status }) {
				if (ctx.url === "/bad") throw new Error("a mistake");
				return { "app.status": status };
			},
		});
		await fetch(`${url}/good`);
		const good = await spans.server(1);
		assert.equal(good.attributes["app.status"], 200);
		await fetch(`${url}/bad`);
		const bad = await spans.server(2);
		assert.equal(bad.attributes["http.response.status_code"], 200);
		assert.deepEqual(
			log.lines.map(({ message }) => message),
			["onFinish failed"],
		);
	});

	test("is bounded for methods and paths that nobody knows", async (t) => {
		const { url, spans } = await startTraced(t, [local("/a")]);
		await fetch(`${url}/nowhere`);
		await fetch(`${url}/a`, { method: "PROPFIND" });
		const [lost, odd] = [await spans.server(1), await spans.server(2)];
		assert.equal(lost.name, "GET");
		assert.equal(lost.attributes["http.route"], undefined);
		assert.equal(odd.name, "HTTP /a");
		assert.equal(odd.attributes["http.request.method"], "_OTHER");
		assert.equal(odd.attributes["http.request.method_original"], "PROPFIND");
	});
});
