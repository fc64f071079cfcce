import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startPlans } from "./plans-stage.ts";

suite("a consumer may have", () => {
	test("null where it has no plan of its own, or no list of them, as databases say it", async (t) => {
		const { statuses } = startPlans(t, {
			consumers: [
				{ id: "one", plan: "free", plans: null },
				{ id: "many", plan: null, plans: ["free"] },
				{ id: "none", plan: null, plans: null },
			] as never,
			plans: { free: {} },
		});
		assert.deepEqual(await statuses(1, "/a", "one"), [200]);
		assert.deepEqual(await statuses(1, "/a", "many"), [200]);
		assert.deepEqual(await statuses(1, "/a", "none"), [403]);
	});
});

test("plans that are no list are our mistake, and let nobody in", async (t) => {
	const { statuses } = startPlans(t, {
		consumers: [{ id: "one", plans: "free" }] as never,
		plans: { free: {} },
	});
	assert.deepEqual(await statuses(1, "/a", "one"), [500]);
});
