import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { z } from "zod";
import {
	type FilePart,
	type FileSchema,
	file,
	type InferForm,
	isFileSchema,
} from "../../src/params/form/form.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";

type Same<A, B> =
	(<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2
		? true
		: false;
type Flat<T> = { [K in keyof T]: T[K] };

/** Fails to compile where the types differ. */
function assertType<_T extends true>(): void {}

test("a file is a plain frozen value", () => {
	const schema = file({ maxBytes: 5, contentTypes: ["Image/PNG", "text/*"] });
	assert.deepEqual(schema, {
		kind: "file",
		maxBytes: 5,
		contentTypes: ["image/png", "text/*"],
		optional: false,
		multiple: false,
		description: null,
	});
	assert.ok(Object.isFrozen(schema));
	assert.ok(isFileSchema(schema));
	assert.ok(!isFileSchema(Type.String({ kind: "text" })));
});

test("a file that can not be is refused at start-up", () => {
	for (const maxBytes of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
		assert.throws(() => file({ maxBytes }), TypeError);
	}
	for (const type of ["png", "image/", "a/b; c=d", "a b/c"]) {
		assert.throws(() => file({ contentTypes: [type] }), TypeError);
	}
});

test("a form that can not be is refused at start-up", () => {
	for (const name of ["", "a\\b", "a\nb", "a\u0000"]) {
		assert.throws(() => compileForm({ [name]: Type.String() }), TypeError);
		assert.throws(() => compileForm({ [name]: file() }), TypeError);
	}
});

test("a compiled form tells its limits and whether it has files", () => {
	const plain = compileForm({ a: Type.String() });
	assert.equal(plain.hasFiles, false);
	assert.deepEqual(plain.limits, {
		fields: 100,
		files: 10,
		parts: 110,
		fieldBytes: 65_536,
		fileBytes: 10_485_760,
	});
	const form = compileForm({ a: file() }, { limits: { files: 3 } });
	assert.equal(form.hasFiles, true);
	assert.equal(form.limits.files, 3);
});

test("the types of a form's values are inferred", () => {
	const shape = {
		caption: Type.String(),
		count: Type.Optional(Type.Integer()),
		tags: z.array(z.string()),
		image: file({ maxBytes: 5 }),
		extra: file({ optional: true }),
		many: file({ multiple: true }),
		more: file({ multiple: true, optional: true }),
	};
	assertType<
		Same<
			Flat<InferForm<typeof shape>>,
			{
				caption: string;
				count?: number;
				tags: string[];
				image: FilePart;
				extra?: FilePart;
				many: readonly FilePart[];
				more?: readonly FilePart[];
			}
		>
	>();
	assertType<Same<typeof shape.image, FileSchema<false, false>>>();
	assert.throws(
		// @ts-expect-error a misspelt option does not compile
		() => file({ maxbytes: 5 }),
		/did you mean "maxBytes"/,
	);
	// @ts-expect-error a field is not a file
	const wrong: InferForm<typeof shape>["caption"] = {} as FilePart;
	assert.ok(wrong);
});
