import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { basic, hashPassword } from "../../../src/policies/auth/basic.ts";
import { type SentHeaders, startStage } from "./stage.ts";

const cheap = { ln: 10, r: 8, p: 1 };

function login(user: string, password: string): SentHeaders {
	const pair = Buffer.from(`${user}:${password}`).toString("base64");
	return { authorization: `Basic ${pair}` };
}

suite("a password hash", () => {
	test("is a PHC string with a salt of its own, of the cost that was asked for", async () => {
		const hash = await hashPassword("open sesame", cheap);
		const again = await hashPassword("open sesame", cheap);
		assert.match(hash, /^\$scrypt\$ln=10,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
		assert.notEqual(hash, again);
		const standard = await hashPassword("x");
		assert.match(standard, /^\$scrypt\$ln=15,r=8,p=3\$/);
	});

	test("of another program works: salt, key and cost are read from it", async (t) => {
		// RFC 7914 section 12: password "pleaseletmein", salt "SodiumChloride", N 16384, r 8, p 1.
		const key = Buffer.from(
			"7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
			"hex",
		);
		const parts = [Buffer.from("SodiumChloride"), key].map((bytes) =>
			bytes.toString("base64").replaceAll("=", ""),
		);
		const users = [
			{ id: "rfc", hash: `$scrypt$ln=14,r=8,p=1$${parts.join("$")}` },
		];
		const stage = await startStage(t, basic({ users }));
		assert.equal((await stage.ask(login("rfc", "pleaseletmein"))).status, 200);
		assert.equal((await stage.ask(login("rfc", "pleaseletmeout"))).status, 401);
	});

	test("of a cost that would hang or swell the process is refused", async () => {
		for (const cost of [{ ln: 9 }, { ln: 21 }, { ln: 20, r: 8 }, { p: 17 }]) {
			await assert.rejects(
				hashPassword("x", cost),
				/must be a whole number|256 MiB/,
			);
		}
	});

	test("is made off the main thread, which goes on meanwhile", async () => {
		let turns = 0;
		let isDone = false;
		const making = hashPassword("x").finally(() => {
			isDone = true;
		});
		while (!isDone) {
			turns++;
			await new Promise(setImmediate);
		}
		await making;
		assert.ok(turns > 20, `${turns} turns of the event loop`);
	});

	test("is checked for so many at the same time, and for the rest it is a 503", async (t) => {
		const users = [{ id: "ada", hash: await hashPassword("x") }];
		const stage = await startStage(
			t,
			basic({ users, maxUnderWay: 2, maxPerAddress: 6 }),
		);
		const answers = await Promise.all(
			[1, 2, 3, 4, 5, 6].map((i) => stage.ask(login("ada", `wrong ${i}`))),
		);
		const statuses = answers.map(({ status }) => status).sort();
		assert.deepEqual([statuses[0], statuses.at(-1)], [401, 503]);
	});
});
