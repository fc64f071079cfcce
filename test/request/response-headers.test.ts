import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { InjectResponse, ResponseOptions } from "../../src/index.ts";
import { answerThrough } from "../helpers/answering.ts";
import { policyOf } from "../helpers/policed-gateway.ts";

const sent = {
	"content-type": "text/plain",
	"content-length": 2,
	"X-Kept": "kept",
	"x-internal": "host-7",
	server: "secret/1.0",
	"set-cookie": ["a=1", "b=2"],
	etag: '"1"',
	"cache-control": "no-store",
};

async function namesThrough(
	t: Parameters<typeof answerThrough>[0],
	keepHeaders?: ResponseOptions["keepHeaders"],
): Promise<{ names: string[]; got: InjectResponse }> {
	const { got } = await answerThrough(
		t,
		keepHeaders === undefined ? {} : { response: { keepHeaders } },
		{ headers: sent, body: "ok" },
	);
	assert.equal(got.status, 200);
	assert.equal(got.body, "ok");
	// What node says of the connection is none of the answer's.
	const own = ["connection", "keep-alive", "date", "via"];
	const names = Object.keys(got.headers).filter((name) => !own.includes(name));
	return { names: names.sort(), got };
}

suite("response.keepHeaders", () => {
	test("'upstream', the default, lets all of them through", async (t) => {
		for (const choice of [undefined, "upstream"] as const) {
			const { names, got } = await namesThrough(t, choice);
			assert.deepEqual(
				names,
				Object.keys(sent)
					.map((name) => name.toLowerCase())
					.sort(),
			);
			assert.deepEqual(got.headers["set-cookie"], ["a=1", "b=2"]);
		}
	});

	test("'gateway' lets through what says what the body is", async (t) => {
		const { names } = await namesThrough(t, "gateway");
		assert.deepEqual(names, ["content-length", "content-type"]);
	});

	test("a list adds its names, in any case", async (t) => {
		const { names, got } = await namesThrough(t, [
			"x-KEPT",
			"set-cookie",
			"nope",
		]);
		assert.deepEqual(names, [
			"content-length",
			"content-type",
			"set-cookie",
			"x-kept",
		]);
		assert.deepEqual(got.headers["set-cookie"], ["a=1", "b=2"]);
	});

	test("an empty list is 'gateway'", async (t) => {
		const { names } = await namesThrough(t, []);
		assert.deepEqual(names, ["content-length", "content-type"]);
	});

	test("chooses before the policies look, and keeps nothing of theirs back", async (t) => {
		let seen: readonly string[] = [];
		const adding = policyOf({
			onRequest: (ctx) => ctx.setResponseHeader("x-set", "1"),
			onUpstreamResponse(_ctx, { headers }) {
				seen = headers.filter((_, i) => i % 2 === 0);
				headers.push("x-pushed", "2");
			},
		});
		const { got } = await answerThrough(
			t,
			{ response: { keepHeaders: "gateway" }, policies: [adding] },
			{ headers: sent, body: "ok" },
		);
		assert.equal(got.headers["x-set"], "1");
		assert.equal(got.headers["x-pushed"], "2");
		assert.ok(!seen.some((name) => /internal|server|cookie/i.test(name)));
		assert.ok(seen.includes("content-type"));
	});
});
