import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Type } from "typebox";
import { z } from "zod";
import type { Problem } from "../../src/http/errors.ts";
import { file } from "../../src/params/form/form.ts";
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

test("every problem before a file is told in one 422, and the file does not go on", async () => {
	const { status, code, problems, parts } = await sendForm(
		{ ...upload, count: Type.Integer(), tags: Type.Array(Type.Integer()) },
		[
			{ name: "count", value: "x" },
			{ name: "zzz", value: "" },
			image,
			{ name: "tags", value: "1" },
			{ name: "tags", value: "y" },
			{ name: "image", value: "again", filename: "a" },
		],
		{ strict: true },
	);
	assert.equal(status, 422);
	assert.equal(code, "ERR_VALIDATION");
	assert.equal(parts, null);
	assert.deepEqual(toTypes(problems).sort(), [
		"body caption missing",
		"body count type",
		"body image repeated",
		"body tags 1 type",
		"body zzz undeclared",
	]);
});

test("a bad item of a list keeps a file from going on; how many items there are is judged at the end", async () => {
	const shape = {
		tags: Type.Array(Type.Integer(), { minItems: 2 }),
		f: file(),
	};
	const form = compileForm(shape);
	const bad = form.readMultipart(
		toStream([
			toMultipart([
				{ name: "tags", value: "y" },
				{ name: "f", value: "", filename: "f" },
			]),
		]),
		formType,
	);
	await assert.rejects(bad.ready, { status: 422 });
	const { parts } = await sendForm(shape, [
		{ name: "tags", value: "1" },
		{ name: "f", value: "", filename: "f" },
		{ name: "tags", value: "2" },
	]);
	assert.equal(parts?.length, 3);
});

test("a problem after the file destroys what goes on, with the 422", async () => {
	for (const late of [
		[{ name: "count", value: "x" }],
		[],
		[
			{ name: "count", value: "1" },
			{ name: "count", value: "2" },
		],
		[{ name: "count", value: "1" }, image],
	]) {
		const form = compileForm({ count: Type.Integer(), image: file() });
		const body = toMultipart([image, ...late]);
		const multipart = form.readMultipart(toStream([body]), formType);
		await multipart.ready;
		const { body: sent } = multipart.forward(null);
		await assert.rejects(sent.resume().toArray(), { status: 422 });
		await assert.rejects(multipart.done, { code: "ERR_VALIDATION" });
		assert.equal(sent.readableEnded, false);
	}
});

test("a problem after the file is told at once, not at the form's end", async () => {
	const shape = { count: Type.Optional(Type.Integer()), image: file() };
	for (const late of [
		{ name: "count", value: "x" },
		{ name: "zzz", value: "x" },
		{ name: "zzz", value: "x", filename: "f" },
	]) {
		const form = compileForm(shape, { strict: true });
		const source = new PassThrough();
		source.write(toMultipart([image, late, image]).subarray(0, -20));
		const multipart = form.readMultipart(source, formType);
		await multipart.ready;
		multipart.forward(null).body.resume();
		await assert.rejects(multipart.done, { status: 422 });
		assert.equal(source.readableEnded, false);
		source.destroy();
	}
});

test("a file that was dropped for a problem stays a refusal, whatever comes after", async () => {
	const two = z
		.array(z.string())
		.refine((list) => list.length > 1, { path: [0] });
	const tag = { name: "tags", value: "x" };
	const { status, problems } = await sendForm({ tags: two, image: file() }, [
		tag,
		image,
		tag,
	]);
	assert.equal(status, 422);
	assert.deepEqual(toTypes(problems), ["body tags 0 schema"]);
});

test("text for a file, and a file for text, are problems", async () => {
	const { problems } = await sendForm(upload, [
		{ name: "image", value: "text" },
		{ name: "caption", value: "bytes", filename: "f" },
	]);
	assert.deepEqual(toTypes(problems), ["body image type", "body caption type"]);
});

test("a content type that the file does not take is a problem", async () => {
	const pictures = { f: file({ contentTypes: ["image/*", "text/csv"] }) };
	const statusOf = async (type?: string): Promise<number> => {
		const part = { name: "f", value: "x", filename: "f" };
		const spec = type === undefined ? part : { ...part, type };
		return (await sendForm(pictures, [spec])).status;
	};
	assert.equal(await statusOf("image/png"), 200);
	assert.equal(await statusOf("Image/SVG+xml; charset=utf-8"), 200);
	assert.equal(await statusOf("text/csv"), 200);
	assert.equal(await statusOf("text/html"), 422);
	assert.equal(await statusOf("imagex/png"), 422);
	assert.equal(await statusOf(), 422);
});

test("in shadow problems are reported once and everything goes on as it came", async () => {
	const reports: (readonly Problem[])[] = [];
	const form = compileForm(
		{ ...upload, count: Type.Integer(), gone: Type.String() },
		{ mode: "shadow" },
	);
	const parts = [
		{ name: "count", value: "x" },
		{ name: "image", value: "text" },
		{ name: "image", value: "1", filename: "f", type: "a/b" },
		{ name: "caption", value: "1", filename: "f", type: "a/b" },
		{ name: "count", value: "2" },
		{ name: "count", value: "3" },
	];
	const outcome = await readForm(form, toStream([toMultipart(parts)]), {
		report: (problems) => reports.push(problems),
	});
	assert.deepEqual(outcome.parts, parts);
	assert.equal(reports.length, 1);
	assert.deepEqual(toTypes(reports[0] ?? []).sort(), [
		"body caption type",
		"body count repeated",
		"body count type",
		"body gone missing",
		"body image repeated",
		"body image type",
	]);
});

test("without checks values stay text, and only declared names go on", async () => {
	const { values, parts } = await sendForm(
		{
			a: Type.Integer(),
			b: Type.Integer(),
			f: file({ contentTypes: ["x/y"] }),
		},
		[
			{ name: "a", value: "07" },
			{ name: "z", value: "1" },
			{ name: "f", value: "1", filename: "f", type: "a/b" },
			{ name: "a", value: "8" },
		],
		{ mode: "off", strict: true },
	);
	assert.deepEqual(values.a, ["07", "8"]);
	assert.deepEqual(
		parts?.map(({ name, value }) => [name, value]),
		[
			["a", "07"],
			["f", "1"],
			["a", "8"],
		],
	);
});

test("a field that the upstream call stands on must come before the first file", async () => {
	const shape = {
		token: Type.String(),
		role: Type.String({ default: "none" }),
		f: file(),
	};
	const options = { first: new Set(["token", "role"]) };
	const f = { name: "f", value: "", filename: "f" };
	const token = { name: "token", value: "t" };
	const role = { name: "role", value: "admin" };
	const good = await sendForm(shape, [token, f], options);
	assert.deepEqual([good.status, good.values.role], [200, "none"]);
	const missing = await sendForm(shape, [f], options);
	assert.deepEqual(toTypes(missing.problems), ["body token missing"]);
	const late = await sendForm(shape, [f, token], options);
	assert.deepEqual(toTypes(late.problems), ["body token order"]);
	const overruled = await sendForm(shape, [token, f, role], options);
	assert.deepEqual(toTypes(overruled.problems), ["body role order"]);
});
