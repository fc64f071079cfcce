import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { createKey, digestKey } from "../../../src/policies/auth/keys.ts";
import { startStage } from "./stage.ts";

const keys = [
	{ key: "key-of-ada", id: "ada" },
	{ digest: digestKey("key-of-bob"), id: "bob", plan: "pro" },
];
const places = { header: "X-Key", query: "key", cookie: "sid" };

suite("an API key", () => {
	test("is taken from a header, a query value or a cookie, and from x-api-key by default", async (t) => {
		const stage = await startStage(t, apiKey({ ...places, keys }));
		const ada = { id: "ada" };
		const byHeader = await stage.ask({ "x-key": "key-of-ada" });
		assert.deepEqual(byHeader.identity, ada);
		const byQuery = await stage.ask({}, "/?key=key%2Dof-ada");
		assert.deepEqual(byQuery.identity, ada);
		const byCookie = await stage.ask({ cookie: "a=1; sid=key-of-ada" });
		assert.deepEqual(byCookie.identity, ada);
		const plain = await startStage(t, apiKey({ keys }));
		const { identity } = await plain.ask({ "x-api-key": "key-of-bob" });
		assert.deepEqual(identity, { id: "bob", plan: "pro" });
		assert.equal((await plain.ask({}, "/?key=key-of-ada")).status, 401);
	});

	test("is not sent on, wherever it stood, and nothing else is taken away", async (t) => {
		const stage = await startStage(t, apiKey({ ...places, keys }));
		const headers = { "x-key": "key-of-ada", cookie: "sid=key-of-ada; b=2" };
		const { echo } = await stage.ask(headers, "/p?a=1&key=key-of-ada&c=%20");
		assert.ok(echo);
		assert.equal(echo.url, "/p?a=1&c=%20");
		assert.equal(echo.headers.cookie, "b=2");
		assert.doesNotMatch(JSON.stringify(echo), /key-of-ada/);
	});

	test("that is missing or wrong is a 401 with a challenge, and both look the same but for the words", async (t) => {
		const stage = await startStage(
			t,
			apiKey({ keys, realm: 'the "api"', header: "x-key" }),
		);
		const challenge = 'ApiKey realm="the \\"api\\""';
		for (const headers of [{}, { "x-key": "key-of-eve" }, { "x-key": "" }]) {
			const answer = await stage.ask(headers);
			assert.equal(answer.status, 401);
			assert.equal(answer.code, "ERR_UNAUTHORIZED");
			assert.equal(answer.headers["www-authenticate"], challenge);
			assert.doesNotMatch(answer.text, /key-of/);
		}
		assert.deepEqual(
			stage.decisions.map(({ outcome, reason }) => [outcome, reason]),
			[
				["absent", null],
				["refused", "unknown"],
				["refused", "unknown"],
			],
		);
	});

	test("sent twice must be the same both times", async (t) => {
		const stage = await startStage(t, apiKey({ ...places, keys }));
		const header = { "x-key": "key-of-ada" };
		assert.equal((await stage.ask(header, "/?key=key-of-ada")).status, 200);
		assert.equal((await stage.ask(header, "/?key=key-of-bob")).status, 401);
		assert.equal(
			(await stage.ask({}, "/?key=key-of-bob&key=key-of-ada")).status,
			401,
		);
		const cookies = { cookie: "sid=key-of-ada; sid=key-of-eve" };
		assert.equal((await stage.ask(cookies)).status, 401);
		const two = { "x-key": ["key-of-ada", "key-of-bob"] };
		assert.equal((await stage.ask(two)).status, 401);
		const same = { "x-key": ["key-of-ada", "key-of-ada"] };
		assert.equal((await stage.ask(same)).status, 200);
		const { outcome, reason } = stage.decisions[1] ?? {};
		assert.deepEqual([outcome, reason], ["refused", "ambiguous"]);
	});

	test("that differs by its last or first character, its case or a blank is refused", async (t) => {
		const stage = await startStage(t, apiKey({ header: "x-key", keys }));
		for (const key of [
			"key-of-adb",
			"Key-of-ada",
			"key-of-ada.",
			"ey-of-ada",
		]) {
			assert.equal((await stage.ask({ "x-key": key })).status, 401, key);
		}
		const digest = digestKey("key-of-ada");
		assert.equal((await stage.ask({ "x-key": digest })).status, 401);
	});

	test("with a prefix is checked for typing errors before it is looked up", async (t) => {
		const asked: string[] = [];
		const { key } = createKey({ prefix: "acme" });
		const caller = apiKey({
			prefix: "acme",
			lookup: (text) => {
				asked.push(text);
				return { id: "ada" };
			},
		});
		const stage = await startStage(t, caller);
		const typo = key.slice(0, -1) + (key.endsWith("x") ? "y" : "x");
		for (const text of [typo, "key-of-ada", createKey().key]) {
			assert.equal((await stage.ask({ "x-api-key": text })).status, 401);
		}
		assert.deepEqual(asked, []);
		assert.equal((await stage.ask({ "x-api-key": key })).status, 200);
		assert.deepEqual(asked, [key]);
	});

	test("is told of, accepted or not, without ever naming it", async (t) => {
		const told: unknown[] = [];
		const caller = apiKey({
			keys,
			onDecision: (decision, ctx) => told.push([decision, ctx.route.id]),
		});
		const stage = await startStage(t, caller);
		await stage.ask({ "x-api-key": "key-of-ada" });
		await stage.ask({ "x-api-key": "key-of-eve" });
		const base = { kind: "auth", name: "api-key" };
		const expected = [
			{ ...base, outcome: "accepted", reason: null, subject: "ada" },
			{ ...base, outcome: "refused", reason: "unknown", subject: null },
		];
		assert.deepEqual(stage.decisions, expected);
		assert.deepEqual(
			told,
			expected.map((decision) => [decision, "ALL /*"]),
		);
	});
});

suite("a list of keys that can not be used fails at start-up:", () => {
	const lookup = (): null => null;
	const cases: readonly [string, object, RegExp][] = [
		["neither keys nor look-up", {}, /one of lookup and keys/],
		["both", { keys, lookup }, /one of lookup and keys/],
		["no key at all", { keys: [] }, /empty/],
		["an empty key", { keys: [{ key: "", id: "a" }] }, /needs a key/],
		["a digest that is none", { keys: [{ digest: "abc" }] }, /64/],
		["neither key nor digest", { keys: [{ id: "ada" }] }, /needs a key/],
		["a key twice", { keys: [keys[0], keys[0]] }, /twice/],
		["a realm no header can carry", { keys, realm: "a\nb" }, /realm/],
		["a time that is none", { lookup, cache: { foundMs: -1 } }, /foundMs/],
		[
			"a time that no timer can wait for",
			{ lookup, cache: { timeoutMs: Number.POSITIVE_INFINITY } },
			/timeoutMs/,
		],
		["a misspelt option", { keys, headers: "x-key" }, /"headers"/],
		[
			"a misspelt time",
			{ lookup, cache: { ttlMs: 1 } },
			/"cache\.ttlMs"; known are foundMs, /,
		],
		["an empty name", { keys, header: "" }, /header must be a name of letters/],
		["a header that can not be", { keys, header: "x key" }, /"x key"/],
		["a cookie that can not be", { keys, cookie: "a;b" }, /"a;b"/],
	];
	for (const [name, options, message] of cases) {
		test(name, () => {
			assert.throws(() => apiKey(options as { keys: [] }), message);
		});
	}
});
