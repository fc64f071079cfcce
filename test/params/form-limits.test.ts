import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { test } from "node:test";
import { Type } from "typebox";
import { type FormLimits, file } from "../../src/params/form/form.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";
import { within } from "../helpers/byte-reader.ts";
import {
	formType,
	type PartSpec,
	readForm,
	toMultipart,
	toStream,
} from "../helpers/multipart.ts";

const shape = {
	a: Type.Optional(Type.Array(Type.String())),
	f: file({ optional: true, multiple: true }),
	small: file({ optional: true, maxBytes: 5 }),
};
const field = { name: "a", value: "1" };
const upload = { name: "f", value: "1", filename: "f" };
const stray = { name: "stray", value: "1" };
const strayFile = { name: "stray", value: "1", filename: "s" };

async function statusOf(
	parts: readonly PartSpec[],
	limits: FormLimits,
): Promise<number> {
	const form = compileForm(shape, { limits });
	const { status } = await readForm(form, toStream([toMultipart(parts)]));
	return status;
}

test("as many parts as the limit pass, one more is a 413, undeclared ones included", async () => {
	const two = { fields: 2 };
	assert.equal(await statusOf([field, field], two), 200);
	assert.equal(await statusOf([field, stray], two), 200);
	assert.equal(await statusOf([field, stray, field], two), 413);
	assert.equal(await statusOf([stray, stray, stray], two), 413);
	assert.equal(await statusOf([upload], { files: 1 }), 200);
	assert.equal(await statusOf([upload, upload], { files: 1 }), 413);
	assert.equal(await statusOf([strayFile, upload], { files: 1 }), 413);
	assert.equal(await statusOf([field], { files: 0 }), 200);
	assert.equal(await statusOf([field, upload, field], { parts: 3 }), 200);
	assert.equal(await statusOf([field, upload, field], { parts: 2 }), 413);
	assert.equal(await statusOf(Array(101).fill(field), {}), 413);
	assert.equal(await statusOf(Array(100).fill(field), {}), 200);
});

test("a part of exactly its bytes passes, one byte more is a 413", async () => {
	const limits = { fieldBytes: 4, fileBytes: 8 };
	const sized = (spec: PartSpec, length: number): PartSpec[] => [
		{ ...spec, value: "x".repeat(length) },
	];
	const small = { name: "small", value: "", filename: "s" };
	assert.equal(await statusOf(sized(field, 4), limits), 200);
	assert.equal(await statusOf(sized(field, 5), limits), 413);
	assert.equal(await statusOf(sized(stray, 5), limits), 413);
	assert.equal(await statusOf(sized(upload, 8), limits), 200);
	assert.equal(await statusOf(sized(upload, 9), limits), 413);
	assert.equal(await statusOf(sized(strayFile, 9), limits), 413);
	assert.equal(await statusOf(sized(small, 5), limits), 200);
	assert.equal(await statusOf(sized(small, 6), limits), 413);
});

test("the bytes of the whole body have a limit where one is given", async () => {
	const body = toMultipart([field]);
	for (const [maxBytes, status] of [
		[body.length, 200],
		[body.length - 1, 413],
	] as const) {
		const form = compileForm(shape, { maxBytes });
		const outcome = await readForm(form, toStream([body]));
		assert.equal(outcome.status, status);
	}
});

/** A client that never stops sending. */
function endless(start: string, filler: string): Readable {
	const chunk = Buffer.from(filler.repeat(1_000));
	const source = new Readable({ read: () => source.push(chunk) });
	source.push(start);
	return source;
}

test("what never ends is a 413 at once", async () => {
	const form = compileForm(shape);
	const head = '--B\r\nContent-Disposition: form-data; name="';
	const cases: Record<string, Readable> = {
		field: endless(`${head}a"\r\n\r\n`, "x"),
		undeclared: endless(`${head}z"\r\n\r\n`, "x"),
		file: endless(`${head}f"; filename=f\r\n\r\n`, "x"),
		"undeclared file": endless(`${head}z"; filename=f\r\n\r\n`, "x"),
		"unnamed file": endless(
			`${head}z"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n`,
			"x",
		),
		head: endless(`${head}a"\r\nx: `, "x"),
		headers: endless(`${head}a"\r\n`, "x: y\r\n"),
		preamble: endless("", "x\r\n"),
		padding: endless("--B", " "),
		epilogue: endless("--B--\r\n", "x"),
		parts: endless("--B", `\r\n${head.slice(5)}a"\r\n\r\n1\r\n--B`),
		delimiters: endless("--B", "\r\n--B"),
	};
	for (const [what, source] of Object.entries(cases)) {
		const outcome = await within(readForm(form, source), 2_000, what);
		assert.equal(outcome.status, 413, what);
		assert.equal(source.isPaused(), true, what);
		assert.equal(source.listenerCount("data"), 0, what);
		assert.equal(source.destroyed, false, what);
	}
});

test("a file that goes over its limit on the way destroys what goes on, before it looks complete", async () => {
	const form = compileForm({ f: file({ maxBytes: 100_000 }) });
	const source = new PassThrough();
	source.write(
		"--B\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\nfirst",
	);
	const multipart = form.readMultipart(source, formType);
	await multipart.ready;
	const { body } = multipart.forward(null);
	const sent: Buffer[] = [];
	body.on("data", (chunk: Buffer) => sent.push(chunk));
	source.write(Buffer.alloc(100_001, "x"));
	const [error] = await once(body, "error");
	assert.equal((error as { status: number }).status, 413);
	await assert.rejects(multipart.done, { code: "ERR_BODY_TOO_LARGE" });
	assert.equal(body.readableEnded, false);
	assert.doesNotMatch(Buffer.concat(sent).toString(), /--\r\n$/);
});

test("a limit is told at once although nobody reads what goes on", async () => {
	const form = compileForm(shape, { limits: { fields: 1 } });
	const source = new PassThrough();
	const bytes = toMultipart([upload, field, field]);
	source.write(bytes.subarray(0, 80));
	const multipart = form.readMultipart(source, formType);
	await multipart.ready;
	source.write(bytes.subarray(80));
	await assert.rejects(within(multipart.done, 2_000, "the 413"), {
		status: 413,
	});
	assert.equal(multipart.forward(null).body.destroyed, true);
});
