import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { createGateway, dependency, route } from "../../../src/index.ts";
import { tracing } from "../../../src/policies/observability/tracing/tracing.ts";
import { startGateway } from "../../../src/testing.ts";
import { createSdk } from "./tracing-stage.ts";

test("an SDK that is registered behind the gateway is used, and its spans are active in handlers", async (t) => {
	const activeId = (): string | undefined =>
		trace.getActiveSpan()?.spanContext().spanId;
	const inner = dependency(async () => {
		await turn();
		const span = trace.getTracer("app").startSpan("look up");
		span.end();
		return activeId();
	});
	const gateway = createGateway({
		docs: false,
		policies: [tracing()],
		routes: [
			route.get("/", {
				dependencies: { inner },
				handler: async (ctx) => {
					await turn();
					return [activeId() ?? null, ctx.deps.inner ?? null];
				},
			}),
		],
	});
	const { url } = await startGateway(t, gateway);
	const ask = async (): Promise<unknown> => (await fetch(url)).json();
	assert.deepEqual(await ask(), [null, null]);

	const { spans, tracerProvider } = createSdk();
	const manager = new AsyncLocalStorageContextManager().enable();
	assert.ok(context.setGlobalContextManager(manager));
	assert.ok(trace.setGlobalTracerProvider(tracerProvider));
	t.after(() => {
		trace.disable();
		context.disable();
	});
	const answers = await Promise.all([ask(), ask()]);
	const servers = [await spans.server(1), await spans.server(2)];
	const ids = servers.map((span) => span.spanContext().spanId);
	assert.deepEqual(
		new Set(answers.map((answer) => JSON.stringify(answer))),
		new Set(ids.map((id) => JSON.stringify([id, id]))),
	);
	const lookUps = spans
		.getFinishedSpans()
		.filter(({ name }) => name === "look up");
	assert.deepEqual(
		new Set(lookUps.map((span) => span.parentSpanContext?.spanId)),
		new Set(ids),
	);
	assert.equal(activeId(), undefined);
});
