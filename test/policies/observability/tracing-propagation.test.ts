import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createTraceState } from "@opentelemetry/api";
import { SamplingDecision } from "@opentelemetry/sdk-trace-base";
import { route } from "../../../src/index.ts";
import { startEcho } from "../../helpers/echo.ts";
import {
	ask,
	clientParent,
	clientSpan,
	clientTrace,
	idOf,
	startTraced,
} from "./tracing-stage.ts";

suite("a trace", () => {
	test("goes from the client through the gateway to the service", async (t) => {
		const { url: service } = await startEcho(t);
		const { url, spans } = await startTraced(t, [
			route.get("/users/:id", { upstream: service }),
		]);
		const got = await ask(`${url}/users/7`, {
			traceparent: clientParent,
			tracestate: "congo=t61rcWkgMzE",
			baggage: "a=b",
		});
		const server = await spans.server();
		const [client] = spans.clients;
		assert.equal(spans.getFinishedSpans().length, 2);
		assert.equal(server.spanContext().traceId, clientTrace);
		assert.equal(client?.spanContext().traceId, clientTrace);
		assert.equal(server.parentSpanContext?.spanId, clientSpan);
		assert.equal(server.parentSpanContext?.isRemote, true);
		assert.equal(client?.parentSpanContext?.spanId, idOf(server));
		assert.equal(got.traceparent, `00-${clientTrace}-${idOf(client)}-01`);
		assert.equal(got.tracestate, "congo=t61rcWkgMzE");
		assert.equal(got.baggage, "a=b");
	});

	test("begins in the gateway where the client has none", async (t) => {
		const { url: service } = await startEcho(t);
		const { url, spans } = await startTraced(t, [
			route.get("/", { upstream: service }),
		]);
		const got = await ask(url);
		const server = await spans.server();
		const { traceId } = server.spanContext();
		assert.equal(server.parentSpanContext, undefined);
		assert.equal(got.traceparent, `00-${traceId}-${idOf(spans.clients[0])}-01`);
		assert.equal(got.tracestate, undefined);
	});

	test("that is malformed is replaced, and its state with it", async (t) => {
		const { url: service } = await startEcho(t);
		const { url, spans } = await startTraced(t, [
			route.get("/", { upstream: service }),
		]);
		const got = await ask(url, {
			traceparent: clientParent.toUpperCase(),
			tracestate: "a=b",
		});
		const server = await spans.server();
		const { traceId } = server.spanContext();
		assert.notEqual(traceId, clientTrace);
		assert.equal(server.parentSpanContext, undefined);
		assert.match(got.traceparent ?? "", new RegExp(`^00-${traceId}-`));
		assert.equal(got.tracestate, undefined);
	});

	test("that is not sampled stays so, under the gateway's own span", async (t) => {
		const { url: service } = await startEcho(t);
		const { url, spans } = await startTraced(t, [
			route.get("/", { upstream: service }),
		]);
		const traceparent = clientParent.replace(/01$/, "02");
		const got = await ask(url, { traceparent });
		const [, traceId, spanId, flags] = got.traceparent?.split("-") ?? [];
		assert.equal(traceId, clientTrace);
		assert.notEqual(spanId, clientSpan);
		assert.equal(flags, "02");
		assert.equal(spans.getFinishedSpans().length, 0);
	});

	test("has a state that is passed on in full, however long it is", async (t) => {
		const { url: service } = await startEcho(t);
		const { url } = await startTraced(t, [
			route.get("/", { upstream: service }),
		]);
		const tracestate = `a=${"x".repeat(250)},b=${"y".repeat(250)},c=${"z".repeat(250)}`;
		const got = await ask(url, { traceparent: clientParent, tracestate });
		assert.equal(got.tracestate, tracestate);
	});

	test("has a state that a sampler may change", async (t) => {
		const { url: service } = await startEcho(t);
		const sampler = {
			shouldSample: () => ({
				decision: SamplingDecision.RECORD_AND_SAMPLED,
				traceState: createTraceState("mine=1"),
			}),
			toString: () => "mine",
		};
		const { url } = await startTraced(
			t,
			[route.get("/", { upstream: service })],
			{ sampler },
		);
		assert.equal((await ask(url)).tracestate, "mine=1");
	});
});

suite("trust", () => {
	const headers = { traceparent: clientParent, tracestate: "a=b" };
	const cases = [
		{ trust: "trusted", trustedProxies: [], isContinued: false },
		{ trust: "trusted", trustedProxies: ["127.0.0.1"], isContinued: true },
		{ trust: "none", trustedProxies: ["127.0.0.1"], isContinued: false },
		{ trust: "all", trustedProxies: [], isContinued: true },
	] as const;
	for (const { trust, trustedProxies, isContinued } of cases) {
		const name = `"${trust}" with ${trustedProxies.length} trusted proxies`;
		test(`${name} ${isContinued ? "continues" : "links"}`, async (t) => {
			const { url: service } = await startEcho(t);
			const { url, spans } = await startTraced(
				t,
				[route.get("/", { upstream: service })],
				{ trust },
				{ trustedProxies },
			);
			const got = await ask(url, headers);
			const server = await spans.server();
			const { traceId } = server.spanContext();
			assert.equal(traceId === clientTrace, isContinued);
			assert.equal(got.traceparent?.split("-")[1], traceId);
			assert.equal(got.tracestate, isContinued ? "a=b" : undefined);
			assert.deepEqual(
				server.links.map(({ context }) => context.spanId),
				isContinued ? [] : [clientSpan],
			);
		});
	}
});
