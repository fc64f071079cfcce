import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { Counter, Gauge, Registry } from "prom-client";
import { createGateway, type Gateway, route } from "../../../src/index.ts";
import {
	expose,
	toOpenMetrics,
} from "../../../src/policies/observability/metrics/exposition.ts";
import {
	type Metrics,
	type MetricsOptions,
	metrics,
} from "../../../src/policies/observability/metrics/metrics.ts";
import { startUpstream } from "../../../src/testing.ts";
import { createGate } from "../../helpers/gate.ts";

function start(
	t: TestContext,
	options: MetricsOptions = {},
	upstream = "http://127.0.0.1:1",
): { gateway: Gateway; counted: Metrics } {
	const counted = metrics(options);
	const gateway = createGateway({
		docs: false,
		policies: [counted],
		routes: [
			route.get("/local", { handler: () => "well" }),
			route.get("/up", { upstream }),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return { gateway, counted };
}

// What Prometheus 3 sends.
const prometheus =
	"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

suite("OpenMetrics", () => {
	const cases: Record<string, [string | undefined, boolean]> = {
		"Prometheus itself": [prometheus, true],
		"who names it alone": ["application/openmetrics-text", true],
		"who names its version": [
			'Application/OpenMetrics-Text; version="1.0.0"; charset=utf-8',
			true,
		],
		"who names another version": [
			"application/openmetrics-text;version=0.0.1",
			false,
		],
		"who takes both alike": ["text/plain, application/openmetrics-text", true],
		"who prefers plain text": [
			"application/openmetrics-text;q=0.3, text/plain",
			false,
		],
		"who does not want it": ["application/openmetrics-text;q=0", false],
		"who takes anything": ["*/*", false],
		"who says nothing": [undefined, false],
		"who says nonsense": ["application/openmetrics-text;q=often", false],
	};
	for (const [name, [accept, isOpen]] of Object.entries(cases)) {
		test(`${isOpen ? "goes to" : "is kept from"} ${name}`, () => {
			const { contentType } = expose("", accept);
			assert.equal(contentType.startsWith("application/openmetrics"), isOpen);
		});
	}

	test("names the family of a counter, has no empty line, and ends", () => {
		const plain = [
			'# HELP a_total Says "a".',
			"# TYPE a_total counter",
			'a_total{b="c d"} 1',
			"",
			"# HELP bare Bare.",
			"# TYPE bare counter",
			"bare 2",
			"",
			"# HELP last Last.",
			"# TYPE last gauge",
			"last 3",
			"",
		].join("\n");
		assert.equal(
			toOpenMetrics(plain),
			[
				'# HELP a Says \\"a\\".',
				"# TYPE a counter",
				'a_total{b="c d"} 1',
				"# HELP bare Bare.",
				"# TYPE bare counter",
				"bare_total 2",
				"# HELP last Last.",
				"# TYPE last gauge",
				"last 3",
				"# EOF",
				"",
			].join("\n"),
		);
	});

	test("is what the route answers where it is asked for, and leaves the plain text as it was", async (t) => {
		const { gateway } = start(t);
		await gateway.inject("/local");
		const ask = (accept: string) =>
			gateway.inject({ url: "/metrics", headers: { accept } });
		const open = await ask(prometheus);
		assert.equal(
			open.headers["content-type"],
			"application/openmetrics-text; version=1.0.0; charset=utf-8",
		);
		assert.equal(open.headers.vary, "accept");
		assert.match(open.body, /\n# TYPE gateway_answers counter\n/);
		assert.match(
			open.body,
			/\ngateway_answers_total\{route="\/local",.+\} 1\n/,
		);
		assert.match(open.body, /\n# EOF\n$/);
		const plain = await ask("*/*");
		assert.match(String(plain.headers["content-type"]), /^text\/plain;/);
		assert.match(plain.body, /\n# TYPE gateway_answers_total counter\n/);
		assert.doesNotMatch(plain.body, /# EOF/);
	});
});

suite("a registry that others use too", () => {
	test("has the gateway's metrics beside theirs, with its default labels, until it has closed", async (t) => {
		const registry = new Registry();
		registry.setDefaultLabels({ app: "shop" });
		const own = new Counter({
			name: "orders_total",
			help: "Orders.",
			registers: [registry],
		});
		own.inc(3);
		const { gateway, counted } = start(t, { registry });
		await gateway.inject("/local");
		const { body } = await gateway.inject("/metrics");
		assert.match(body, /\norders_total\{app="shop"\} 3\n/);
		assert.match(body, /\ngateway_answers_total\{route="\/local",.*app="shop"/);
		assert.match(await counted.text(), /orders_total/);
		assert.match(await registry.metrics(), /gateway_build_info/);
		await gateway.close();
		const left = registry.getMetricsAsArray().map(({ name }) => name);
		assert.deepEqual(left, ["orders_total"]);
		start(t, { registry });
	});

	test("is refused where a name is taken", () => {
		const registry = new Registry();
		for (const name of ["gateway_cache_total", "gateway_build_info"]) {
			new Gauge({ name, help: "Mine.", registers: [registry] });
		}
		assert.throws(() => metrics({ registry }), {
			name: "TypeError",
			message:
				"metrics: registry has gateway_cache_total, gateway_build_info already: each gateway needs its own",
		});
		assert.equal(registry.getMetricsAsArray().length, 2);
	});

	test("is refused where it is none, or writes another format", () => {
		const registry = {} as Registry;
		assert.throws(
			() => metrics({ registry }),
			/registry must be (?:a Registry|an object)/,
		);
		const open = new Registry();
		open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
		assert.throws(() => metrics({ registry: open }), /the text format/);
	});
});

test("calls to a service that are under way are counted until they end", async (t) => {
	const reached = createGate();
	const answer = createGate();
	const { url } = await startUpstream(t, async (_req, res) => {
		reached.open();
		await answer.opened;
		res.end("well");
	});
	const { gateway, counted } = start(t, {}, url);
	const inFlight = async (): Promise<string | undefined> =>
		/\ngateway_upstream_requests_in_flight\{upstream="[^"]+"\} (\d+)\n/.exec(
			await counted.text(),
		)?.[1];
	assert.equal(await inFlight(), "0");
	const asked = gateway.inject("/up");
	await reached.opened;
	assert.equal(await inFlight(), "1");
	answer.open();
	await asked;
	assert.equal(await inFlight(), "0");
});
