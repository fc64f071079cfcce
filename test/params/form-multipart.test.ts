import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import {
	type FilePart,
	type FormShape,
	file,
} from "../../src/params/form/form.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";
import {
	formType,
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
	const { parts } = await sendForm(upload, [
		{ name: "caption", value: "" },
		{
			name: "image",
			value: "",
			filename: "",
			type: "application/octet-stream",
		},
	]);
	assert.deepEqual(parts, [
		{ name: "caption", value: "" },
		{
			name: "image",
			value: "",
			filename: "",
			type: "application/octet-stream",
		},
	]);
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
