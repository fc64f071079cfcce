import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { dependency } from "../../src/index.ts";
import { createGate } from "../helpers/gate.ts";
import { ask, Journal } from "../helpers/journal.ts";

suite("the client leaves while a dependency is pending:", () => {
	test("nothing after it runs, and what was opened is closed when it has settled", async (t) => {
		const journal = new Journal();
		const gate = createGate();
		const left = createGate();
		const pending = dependency(async (ctx) => {
			ctx.signal.addEventListener("abort", () => left.open());
			journal.note("pending");
			await gate.opened;
			journal.note("settled");
		});
		const { client } = await ask(
			t,
			{
				opened: journal.resource("opened"),
				pending,
				never: journal.resource("never"),
			},
			{
				handler: () => {
					journal.note("handler");
					return null;
				},
			},
		);
		await journal.until("pending");
		client.reset();
		await left.opened;
		assert.deepEqual(journal.lines, ["open opened", "pending"]);
		gate.open();
		await journal.until("close opened");
		assert.deepEqual(journal.lines, [
			"open opened",
			"pending",
			"settled",
			"close opened",
		]);
	});

	test("a generator that is still to begin is finished, before what it stands on", async (t) => {
		const journal = new Journal();
		const gate = createGate();
		const left = createGate();
		const outer = journal.resource("outer");
		const inner = dependency({ outer }, async function* (_needs, ctx) {
			ctx.signal.addEventListener("abort", () => left.open());
			journal.note("begin inner");
			await gate.opened;
			try {
				yield "inner";
			} finally {
				journal.note("close inner");
			}
		});
		const { client } = await ask(t, { inner });
		await journal.until("begin inner");
		client.reset();
		await left.opened;
		gate.open();
		await journal.until("close outer");
		assert.deepEqual(journal.lines, [
			"open outer",
			"begin inner",
			"close inner",
			"close outer",
		]);
	});

	test("one that gives up by the signal is no failure of the gateway", async (t) => {
		const journal = new Journal();
		const pending = dependency(async (ctx) => {
			const aborted = createGate<never>();
			ctx.signal.addEventListener("abort", () =>
				aborted.break(ctx.signal.reason),
			);
			journal.note("pending");
			return aborted.opened;
		});
		const { client, log } = await ask(t, {
			opened: journal.resource("opened"),
			pending,
		});
		await journal.until("pending");
		client.reset();
		await journal.until("close opened");
		assert.deepEqual(log.lines, []);
	});
});
