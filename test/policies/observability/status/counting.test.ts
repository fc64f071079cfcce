import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	coveredMs,
	Ring,
} from "../../../../src/policies/observability/status/ring.ts";
import { Slowest } from "../../../../src/policies/observability/status/slowest.ts";
import { Tally } from "../../../../src/policies/observability/status/tally.ts";
import {
	Top,
	toShortName,
} from "../../../../src/policies/observability/status/top.ts";
import { TrafficCounter } from "../../../../src/policies/observability/status/traffic.ts";

function bump(ring: Ring, nowMs: number): void {
	const row = ring.rowAt(nowMs);
	ring.counts[row] = (ring.counts[row] as number) + 1;
}

function countOf(ring: Ring, nowMs: number): number | undefined {
	return ring.total(nowMs).counts[0];
}

suite("a ring of slices", () => {
	const create = () => new Ring({ slices: 3, sliceMs: 10 }, 1, 0);

	test("forgets the oldest slice when a new one begins", () => {
		const ring = create();
		for (const ms of [0, 9, 10, 25]) bump(ring, ms);
		assert.equal(countOf(ring, 29), 4);
		assert.equal(countOf(ring, 30), 2);
		assert.equal(countOf(ring, 40), 1);
		assert.equal(countOf(ring, 50), 0);
	});

	test("is empty after a silence longer than itself", () => {
		const ring = create();
		for (const ms of [0, 10, 20]) bump(ring, ms);
		assert.equal(countOf(ring, 1_000_000), 0);
	});

	test("counts in the newest slice when the clock goes back", () => {
		const ring = create();
		bump(ring, 25);
		bump(ring, 5);
		assert.equal(countOf(ring, 25), 2);
		assert.equal(countOf(ring, 50), 0);
	});
});

test("a window holds no more time than has passed", () => {
	assert.equal(coveredMs("1m", 1_000, 3_000), 2_000);
	assert.equal(coveredMs("1m", 0, 600_000), 55_000);
	assert.equal(coveredMs("1m", 0, 602_000), 57_000);
	assert.equal(coveredMs("10m", 0, 6_030_000), 570_000);
});

test("calls of a route are told by window, with their rate and parts", () => {
	const traffic = new TrafficCounter();
	for (let i = 0; i < 120; i++) {
		const nowMs = i * 1_000;
		traffic.add(nowMs, i % 10 === 0 ? 4 : 1, i % 10 === 0);
		traffic.time(nowMs, 100, 20, 1, 15);
	}
	const minute = traffic.read("1m", 0, 119_999);
	assert.equal(minute.calls, 60);
	assert.equal(minute.status["5xx"], 6);
	assert.equal(minute.failed, 6);
	assert.ok(Math.abs(minute.perSecond - 1) < 0.01);
	assert.equal(minute.overheadMs, 1);
	assert.equal(minute.upstreamMs, 15);
	assert.equal(minute.overheadShare, 0.05);
	assert.equal(traffic.read("10m", 0, 119_999).calls, 120);
	assert.equal(traffic.read("1m", 0, 500_000).calls, 0);
});

suite("those who come up most", () => {
	const create = (room: number) => new Top(room, 1_000, () => ({ last: 0 }));

	test("stay, whatever number of others comes once", () => {
		const top = create(8);
		for (let i = 0; i < 10_000; i++) {
			top.add(`stranger ${i}`, 0);
			if (i % 5 === 0) top.add("regular", 0);
		}
		assert.equal(top.size, 8);
		const names = top.list(0).sort((a, b) => b.count - a.count);
		assert.equal(names[0]?.name, "regular");
		// Others that were forgotten may be counted in, but none of its own is lost.
		assert.ok((names[0]?.count ?? 0) >= 2_000);
	});

	test("are forgotten after two halves", () => {
		const top = create(8);
		top.add("early", 500);
		assert.equal(top.list(1_500).length, 1);
		assert.equal(top.list(2_500).length, 0);
		top.add("late", 9_000);
		assert.deepEqual(
			top.list(9_100).map(({ name, count }) => [name, count]),
			[["late", 1]],
		);
	});

	test("are counted over both halves", () => {
		const top = create(8);
		top.add("one", 900);
		top.add("one", 1_100);
		assert.equal(top.list(1_200)[0]?.count, 2);
	});
});

test("a long name is cut and keeps nothing of the rest in memory", () => {
	const name = toShortName("x".repeat(10_000));
	assert.equal(name.length, 80);
	assert.ok(name.endsWith("…"));
	assert.equal(toShortName("short"), "short");
});

test("words beyond the room of a tally are counted together", () => {
	const tally = new Tally();
	for (let i = 0; i < 1_000; i++) tally.add(0, `word ${i}`);
	const words = tally.read("1m", 0);
	assert.equal(words.length, 13);
	assert.deepEqual(words[0], ["other", 988]);
});

test("the slowest of each minute are kept, and forgotten after ten", () => {
	const slowest = new Slowest();
	const add = (atMs: number, durationMs: number): void => {
		if (!slowest.takes(atMs, durationMs)) return;
		slowest.add({
			atMs,
			id: String(durationMs),
			method: "GET",
			route: "/",
			status: 200,
			source: "upstream",
			code: null,
			upstream: null,
			attempts: 1,
			durationMs,
			overheadMs: 1,
			upstreamMs: 1,
			steps: [],
		});
	};
	for (let i = 0; i < 1_000; i++) add(i, ((i * 37) % 1_000) + 1);
	const times = slowest.list(60_000, 600_000).map((one) => one.durationMs);
	assert.deepEqual(
		times,
		Array.from({ length: 12 }, (_, i) => 1_000 - i),
	);
	add(660_000, 5);
	assert.deepEqual(
		slowest.list(660_000, 600_000).map((one) => one.durationMs),
		[5],
	);
});
