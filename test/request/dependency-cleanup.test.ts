import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { dependency, HttpError, reply } from "../../src/index.ts";
import { startUpstream } from "../../src/testing.ts";
import { createGate } from "../helpers/gate.ts";
import { ask, Journal } from "../helpers/journal.ts";

test("generators clean up after the answer, the last first", async (t) => {
	const journal = new Journal();
	const first = journal.resource("first");
	const second = journal.resource("second", { first });
	const third = journal.resource("third", { second });
	const { client } = await ask(
		t,
		{ third },
		{
			handler: () => {
				journal.note("handler");
				return "done";
			},
		},
	);
	const answer = await client.readResponse();
	assert.equal(answer.status, 200);
	await journal.until("close first");
	assert.deepEqual(journal.lines, [
		"open first",
		"open second",
		"open third",
		"handler",
		"close third",
		"close second",
		"close first",
	]);
});

test("each clean-up waits for the one before it", async (t) => {
	const journal = new Journal();
	const outer = journal.resource("outer");
	const slow = dependency({ outer }, async function* () {
		yield "slow";
		await new Promise((resolve) => setImmediate(resolve));
		journal.note("close slow");
	});
	await ask(t, { slow });
	await journal.until("close outer");
	assert.deepEqual(journal.lines, ["open outer", "close slow", "close outer"]);
});

test("the clean-up waits for the last byte of a streamed answer", async (t) => {
	const journal = new Journal();
	const gate = createGate();
	const { url } = await startUpstream(t, async (_req, res) => {
		res.write("first ");
		await gate.opened;
		res.end("last");
	});
	const { client } = await ask(
		t,
		{ held: journal.resource("held") },
		{ upstream: url },
	);
	const head = await client.readHead();
	assert.deepEqual(journal.lines, ["open held"]);
	gate.open();
	const { body } = await client.readRest(head);
	assert.equal(body.toString(), "first last");
	await journal.until("close held");
});

suite("what was opened is closed", () => {
	const endings: Record<string, [() => unknown, number]> = {
		"when a later dependency refuses": [
			() => {
				throw new HttpError(403);
			},
			403,
		],
		"when a later dependency fails": [
			async () => {
				throw new Error("on purpose");
			},
			500,
		],
		"when a later dependency answers": [() => reply(204), 204],
		"when a later generator answers": [
			async function* () {
				yield reply(202);
			},
			202,
		],
		"when a later generator fails to begin": [
			// biome-ignore lint/correctness/useYield: it fails before
			async function* (): AsyncGenerator<string> {
				throw new HttpError(429);
			},
			429,
		],
	};
	for (const [what, [end, status]] of Object.entries(endings)) {
		test(what, async (t) => {
			const journal = new Journal();
			const { client } = await ask(t, {
				opened: journal.resource("opened"),
				ending: dependency(end),
			});
			assert.equal((await client.readResponse()).status, status);
			await journal.until("close opened");
			assert.deepEqual(journal.lines, ["open opened", "close opened"]);
		});
	}

	test("when the handler throws", async (t) => {
		const journal = new Journal();
		const { client } = await ask(
			t,
			{ opened: journal.resource("opened") },
			{
				handler: () => {
					throw new Error("on purpose");
				},
			},
		);
		assert.equal((await client.readResponse()).status, 500);
		await journal.until("close opened");
	});

	test("when the upstream can not be reached", async (t) => {
		const journal = new Journal();
		const { client } = await ask(
			t,
			{ opened: journal.resource("opened") },
			{ upstream: "http://127.0.0.1:1" },
		);
		assert.equal((await client.readResponse()).status, 503);
		await journal.until("close opened");
	});

	test("when the upstream breaks off within its answer", async (t) => {
		const journal = new Journal();
		const { url } = await startUpstream(t, (_req, res) => {
			res.writeHead(200, { "content-length": "100" });
			res.write("first", () => res.destroy());
		});
		const { client } = await ask(
			t,
			{ opened: journal.resource("opened") },
			{ upstream: url },
		);
		const answer = await client.readResponse();
		assert.equal(answer.complete, false);
		await journal.until("close opened");
	});

	test("when the client leaves within the answer", async (t) => {
		const journal = new Journal();
		const { url } = await startUpstream(t, (_req, res) => res.write("first"));
		const { client } = await ask(
			t,
			{ opened: journal.resource("opened") },
			{ upstream: url },
		);
		await client.readHead();
		client.reset();
		await journal.until("close opened");
	});
});

test("a clean-up that fails is logged, and does not keep others from theirs", async (t) => {
	const journal = new Journal();
	const problem = new Error("on purpose");
	const outer = journal.resource("outer");
	const broken = dependency({ outer }, async function* () {
		yield 1;
		throw problem;
	});
	const { client, log } = await ask(t, { broken });
	assert.equal((await client.readResponse()).status, 200);
	await journal.until("close outer");
	assert.deepEqual(log.lines, [
		{
			level: "error",
			details: { err: problem, route: "GET /" },
			message: "a dependency failed while cleaning up",
		},
	]);
});

test("a generator that yields twice is ended by its finally blocks", async (t) => {
	const journal = new Journal();
	const twice = dependency(async function* () {
		try {
			yield 1;
			journal.note("between");
			yield 2;
			journal.note("never");
		} finally {
			journal.note("finally");
		}
	});
	await ask(t, { twice });
	await journal.until("finally");
	assert.deepEqual(journal.lines, ["between", "finally"]);
});
