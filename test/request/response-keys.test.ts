import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import { type Schema, Type } from "../../src/index.ts";
import { answerThrough, type Declared } from "../helpers/answering.ts";

const selecting = (schema: Schema, keys: object = {}): Declared => ({
	response: { schema, mode: "select", ...keys },
});

suite("response.include and response.exclude", () => {
	const schemas = {
		TypeBox: Type.Object({
			a: Type.Integer(),
			b: Type.Integer(),
			c: Type.Optional(Type.Integer()),
		}),
		zod: z.object({ a: z.number(), b: z.number(), c: z.number().optional() }),
		valibot: v.object({
			a: v.number(),
			b: v.number(),
			c: v.optional(v.number()),
		}),
	};
	for (const [library, response] of Object.entries(schemas)) {
		test(`keep and leave out top-level keys: ${library}`, async (t) => {
			const body = { a: 1, b: 2, c: 3, d: 4 };
			const ask = async (keys: object) => {
				const declared = selecting(response, keys);
				return (await answerThrough(t, declared, { body })).got.json();
			};
			assert.deepEqual(await ask({}), { a: 1, b: 2, c: 3 });
			assert.deepEqual(await ask({ include: ["a", "d"] }), { a: 1 });
			assert.deepEqual(await ask({ exclude: ["a"] }), { b: 2, c: 3 });
			assert.deepEqual(await ask({ include: ["a", "b"], exclude: ["b"] }), {
				a: 1,
			});
			assert.deepEqual(await ask({ include: [] }), {});
		});

		test(`are no reason not to check what is sent: ${library}`, async (t) => {
			const { got } = await answerThrough(
				t,
				selecting(response, { exclude: ["b"] }),
				{ body: { a: "secret", b: 2 } },
			);
			assert.equal(got.status, 502);
		});
	}

	test("go by the keys of an answer, not of the items of a list", async (t) => {
		const { got } = await answerThrough(
			t,
			selecting(Type.Array(Type.Object({ a: Type.Integer() })), {
				exclude: ["a"],
			}),
			{ body: [{ a: 1 }] },
		);
		assert.deepEqual(got.json(), [{ a: 1 }]);
	});
});

suite("a Standard Schema", () => {
	test("gives what its own transformation makes", async (t) => {
		const response = z.object({
			at: z.iso.date().transform((text) => `${text}T00:00:00Z`),
			list: z.array(z.coerce.string()).default([]),
		});
		const { got } = await answerThrough(t, selecting(response), {
			body: { at: "2026-01-02", secret: 1 },
		});
		assert.deepEqual(got.json(), { at: "2026-01-02T00:00:00Z", list: [] });
	});

	test("may be asynchronous", async (t) => {
		const response = z.object({
			a: z.number().refine(async (value) => value < 10),
		});
		const good = await answerThrough(t, selecting(response), {
			body: { a: 7, b: 1 },
		});
		assert.deepEqual(good.got.json(), { a: 7 });
		const bad = await answerThrough(t, selecting(response), {
			body: { a: 70 },
		});
		assert.equal(bad.got.status, 502);
	});
});
