import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import { HttpError, route } from "../../../src/index.ts";
import { anyOf } from "../../../src/policies/auth/any-of.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { basic, hashPassword } from "../../../src/policies/auth/basic.ts";
import { createGate } from "../../helpers/gate.ts";
import { KeptLog } from "../../helpers/kept-log.ts";
import { assertType, type Same } from "../../types/same.ts";
import { Clock, type SentHeaders, startStage } from "./stage.ts";

/** Quick, for tests alone. */
const cheap = { ln: 10, r: 8, p: 1 };

function login(user: string, password: string): SentHeaders {
	return encoded(Buffer.from(`${user}:${password}`));
}

function encoded(pair: Buffer): SentHeaders {
	return { authorization: `Basic ${pair.toString("base64")}` };
}

let hash: string;
before(async () => {
	hash = await hashPassword("open sesame", cheap);
});

suite("a user name with password", () => {
	test("of the list is let in, told who it is, and not sent on", async (t) => {
		const caller = basic({ users: [{ id: "ada", hash, role: "admin" }] });
		const stage = await startStage(t, caller);
		const { identity, echo } = await stage.ask(login("ada", "open sesame"));
		assert.deepEqual(identity, { id: "ada", role: "admin" });
		assert.equal(echo?.headers.authorization, undefined);
		assert.deepEqual(
			stage.decisions.map(({ name, outcome, subject }) => [
				name,
				outcome,
				subject,
			]),
			[["basic", "accepted", "ada"]],
		);
		route.get("/", {
			dependencies: { caller },
			handler({ deps }) {
				assertType<Same<typeof deps.caller.role, "admin">>();
				return 1;
			},
		});
	});

	test("that is missing or wrong is a 401 with a challenge", async (t) => {
		const caller = basic({ users: [{ id: "ada", hash }], realm: "in" });
		const stage = await startStage(t, caller);
		const cases: readonly [SentHeaders, string, string | null][] = [
			[{}, "absent", null],
			[{ authorization: "Bearer abc" }, "absent", null],
			[login("ada", "open sesam"), "refused", "unknown"],
			[login("ada", ""), "refused", "unknown"],
			[login("Ada", "open sesame"), "refused", "unknown"],
			[login("__proto__", "open sesame"), "refused", "unknown"],
			[{ authorization: "Basic" }, "refused", "malformed"],
			[{ authorization: "Basic ????" }, "refused", "malformed"],
			[encoded(Buffer.from("ada")), "refused", "malformed"],
			[encoded(Buffer.from("ada:a\nb")), "refused", "malformed"],
			[encoded(Buffer.from([97, 58, 0xff])), "refused", "malformed"],
			[login("ada", "x".repeat(4_000)), "refused", "too-large"],
			[{ authorization: ["Basic YTpi", "Basic YTpi"] }, "refused", "ambiguous"],
		];
		for (const [headers, outcome, reason] of cases) {
			const answer = await stage.ask(headers);
			assert.equal(answer.status, 401, JSON.stringify(headers));
			assert.equal(
				answer.headers["www-authenticate"],
				'Basic realm="in", charset="UTF-8"',
			);
			const said = stage.decisions.at(-1);
			assert.deepEqual([said?.outcome, said?.reason], [outcome, reason]);
		}
	});

	test("may be in any language, composed in any way, and hold colons", async (t) => {
		const password = "geh:eim \u00fc \u{1F511}";
		const user = { id: "J\u00f6rg", hash: await hashPassword(password, cheap) };
		const stage = await startStage(t, basic({ users: [user] }));
		const apart = login("Jo\u0308rg", password.normalize("NFD"));
		for (const headers of [login("J\u00f6rg", password), apart]) {
			assert.equal((await stage.ask(headers)).status, 200);
		}
		const lower = { authorization: login("J\u00f6rg", password).authorization };
		const text = String(lower.authorization).replace("Basic", "bAsIc");
		assert.equal((await stage.ask({ authorization: text })).status, 200);
	});

	test("stands beside other schemes", async (t) => {
		const keys = [{ key: "k", id: "bob" }];
		const users = [{ id: "ada", hash }];
		const stage = await startStage(
			t,
			anyOf(basic({ users }), apiKey({ keys })),
		);
		assert.equal((await stage.ask(login("ada", "open sesame"))).status, 200);
		assert.equal((await stage.ask({ "x-api-key": "k" })).status, 200);
		const bad = { ...login("ada", "no"), "x-api-key": "k" };
		assert.equal((await stage.ask(bad)).status, 401);
		const { headers } = await stage.ask();
		assert.match(String(headers["www-authenticate"]), /^Basic .*, ApiKey /);
	});

	test("costs the same time whether the name is known or not", async (t) => {
		const dear = { ln: 14, r: 8, p: 2 };
		const users = [{ id: "ada", hash: await hashPassword("right", dear) }];
		const stage = await startStage(t, basic({ users }));
		const timed = async (user: string, i: number): Promise<number> => {
			const startMs = performance.now();
			const { status } = await stage.ask(login(user, `wrong ${i}`));
			assert.equal(status, 401);
			return performance.now() - startMs;
		};
		await timed("ada", -1);
		const known: number[] = [];
		const unknown: number[] = [];
		for (let i = 0; i < 5; i++) {
			known.push(await timed("ada", i));
			unknown.push(await timed("eve", i));
		}
		const least = [Math.min(...known), Math.min(...unknown)] as const;
		// An answer without scrypt takes a fiftieth of it.
		assert.ok(least[1] > least[0] / 3 && least[0] > least[1] / 3, `${least}`);
	});
});

/** A check that counts, and answers when it is let. */
class Check {
	count = 0;
	gate: Promise<void> | null = null;
	failure: Error | null = null;
	password = "right";

	readonly verify = async (
		user: string,
		password: string,
	): Promise<{ id: string } | null> => {
		this.count++;
		await this.gate;
		if (this.failure !== null) throw this.failure;
		return password === this.password ? { id: user } : null;
	};
}

suite("a check of one's own", () => {
	test("is asked once by a hundred requests at the same time, and then not for a minute", async (t) => {
		const clock = new Clock();
		const check = new Check();
		const gate = createGate();
		check.gate = gate.opened;
		const caller = basic({ verify: check.verify, now: clock.now });
		const stage = await startStage(t, caller);
		const ada = login("ada", "right");
		const answers = Array.from({ length: 100 }, () => stage.ask(ada));
		while (check.count === 0) await new Promise(setImmediate);
		gate.open();
		for (const { status } of await Promise.all(answers)) {
			assert.equal(status, 200);
		}
		assert.equal(check.count, 1);
		check.password = "changed";
		clock.move(59_999);
		assert.equal((await stage.ask(ada)).status, 200);
		clock.move(1);
		assert.equal((await stage.ask(ada)).status, 401);
		assert.equal(check.count, 2);
	});

	test("is believed for 5 s when it says no", async (t) => {
		const clock = new Clock();
		const check = new Check();
		const caller = basic({ verify: check.verify, now: clock.now });
		const stage = await startStage(t, caller);
		assert.equal((await stage.ask(login("ada", "new"))).status, 401);
		check.password = "new";
		clock.move(4_999);
		assert.equal((await stage.ask(login("ada", "new"))).status, 401);
		clock.move(1);
		assert.equal((await stage.ask(login("ada", "new"))).status, 200);
	});

	test("that fails is a 503 without a word of why, and what it refuses with stays", async (t) => {
		const check = new Check();
		const log = new KeptLog();
		const caller = basic({
			verify: check.verify,
			cache: { foundMs: 0, missingMs: 0 },
		});
		const stage = await startStage(t, caller, { logger: log });
		check.failure = new Error("ldap://10.0.0.7 is gone");
		const answer = await stage.ask(login("ada", "my secret"));
		assert.deepEqual([answer.status, answer.code], [503, "ERR_UNAVAILABLE"]);
		assert.doesNotMatch(answer.text, /ldap/);
		check.failure = new HttpError(403, "Suspended.");
		assert.equal((await stage.ask(login("ada", "my secret"))).status, 403);
		check.failure = null;
		assert.equal((await stage.ask(login("ada", "right"))).status, 200);
		assert.doesNotMatch(JSON.stringify(log.lines), /my secret|bXkgc2Vj/);
	});

	test("is asked for so many at the same time, and for the rest it is a 503", async (t) => {
		const check = new Check();
		const gate = createGate();
		check.gate = gate.opened;
		const caller = basic({
			verify: check.verify,
			maxUnderWay: 2,
			maxPerAddress: 3,
		});
		const stage = await startStage(t, caller);
		const first = [1, 2].map((i) => stage.ask(login(`user ${i}`, "right")));
		while (check.count < 2) await new Promise(setImmediate);
		const { status } = await stage.ask(login("user 3", "right"));
		assert.equal(status, 503);
		assert.equal(stage.decisions.at(-1)?.reason, "busy");
		gate.open();
		for (const answer of await Promise.all(first)) {
			assert.equal(answer.status, 200);
		}
		const after = await stage.ask(login("user 3", "right"));
		assert.equal(after.status, 200, "there is room again");
	});
});

suite("users that can not be meant fail at start-up:", () => {
	const user = { id: "ada", hash: "" };
	const cases: readonly [string, object, RegExp][] = [
		["none", {}, /one of users and verify/],
		["both", { users: [user], verify: () => null }, /one of/],
		["an empty list", { users: [] }, /empty/],
		[
			"a password in clear",
			{ users: [{ ...user, hash: "secret" }] },
			/^(?!.*secret).*"ada".*\$scrypt\$/,
		],
		["a colon", { users: [{ ...user, id: "a:b" }] }, /colon/],
		["no room at all", { users: [user], maxUnderWay: 0 }, /maxUnderWay/],
		[
			"a cost out of bounds",
			{
				users: [
					{
						...user,
						hash: `$scrypt$ln=30,r=8,p=1$${"a".repeat(22)}$${"a".repeat(43)}`,
					},
				],
			},
			/ln must be/,
		],
		["a misspelt option", { users: [user], maxUnderway: 1 }, /"maxUnderway"/],
	];
	for (const [name, options, expected] of cases) {
		test(name, () => {
			assert.throws(() => basic(options as never), expected);
		});
	}

	test("one that is there twice", () => {
		const users = [
			{ id: "ada", hash },
			{ id: "ada", hash },
		];
		assert.throws(() => basic({ users }), /"ada" is there twice/);
	});
});
