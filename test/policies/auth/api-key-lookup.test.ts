import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { HttpError } from "../../../src/index.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { digestKey } from "../../../src/policies/auth/keys.ts";
import { KeptLog } from "../../helpers/kept-log.ts";
import { Clock, startStage } from "./stage.ts";

const owners = new Map([["key-of-ada", { id: "ada" }]]);
const ada = { "x-api-key": "key-of-ada" };
const eve = { "x-api-key": "key-of-eve" };

/** A look-up that counts, and answers when it is let. */
class Lookup {
	count = 0;
	failure: Error | null = null;
	gate: Promise<void> | null = null;
	readonly known: Map<string, { id: string }> = new Map(owners);

	readonly find = async (key: string): Promise<{ id: string } | undefined> => {
		this.count++;
		await this.gate;
		if (this.failure !== null) throw this.failure;
		return this.known.get(key);
	};
}

suite("a look-up of API keys", () => {
	test("is given the key and its digest, and may be synchronous", async (t) => {
		const asked: string[] = [];
		const caller = apiKey({
			lookup(key, digest) {
				asked.push(key, digest);
				return owners.get(key);
			},
		});
		const stage = await startStage(t, caller);
		assert.deepEqual((await stage.ask(ada)).identity, { id: "ada" });
		assert.equal((await stage.ask(eve)).status, 401);
		assert.deepEqual(asked, [
			"key-of-ada",
			digestKey("key-of-ada"),
			"key-of-eve",
			digestKey("key-of-eve"),
		]);
	});

	test("is asked once by a hundred requests at the same time", async (t) => {
		const lookup = new Lookup();
		const { promise, resolve } = Promise.withResolvers<void>();
		lookup.gate = promise;
		const stage = await startStage(t, apiKey({ lookup: lookup.find }));
		const answers = Array.from({ length: 100 }, () => stage.ask(ada));
		while (lookup.count === 0) await new Promise(setImmediate);
		resolve();
		const statuses = (await Promise.all(answers)).map(({ status }) => status);
		assert.deepEqual([...new Set(statuses)], [200]);
		assert.equal(lookup.count, 1);
	});

	test("is believed for 60 s: a revoked key is seen then, and not later", async (t) => {
		const clock = new Clock();
		const lookup = new Lookup();
		const caller = apiKey({ lookup: lookup.find, now: clock.now });
		const stage = await startStage(t, caller);
		assert.equal((await stage.ask(ada)).status, 200);
		lookup.known.delete("key-of-ada");
		clock.move(59_999);
		assert.equal((await stage.ask(ada)).status, 200);
		assert.equal(lookup.count, 1);
		clock.move(1);
		assert.equal((await stage.ask(ada)).status, 401);
		assert.equal(lookup.count, 2);
	});

	test("that found nothing is believed for 5 s", async (t) => {
		const clock = new Clock();
		const lookup = new Lookup();
		const caller = apiKey({ lookup: lookup.find, now: clock.now });
		const stage = await startStage(t, caller);
		assert.equal((await stage.ask(eve)).status, 401);
		lookup.known.set("key-of-eve", { id: "eve" });
		clock.move(4_999);
		assert.equal((await stage.ask(eve)).status, 401);
		assert.equal(lookup.count, 1);
		clock.move(1);
		assert.equal((await stage.ask(eve)).status, 200);
	});

	test("is asked anew when the clock is set back", async (t) => {
		const clock = new Clock();
		const lookup = new Lookup();
		const caller = apiKey({ lookup: lookup.find, now: clock.now });
		const stage = await startStage(t, caller);
		assert.equal((await stage.ask(ada)).status, 200);
		lookup.known.clear();
		clock.move(-3_600_000);
		assert.equal((await stage.ask(ada)).status, 401);
	});

	test("that fails is a 503 and no 401, is not kept, and says nothing of why", async (t) => {
		const lookup = new Lookup();
		lookup.failure = new Error("the database at db:5432 is gone");
		const stage = await startStage(t, apiKey({ lookup: lookup.find }));
		const answer = await stage.ask(ada);
		assert.equal(answer.status, 503);
		assert.equal(answer.code, "ERR_UNAVAILABLE");
		assert.equal(answer.headers["www-authenticate"], undefined);
		assert.doesNotMatch(answer.text, /database|5432/);
		assert.equal(stage.decisions[0]?.outcome, "unavailable");
		lookup.failure = null;
		assert.equal((await stage.ask(ada)).status, 200);
	});

	test("that throws at once is a 503 too, and what it refuses with by itself stays", async (t) => {
		const thrown: unknown[] = [new TypeError("oops"), "text", undefined];
		const caller = apiKey({
			lookup() {
				if (thrown.length === 0) throw new HttpError(403, "Suspended.");
				throw thrown.shift();
			},
		});
		const stage = await startStage(t, caller);
		const answers = [];
		for (let i = 0; i < 4; i++) answers.push((await stage.ask(ada)).status);
		assert.deepEqual(answers, [503, 503, 503, 403]);
		assert.equal(stage.decisions[3]?.outcome, "forbidden");
	});

	test("that takes too long is a 503 for all who wait, and the next one asks again", async (t) => {
		const lookup = new Lookup();
		const { promise, resolve } = Promise.withResolvers<void>();
		lookup.gate = promise;
		const caller = apiKey({ lookup: lookup.find, cache: { timeoutMs: 20 } });
		const stage = await startStage(t, caller);
		const answers = await Promise.all([stage.ask(ada), stage.ask(ada)]);
		assert.deepEqual(
			answers.map(({ status }) => status),
			[503, 503],
		);
		lookup.gate = null;
		assert.equal((await stage.ask(ada)).status, 200);
		assert.equal(lookup.count, 2);
		resolve();
	});

	test("is not driven out of the cache by keys that nobody has", async (t) => {
		const lookup = new Lookup();
		const cache = { maxEntries: 3 };
		const stage = await startStage(t, apiKey({ lookup: lookup.find, cache }));
		await stage.ask(ada);
		for (let i = 0; i < 10; i++)
			await stage.ask({ "x-api-key": `made-up-${i}` });
		assert.equal(lookup.count, 11);
		await stage.ask(ada);
		await stage.ask({ "x-api-key": "made-up-9" });
		assert.equal(lookup.count, 11, "both were kept");
		await stage.ask({ "x-api-key": "made-up-0" });
		assert.equal(lookup.count, 12, "the oldest made-up one was not");
	});
});

test("no line of the log has the key, whatever becomes of it", async (t) => {
	const lookup = new Lookup();
	const log = new KeptLog();
	const caller = apiKey({
		lookup: lookup.find,
		query: "key",
		header: "x-api-key",
		cache: { foundMs: 0, missingMs: 0 },
		onDecision: (decision) => {
			log.info({ decision }, "decided");
			if (decision.subject === "ada") throw new Error("on purpose");
		},
	});
	const stage = await startStage(t, caller, { logger: log });
	assert.equal((await stage.ask(ada)).status, 500, "a hook of the user failed");
	assert.equal((await stage.ask(eve)).status, 401);
	assert.equal((await stage.ask(ada, "/?key=key-of-eve")).status, 401);
	lookup.failure = new Error("gone");
	assert.equal((await stage.ask(ada)).status, 503);
	assert.ok(log.lines.length >= 5);
	const text = JSON.stringify(log.lines, (_key, value: unknown) =>
		value instanceof Error ? [value.message, value.stack, value.cause] : value,
	);
	assert.doesNotMatch(text, /key-of/);
	assert.doesNotMatch(text, new RegExp(digestKey("key-of-ada")));
});
