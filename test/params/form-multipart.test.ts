import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Type } from "typebox";
import {
	type FilePart,
	type FormShape,
	file,
} from "../../src/params/form/form.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";
import {
	formType,
	readForm,
	sendForm,
	toMultipart,
	toStream,
	toTypes,
} from "../helpers/multipart.ts";

const upload = { caption: Type.String(), image: file() };
const image = {
	name: "image",
	value: Buffer.from("\u0089PNG\r\n\u001a\n\0\0", "latin1"),
	filename: "dög.png",
	type: "image/png",
};

test("fields and files go on in their order, converted, and nothing else does", async () => {
	const { values, parts } = await sendForm(
		{ ...upload, count: Type.Integer(), ok: Type.Boolean() },
		[
			{ name: "count", value: "007" },
			{ name: "other", value: "x" },
			{ name: "caption", value: "Grüße" },
			{ name: "stray", value: "bytes", filename: "s" },
			image,
			{ name: "ok", value: "on" },
		],
	);
	assert.deepEqual(parts, [
		{ name: "count", value: "7" },
		{ name: "caption", value: "Grüße" },
		{ ...image, value: image.value.toString("latin1") },
		{ name: "ok", value: "true" },
	]);
	assert.equal(Object.getPrototypeOf(values), null);
	assert.deepEqual(
		{ ...values },
		{
			count: 7,
			caption: "Grüße",
			image: {
				name: "image",
				filename: "dög.png",
				contentType: "image/png",
				encoding: "7bit",
				bytes: null,
			},
			ok: true,
		},
	);
});

test("a form without a file is known whole, length included, before it goes on", async () => {
	const form = compileForm({ a: Type.Integer() });
	const body = toMultipart([{ name: "a", value: "1" }]);
	const multipart = form.readMultipart(toStream([body]), formType);
	await multipart.ready;
	await multipart.done;
	assert.equal(multipart.values.a, 1);
	assert.ok((multipart.forward(null).contentLength ?? 0) > 0);
});

test("ready comes at the first declared file, with what is known by then", async () => {
	const form = compileForm({ ...upload, late: Type.String() });
	const body = toMultipart([
		{ name: "caption", value: "c" },
		{ name: "stray", value: "x", filename: "x" },
		image,
		{ name: "late", value: "l" },
	]);
	const multipart = form.readMultipart(toStream([body]), formType);
	await multipart.ready;
	assert.deepEqual(Object.keys(multipart.values), ["caption", "image"]);
	multipart.forward(null).body.resume();
	await multipart.done;
	assert.equal(multipart.values.late, "l");
});

test("an empty file and an empty field are a file and a field", async () => {
	const empty = [
		{ name: "caption", value: "" },
		{ name: "image", value: "", filename: "x", type: "image/png" },
	];
	const { parts } = await sendForm(upload, empty);
	assert.deepEqual(parts, empty);
});

suite("a file input without a choice", () => {
	const octets = "application/octet-stream";
	const unchosen = { name: "image", value: "", filename: "", type: octets };
	const images = { contentTypes: ["image/*"] };
	const optional = { image: file({ ...images, optional: true }) };

	test("is absent where the file is optional, and does not go on", async () => {
		for (const type of [octets, "text/plain", "image/png"]) {
			const { status, values, parts } = await sendForm(
				{ caption: Type.String(), ...optional },
				[
					{ ...unchosen, type },
					{ name: "caption", value: "c" },
					{ ...unchosen, type },
				],
				{ strict: true, limits: { files: 0 } },
			);
			assert.equal(status, 200, type);
			assert.deepEqual({ ...values }, { caption: "c" });
			assert.deepEqual(parts, [{ name: "caption", value: "c" }]);
		}
	});

	test("is missing where the file is required", async () => {
		const { status, problems } = await sendForm({ image: file(images) }, [
			unchosen,
		]);
		assert.equal(status, 422);
		assert.deepEqual(toTypes(problems), ["body image missing"]);
	});

	test("is the same however the bytes are cut, with a body or without", async () => {
		const head = `--B\r\nContent-Disposition: form-data; name="image"; filename=""\r\nContent-Type: ${octets}\r\n\r\n`;
		for (const body of [
			`${head}\r\n--B--\r\n`,
			`${head}--B--\r\n`,
			`${head}--B\r\nContent-Disposition: form-data; name="c"\r\n\r\n1\r\n${head}\r\n--B--\r\n`,
		]) {
			const bytes = [...body].map((char) => Buffer.from(char));
			for (const chunks of [[Buffer.from(body)], bytes]) {
				const form = compileForm({ ...optional, c: Type.Optional(Type.Any()) });
				const outcome = await readForm(form, toStream(chunks));
				assert.equal(outcome.status, 200, body);
				assert.equal(outcome.values.image, undefined);
				assert.equal(outcome.values.c, body.includes('"c"') ? "1" : undefined);
			}
		}
	});

	test("does not hide the next one of its name, nor a file with bytes", async () => {
		const { values } = await sendForm({ image: file() }, [
			unchosen,
			{ ...unchosen, value: "x" },
		]);
		const { filename, contentType } = values.image as FilePart;
		assert.deepEqual([filename, contentType], ["", octets]);
	});
});

test("several files of one name are a list where that is declared", async () => {
	const { values, parts } = await sendForm({ f: file({ multiple: true }) }, [
		{ name: "f", value: "1", filename: "a" },
		{ name: "f", value: "2", filename: "b" },
	]);
	const names = (values.f as FilePart[]).map(({ filename }) => filename);
	assert.deepEqual(names, ["a", "b"]);
	assert.equal(parts?.length, 2);
});

test("what is optional may be missing, and a default goes on", async () => {
	const { values, parts } = await sendForm(
		{
			a: Type.Optional(Type.String()),
			b: Type.Integer({ default: 5 }),
			f: file({ optional: true }),
		},
		[],
	);
	assert.deepEqual({ ...values }, { b: 5 });
	assert.deepEqual(parts, [{ name: "b", value: "5" }]);
});

test("a route that answers itself gets the bytes", async () => {
	const form = compileForm(upload, { gatherFiles: true });
	const body = toMultipart([image, { name: "caption", value: "c" }]);
	const multipart = form.readMultipart(toStream([body]), formType);
	await multipart.ready;
	const part = multipart.values.image as FilePart;
	assert.deepEqual(Buffer.from(part.bytes ?? []), image.value);
	assert.equal(multipart.values.caption, "c");
	await multipart.done;
});

test("names out of an object's prototype are names like others", async () => {
	const shape = JSON.parse('{"__proto__":{"type":"string"}}') as FormShape;
	const { values, parts } = await sendForm(shape, [
		{ name: "__proto__", value: "x" },
		{ name: "constructor", value: "y" },
		{ name: "toString", value: "z", filename: "f" },
	]);
	assert.deepEqual(Object.entries(values), [["__proto__", "x"]]);
	assert.deepEqual(parts, [{ name: "__proto__", value: "x" }]);
	const missing = await sendForm({ constructor: Type.String() }, [], {}, {});
	assert.deepEqual(toTypes(missing.problems), ["body constructor missing"]);
});
