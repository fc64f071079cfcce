import assert from "node:assert/strict";
import { test } from "node:test";
import { startPlans } from "./plans-stage.ts";

test("calls over a limit of a plan wait where it has overflow, and those over its quota do not", async (t) => {
	const stage = startPlans(t, {
		now: Date.now,
		plans: {
			patient: {
				limits: [
					{
						...{ limit: 1, windowMs: 50 },
						overflow: { queueMs: 60_000, max: 9 },
					},
				],
				quotas: [{ limit: 3, window: "day" }],
			},
		},
		consumers: [{ id: "ada", plan: "patient" }],
	});
	const asked = [1, 2, 3].map(() => stage.ask("/a", "ada"));
	const statuses = (await Promise.all(asked)).map(({ status }) => status);
	assert.deepEqual(statuses, [200, 200, 200]);
	const last = stage.decisions.find(({ kind }) => kind === "limit");
	assert.equal(last?.outcome, "queued");
	assert.equal((await stage.ask("/a", "ada")).status, 429);
});
