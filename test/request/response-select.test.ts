import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	brotliCompressSync,
	deflateSync,
	gzipSync,
	zstdCompressSync,
} from "node:zlib";
import { type Schema, Type } from "../../src/index.ts";
import {
	type Answer,
	answerThrough,
	type Declared,
	json,
} from "../helpers/answering.ts";

const User = Type.Object({ id: Type.Integer(), name: Type.String() });
const right = '{ "id":7, "name":"ann", "secret":1 }';

const selecting = (schema: Schema): Declared => ({
	response: { schema, mode: "select" },
});
const select = selecting(User);

suite("a selected answer", () => {
	test("has what is declared and nothing else, with the length of that", async (t) => {
		const { got } = await answerThrough(t, select, {
			headers: { ...json, etag: '"1"', "content-md5": "x", "x-a": "b" },
			body: right,
		});
		assert.equal(got.body, '{"id":7,"name":"ann"}');
		assert.equal(got.headers["content-length"], "21");
		assert.equal(got.headers.etag, undefined);
		assert.equal(got.headers["content-md5"], undefined);
		assert.equal(got.headers["x-a"], "b");
		assert.equal(got.headers["content-type"], "application/json");
	});

	test("converts scalars where nothing is lost", async (t) => {
		const response = Type.Object({
			text: Type.String(),
			flag: Type.String(),
			integer: Type.Integer(),
			number: Type.Number(),
			boolean: Type.Boolean(),
		});
		const { got } = await answerThrough(t, selecting(response), {
			body: {
				text: 1337,
				flag: true,
				integer: "42",
				number: "-1.5",
				boolean: "false",
			},
		});
		assert.deepEqual(got.json(), {
			text: "1337",
			flag: "true",
			integer: 42,
			number: -1.5,
			boolean: false,
		});
	});

	test("does not guess: what does not convert without a loss is a 502", async (t) => {
		for (const [schema, value] of [
			[Type.Integer(), "1.5"],
			[Type.Integer(), "007"],
			[Type.Integer(), ""],
			[Type.Number(), "1e3"],
			[Type.Number(), "0x10"],
			[Type.Number(), "NaN"],
			[Type.Boolean(), 1],
			[Type.Boolean(), "yes"],
			[Type.String(), null],
			[Type.String(), {}],
			[Type.Null(), ""],
		] as const) {
			const { got } = await answerThrough(
				t,
				selecting(Type.Object({ a: schema })),
				{ body: { a: value } },
			);
			assert.equal(got.status, 502, JSON.stringify([schema, value]));
		}
	});

	test("fills defaults, goes into lists, and takes the branch that fits", async (t) => {
		const response = Type.Array(
			Type.Union([
				Type.Object({
					kind: Type.Literal("a"),
					n: Type.Integer({ default: 1 }),
				}),
				Type.Object({ kind: Type.Literal("b"), s: Type.String() }),
			]),
		);
		const { got } = await answerThrough(t, selecting(response), {
			body: [
				{ kind: "a", x: 1 },
				{ kind: "b", s: 7, n: 8 },
			],
		});
		assert.deepEqual(got.json(), [
			{ kind: "a", n: 1 },
			{ kind: "b", s: "7" },
		]);
	});

	test("can not be used to change a prototype", async (t) => {
		const response = Type.Object(
			{ a: Type.Integer() },
			{ additionalProperties: Type.Unknown() },
		);
		const { got } = await answerThrough(t, selecting(response), {
			body: '{"a":1,"__proto__":{"polluted":true}}',
		});
		assert.equal(got.body, '{"a":1,"__proto__":{"polluted":true}}');
		assert.equal(({} as { polluted?: boolean }).polluted, undefined);
	});

	const codings: Record<string, (text: string) => Buffer> = {
		gzip: gzipSync,
		"x-gzip": gzipSync,
		GZIP: gzipSync,
		deflate: deflateSync,
		br: brotliCompressSync,
		zstd: zstdCompressSync,
		identity: Buffer.from,
	};
	for (const [name, encode] of Object.entries(codings)) {
		test(`is read out of ${name}, though the service was asked for none`, async (t) => {
			const { got } = await answerThrough(t, select, {
				headers: { ...json, "content-encoding": name },
				body: encode(right),
			});
			assert.equal(got.status, 200);
			assert.equal(got.headers["content-encoding"], undefined);
			assert.equal(got.body, '{"id":7,"name":"ann"}');
		});
	}

	const unreadable: Record<string, Answer> = {
		"in an unknown coding": {
			headers: { ...json, "content-encoding": "compress" },
			body: right,
		},
		"in a broken coding": {
			headers: { ...json, "content-encoding": "gzip" },
			body: right,
		},
		"in two codings": {
			headers: { ...json, "content-encoding": "gzip, br" },
			body: right,
		},
		"that is no JSON": { body: '{"id":7' },
		"without a byte": { body: "" },
		"that is no UTF-8": {
			body: Buffer.from('{"id":7,"name":"\xff"}', "latin1"),
		},
		"of another type": {
			headers: { "content-type": "text/html" },
			body: "<h1>secret</h1>",
		},
		"that says nothing of its type, and is no JSON": {
			headers: {},
			body: "secret",
		},
		"that is too large": { body: `"${"x".repeat(10 * 1_048_576)}"` },
		"that swells to too much": {
			headers: { ...json, "content-encoding": "gzip" },
			body: gzipSync(`"${"x".repeat(10 * 1_048_576)}"`),
		},
	};
	for (const mode of ["select", "validate"] as const) {
		for (const [what, answer] of Object.entries(unreadable)) {
			test(`${what} is a 502 (${mode})`, async (t) => {
				const { got } = await answerThrough(
					t,
					{ response: { schema: User, mode } },
					answer,
				);
				assert.equal(got.status, 502);
				assert.doesNotMatch(got.body, /secret|ann/);
			});
		}
	}

	test("needs no type where it is JSON, and knows others of its kind", async (t) => {
		for (const headers of [
			{},
			{ "content-type": "application/hal+json; charset=utf-8" },
			{ "content-type": "Application/JSON" },
			{ "content-type": "text/json" },
		]) {
			const { got } = await answerThrough(t, select, { headers, body: right });
			assert.equal(got.status, 200, JSON.stringify(headers));
			assert.equal(got.body, '{"id":7,"name":"ann"}');
		}
	});

	test("without a body, where a status has none, goes on", async (t) => {
		for (const status of [204, 205]) {
			const { got } = await answerThrough(t, select, { status, headers: {} });
			assert.equal(got.status, status);
			assert.equal(got.body, "");
		}
	});
});
