import assert from "node:assert/strict";
import { test } from "node:test";
import { type Policy, reply } from "../../../src/index.ts";
import { BodyCollector } from "../../../src/policies/cache/call/body-collector.ts";
import { FillBudget } from "../../../src/policies/cache/call/fill-budget.ts";
import { RecentReplies } from "../../../src/policies/cache/call/recent-replies.ts";
import { answerOf } from "../../contract/cache-store.ts";
import { counting, startCache } from "./stage.ts";

test("what policies set on one hit is on no other, be they of the same second", async (t) => {
	const naming: Policy = {
		name: "naming",
		forRoute: () => ({
			onRequest(ctx) {
				const who = ctx.req.headers["x-who"];
				if (typeof who === "string") ctx.setResponseHeader("x-you", who);
			},
		}),
	};
	const stage = await startCache(
		t,
		counting({ "cache-control": "max-age=60", etag: '"v"' }),
		{ policies: [naming] },
	);
	await stage.get("/", { "x-who": "first" });
	for (const condition of [{}, { "if-none-match": '"v"' }]) {
		for (const who of ["ann", "bob", undefined, "ann"]) {
			const headers = { ...condition, ...(who && { "x-who": who }) };
			const hit = await stage.get("/", headers);
			assert.match(hit.how, /hit/);
			assert.equal(hit.status, "if-none-match" in condition ? 304 : 200);
			assert.equal(hit.headers["x-you"], who);
		}
	}
	assert.equal((await stage.get("/", { "if-none-match": '"w"' })).status, 200);
	assert.equal((await stage.get("/", {}, "HEAD")).body, "");
	assert.equal((await stage.get("/")).body, "GET 1");
});

test("a body that comes a byte at a time takes no more than its bytes", () => {
	const whole: Uint8Array[] = [];
	const owner = {
		onWhole: (body: Uint8Array) => void whole.push(body),
		onLost: () => assert.fail("lost"),
	};
	const budget = new FillBudget(100_000);
	const collector = new BodyCollector(owner, budget, 100_000);
	for (let i = 0; i < 100_000; i++) collector.onChunk(Buffer.of(i % 251));
	assert.ok(collector.chunks.length < 4_096, `${collector.chunks.length}`);
	collector.onEnd();
	const expected = Buffer.from({ length: 100_000 } as never).map(
		(_, i) => i % 251,
	);
	assert.deepEqual(whole, [expected]);
});

test("a reply is kept for its second where its answer was asked for twice within a few hits", () => {
	const recent = new RecentReplies();
	const given = reply(200);
	const often = answerOf("");
	recent.keep(often, 1.5, 8.5, given);
	assert.equal(recent.find(often, 1.5, 8.5), null);
	recent.keep(often, 1.5, 8.5, given);
	assert.equal(recent.find(often, 1.9, 8.1), given);
	assert.equal(recent.find(often, 2, 8), null);
	assert.equal(recent.find(often, 1.9, 7.9), null);
	const seldom = answerOf("");
	for (let i = 0; i < 3; i++) {
		recent.keep(seldom, 1, 1, given);
		for (let j = 0; j < 64; j++) recent.keep(answerOf(""), 1, 1, given);
	}
	assert.equal(recent.find(seldom, 1, 1), null);
	const large = answerOf("x".repeat(16_385));
	for (let i = 0; i < 3; i++) recent.keep(large, 1, 1, given);
	assert.equal(recent.find(large, 1, 1), null);
});
