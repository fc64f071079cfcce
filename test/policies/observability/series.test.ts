import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Histogram, Registry } from "prom-client";
import {
	Tallies,
	Timings,
} from "../../../src/policies/observability/metrics/series.ts";
import { createRandom } from "../../helpers/multipart.ts";

const bounds = [0.005, 0.25, 1];
const labelSets = [{ route: "/a" }, { route: '/"b\\' }];

test("a histogram shows what prom-client's would, whatever it observed", async () => {
	const random = createRandom(7);
	const [ours, theirs] = [new Registry(), new Registry()];
	const timings = new Timings("t_seconds", "Times.", bounds, ours);
	const histogram = new Histogram({
		name: "t_seconds",
		help: "Times.",
		buckets: bounds,
		labelNames: ["route"],
		registers: [theirs],
	});
	const values = Array.from({ length: 500 }, () => 10 ** (random() * 4 - 3));
	for (const value of [...bounds, 0, ...values]) {
		const labels = labelSets[random() < 0.5 ? 0 : 1] as { route: string };
		timings.of(labels).observe(value);
		histogram.labels(labels).observe(value);
	}
	const samples = async (registry: Registry) =>
		(await registry.metrics()).split("\n").map(sorted).sort();
	assert.deepEqual(await samples(ours), await samples(theirs));
	assert.match(await ours.metrics(), /t_seconds_count\{route="\/a"\} [1-9]/);
	ours.resetMetrics();
	assert.match(await ours.metrics(), /t_seconds_count\{route="\/a"\} 0\n/);
});

/** A sample with its labels in order: which comes first says nothing. */
function sorted(line: string): string {
	return line.replace(/\{(.*)\}/, (_all, labels: string) =>
		labels.split(",").sort().join(","),
	);
}

test("a counter shows what was counted, at each scrape anew", async () => {
	const registry = new Registry();
	const tallies = new Tallies();
	new Counter({
		name: "c",
		help: "Calls.",
		labelNames: ["route"],
		registers: [registry],
		collect() {
			tallies.giveTo(this);
		},
	});
	const tally = tallies.of({ route: "/a" });
	assert.equal(tallies.of({ route: "/a" }), tally);
	tally.count += 2;
	assert.match(await registry.metrics(), /^c\{route="\/a"\} 2$/m);
	tally.count++;
	assert.match(await registry.metrics(), /^c\{route="\/a"\} 3$/m);
});
