import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Type } from "../../src/index.ts";
import { answerThrough, json } from "../helpers/answering.ts";

const User = Type.Object({ id: Type.Integer(), name: Type.String() });
const wrong = '{"id": "x", "secret":1}';
const right = '{ "id":7, "name":"ann", "secret":1 }';

suite("a documented answer", () => {
	test("goes on byte for byte, whatever it is", async (t) => {
		for (const body of [wrong, right, "no json"]) {
			const { got } = await answerThrough(t, { response: User }, { body });
			assert.equal(got.status, 200);
			assert.equal(got.body, body);
		}
	});
});

suite("a validated answer", () => {
	const declared = { response: { schema: User, mode: "validate" } } as const;

	test("goes on byte for byte, with its own headers", async (t) => {
		const { got } = await answerThrough(t, declared, {
			status: 201,
			headers: { ...json, etag: '"1"', "x-a": "b" },
			body: right,
		});
		assert.equal(got.status, 201);
		assert.equal(got.body, right);
		assert.equal(got.headers.etag, '"1"');
		assert.equal(got.headers["x-a"], "b");
		assert.equal(got.headers["content-length"], String(right.length));
	});

	test("may begin with a byte order mark, which a selected one loses", async (t) => {
		const body = `\ufeff${right}`;
		const { got } = await answerThrough(t, declared, { body });
		assert.deepEqual(Buffer.from(got.bytes), Buffer.from(body));
		const selected = { response: { schema: User, mode: "select" } } as const;
		const { got: other } = await answerThrough(t, selected, { body });
		assert.equal(other.body, '{"id":7,"name":"ann"}');
	});

	test("that does not conform is a 502 that tells nothing of it", async (t) => {
		const { got, log } = await answerThrough(t, declared, { body: wrong });
		assert.equal(got.status, 502);
		assert.deepEqual(got.json(), {
			type: "about:blank",
			title: "Bad Gateway",
			status: 502,
			detail: "The service gave an invalid answer.",
			code: "ERR_UPSTREAM_INVALID",
		});
		assert.deepEqual(log.lines, []);
	});

	test("goes on in the coding it came in", async (t) => {
		const body = gzipSync(right);
		const { got } = await answerThrough(t, declared, {
			headers: { ...json, "content-encoding": "gzip" },
			body,
		});
		assert.equal(got.headers["content-encoding"], "gzip");
		assert.deepEqual(Buffer.from(got.bytes), body);
	});
});

const select = { response: { schema: User, mode: "select" } } as const;

suite("which answers are read", () => {
	test("one schema is for success alone", async (t) => {
		for (const [status, body] of [
			[200, '{"id":7,"name":"ann"}'],
			[299, '{"id":7,"name":"ann"}'],
			[404, right],
			[500, right],
			[301, right],
		] as const) {
			const { got } = await answerThrough(t, select, { status, body: right });
			assert.equal(got.status, status);
			assert.equal(got.body, body);
		}
	});

	test("a map is for its statuses alone", async (t) => {
		const response = {
			200: User,
			404: Type.Object({ detail: Type.String() }),
		};
		for (const [status, sent, body] of [
			[200, right, '{"id":7,"name":"ann"}'],
			[201, right, right],
			[404, '{"detail":"gone","trace":"x"}', '{"detail":"gone"}'],
			[500, right, right],
		] as const) {
			const { got } = await answerThrough(
				t,
				{ response: { schema: response, mode: "select" } },
				{ status, body: sent },
			);
			assert.equal(got.status, status);
			assert.equal(got.body, body);
		}
	});
});
