import assert from "node:assert/strict";
import { test } from "node:test";
import { trace } from "@opentelemetry/api";
import { createGateway, route } from "../../../src/index.ts";
import { tracing } from "../../../src/policies/observability/tracing/tracing.ts";
import { startGateway } from "../../../src/testing.ts";
import { type Echo, startEcho } from "../../helpers/echo.ts";
import { clientParent, clientTrace, createSdk } from "./tracing-stage.ts";

const noop = trace.getTracerProvider();

for (const tracerProvider of [undefined, noop]) {
	const name =
		tracerProvider === undefined
			? "without an SDK"
			: "with one that does nothing";

	test(`${name} a valid trace goes on as it came, and nothing else does`, async (t) => {
		const { url: service } = await startEcho(t);
		const seen: unknown[] = [];
		const gateway = createGateway({
			docs: false,
			policies: [
				tracing(tracerProvider === undefined ? {} : { tracerProvider }),
				{
					name: "seen",
					forRoute: () => ({
						onFinish: (ctx) =>
							void seen.push(ctx.hasState ? ctx.state.get("traceId") : null),
					}),
				},
			],
			routes: [
				route.get("/", { upstream: service }),
				route.get("/local", { handler: (ctx) => ctx.hasState }),
			],
		});
		const { url } = await startGateway(t, gateway);
		const ask = async (headers: Record<string, string>) => {
			const res = await fetch(url, { headers });
			const { traceparent, tracestate } = ((await res.json()) as Echo).headers;
			return [traceparent, tracestate];
		};
		const future = `${clientParent.replace("00-", "cc-")}-more`;
		for (const traceparent of [clientParent, future]) {
			const got = await ask({ traceparent, tracestate: "A = b" });
			assert.deepEqual(got, [traceparent, "A = b"]);
		}
		assert.deepEqual(await ask({}), [undefined, undefined]);
		const bad = { traceparent: `${clientParent}0`, tracestate: "a=b" };
		assert.deepEqual(await ask(bad), [undefined, undefined]);
		assert.equal(await (await fetch(`${url}/local`)).text(), "false");
		await gateway.close();
		assert.deepEqual(seen, [clientTrace, clientTrace, null, null, null]);
	});
}

test("without an SDK a client that is not believed does not name the trace", async (t) => {
	const { url: service } = await startEcho(t);
	const gateway = createGateway({
		docs: false,
		policies: [tracing({ trust: "trusted" })],
		routes: [route.get("/", { upstream: service })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const headers = { traceparent: clientParent, tracestate: "a=b" };
	const res = await gateway.inject({ url: "/", headers });
	const got = (JSON.parse(res.body) as Echo).headers;
	assert.equal(got.traceparent ?? got.tracestate, undefined);
});

test("what tracing can not work with is said at once, all of it", () => {
	const wrong = {
		trust: "some",
		tracerProvider: {},
		redactQuery: "token",
		attributes: { a: 1 },
	};
	assert.throws(() => tracing(wrong as object), {
		name: "TypeError",
		message:
			"tracing has 4 problems:\n  - tracerProvider must have a function getTracer" +
			"\n  - trust must be 'all', 'trusted' or 'none', got \"some\"; did you mean 'none'?" +
			'\n  - redactQuery must be an array, got "token"' +
			"\n  - attributes must be a function, got an object",
	});
	assert.doesNotThrow(() =>
		tracing({ tracerProvider: createSdk().tracerProvider }),
	);
});
