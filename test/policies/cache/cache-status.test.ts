import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseList, Token } from "structured-headers";
import {
	type ForwardReason,
	forwardStatus,
	hitStatus,
} from "../../../src/policies/cache/http/cache-status.ts";

/** The one member's name and its parameters, tokens as text. */
function parse(value: string): [string, Record<string, unknown>] {
	const list = parseList(value);
	assert.equal(list.length, 1);
	const [name, parameters] = list[0] as unknown as [
		Token,
		Map<string, unknown>,
	];
	assert.ok(name instanceof Token);
	const plain = [...parameters].map(([key, one]) => [
		key,
		one instanceof Token ? `token ${one.toString()}` : one,
	]);
	return [name.toString(), Object.fromEntries(plain)];
}

suite("Cache-Status, RFC 9211", () => {
	test("a hit (2.1) and its time to live (2.4)", () => {
		assert.equal(hitStatus("headgate", 30), "headgate; hit; ttl=30");
		assert.deepEqual(parse(hitStatus("headgate", 30.9)), [
			"headgate",
			{ hit: true, ttl: 30 },
		]);
	});

	test("a stale hit's time to live is negative (2.4)", () => {
		assert.deepEqual(parse(hitStatus("headgate", -0.5)), [
			"headgate",
			{ hit: true, ttl: -1 },
		]);
		assert.equal(hitStatus("headgate", -0), "headgate; hit; ttl=0");
	});

	test("a time to live without end is the largest integer there is (RFC 8941 section 3.3.1)", () => {
		assert.deepEqual(
			parse(hitStatus("headgate", Number.POSITIVE_INFINITY))[1].ttl,
			999_999_999_999_999,
		);
		assert.deepEqual(
			parse(hitStatus("headgate", -1e30))[1].ttl,
			-999_999_999_999_999,
		);
	});

	const reasons: readonly ForwardReason[] = [
		"bypass",
		"method",
		"uri-miss",
		"vary-miss",
		"miss",
		"request",
		"stale",
		"partial",
	];
	for (const forward of reasons) {
		test(`forwarded: ${forward} (2.2)`, () => {
			assert.deepEqual(parse(forwardStatus("headgate", { forward })), [
				"headgate",
				{ fwd: `token ${forward}` },
			]);
		});
	}

	test("everything that can be said of a forwarded request (2.2 to 2.8)", () => {
		const value = forwardStatus("headgate", {
			forward: "stale",
			forwardStatus: 304,
			stored: true,
			collapsed: true,
			detail: "set-cookie",
		});
		assert.equal(
			value,
			"headgate; fwd=stale; fwd-status=304; stored; collapsed; detail=set-cookie",
		);
		assert.deepEqual(parse(value)[1], {
			fwd: "token stale",
			"fwd-status": 304,
			stored: true,
			collapsed: true,
			detail: "token set-cookie",
		});
	});

	test("what is not so is not said", () => {
		const facts = {
			forward: "miss",
			forwardStatus: null,
			stored: false,
			collapsed: false,
			detail: null,
		} as const;
		assert.equal(forwardStatus("headgate", facts), "headgate; fwd=miss");
	});

	const details: readonly [string, string][] = [
		["no-store", "token no-store"],
		["two words", "two words"],
		['a "quote" and \\', 'a "quote" and \\'],
		["1st", "1st"],
		["z", "token z"],
		["Az", "token Az"],
		["~", "~"],
		["", ""],
		["a, b; c=d", "a, b; c=d"],
		["caf\xe9\r\nX: y\x7f", "caf???X: y?"],
	];
	for (const [detail, expected] of details) {
		test(`a detail stays within its member: ${JSON.stringify(detail)} (2.8)`, () => {
			assert.equal(parse(hitStatus("headgate", 1, detail))[1].detail, expected);
			assert.equal(
				parse(forwardStatus("headgate", { forward: "miss", detail }))[1].detail,
				expected,
			);
		});
	}
});
