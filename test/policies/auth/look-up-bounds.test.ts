import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Dependency } from "../../../src/index.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { basic } from "../../../src/policies/auth/basic.ts";
import { hashPassword } from "../../../src/policies/auth/password-hash.ts";
import type { TestScope } from "../../../src/testing.ts";
import { createGate } from "../../helpers/gate.ts";
import { type Stage, startStage } from "./stage.ts";

const behindProxy = (t: TestScope, caller: Dependency): Promise<Stage> =>
	startStage(t, caller, { trustedProxies: ["127.0.0.1"] });
const key = (text: string, address: string) => ({
	"x-api-key": text,
	"x-forwarded-for": address,
});
const login = (password: string, address: string) => ({
	authorization: `Basic ${btoa(`ada:${password}`)}`,
	"x-forwarded-for": address,
});

suite("look-ups in progress", () => {
	test("are bounded for each address with 429, in all with 503, and end", async (t) => {
		const gate = createGate();
		let count = 0;
		const caller = apiKey({
			maxUnderWay: 3,
			maxPerAddress: 2,
			lookup: async (id) => {
				count++;
				await gate.opened;
				return { id };
			},
		});
		const stage = await behindProxy(t, caller);
		const first = [
			stage.ask(key("1", "10.0.0.1")),
			stage.ask(key("2", "10.0.0.1")),
		];
		while (count < 2) await new Promise(setImmediate);
		const limited = await stage.ask(key("3", "10.0.0.1"));
		assert.equal(limited.status, 429);
		assert.equal(limited.headers["retry-after"], "1");
		first.push(stage.ask(key("4", "10.0.0.2")));
		while (count < 3) await new Promise(setImmediate);
		assert.equal((await stage.ask(key("5", "10.0.0.3"))).status, 503);
		first.push(stage.ask(key("1", "10.0.0.3")));
		gate.open();
		for (const { status } of await Promise.all(first)) {
			assert.equal(status, 200);
		}
		assert.equal((await stage.ask(key("3", "10.0.0.1"))).status, 200);
		assert.equal(count, 4);
	});

	test("of 500 made-up keys are 64 from one address by default", async (t) => {
		const gate = createGate();
		let count = 0;
		const caller = apiKey({
			lookup: async () => {
				count++;
				await gate.opened;
				return null;
			},
		});
		const stage = await behindProxy(t, caller);
		let limited = 0;
		const asked = Array.from({ length: 500 }, async (_, i) => {
			const { status } = await stage.ask(key(`key-${i}`, "10.0.0.1"));
			if (status === 429) limited++;
			return status;
		});
		while (limited < 436) await new Promise(setImmediate);
		assert.equal(count, 64);
		gate.open();
		const statuses = await Promise.all(asked);
		assert.equal(statuses.filter((status) => status === 401).length, 64);
	});

	test("of one address's guesses leave the right password's place to another", async (t) => {
		const users = [{ id: "ada", hash: await hashPassword("right") }];
		const stage = await behindProxy(t, basic({ users }));
		const guesses = Array.from({ length: 60 }, (_, i) =>
			stage.ask(login(`wrong ${i}`, "10.0.0.1")),
		);
		const right = await stage.ask(login("right", "10.0.0.2"));
		assert.equal(right.status, 200);
		const statuses = (await Promise.all(guesses)).map(({ status }) => status);
		assert.ok(statuses.includes(429));
		assert.ok(statuses.every((status) => status === 401 || status === 429));
	});
});
