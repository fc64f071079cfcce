import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import * as v from "valibot";
import { z } from "zod";
import { file } from "../../src/params/form/form.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";
import {
	formType,
	gatherBytes,
	parseMultipart,
	sendForm,
	toMultipart,
	toStream,
	toTypes,
} from "../helpers/multipart.ts";

test("added fields go first and take the place of the client's", async () => {
	const { parts } = await sendForm(
		{ user: Type.String(), f: file() },
		[
			{ name: "user", value: "root" },
			{ name: "f", value: "1", filename: "f", type: "a/b" },
		],
		{},
		{ user: "me", roles: ["a", "b"], none: undefined },
	);
	assert.deepEqual(parts, [
		{ name: "user", value: "me" },
		{ name: "roles", value: "a" },
		{ name: "roles", value: "b" },
		{ name: "f", value: "1", filename: "f", type: "a/b" },
	]);
	const late = await sendForm(
		{ user: Type.String(), f: file() },
		[
			{ name: "f", value: "1", filename: "f", type: "a/b" },
			{ name: "user", value: "root" },
		],
		{},
		{ user: "me" },
	);
	assert.deepEqual(
		late.parts?.map(({ name, value }) => [name, value]),
		[
			["user", "me"],
			["f", "1"],
		],
	);
});

test("fields that are not to go on stay here", async () => {
	const { values, parts } = await sendForm(
		{ a: Type.String(), token: Type.String(), d: Type.String({ default: "" }) },
		[
			{ name: "token", value: "t" },
			{ name: "a", value: "1" },
		],
		{ unsent: new Set(["token", "d"]) },
	);
	assert.equal(values.token, "t");
	assert.deepEqual(parts, [{ name: "a", value: "1" }]);
});

test("what a Standard Schema makes of a field is what goes on, asynchronously too", async () => {
	const { values, parts } = await sendForm(
		{
			name: z.string().trim(),
			tags: z.array(z.string().transform((text) => text.toUpperCase())),
			code: z.string().refine(async (text) => text !== "bad"),
			f: file(),
		},
		[
			{ name: "tags", value: "a" },
			{ name: "name", value: " x " },
			{ name: "code", value: "good" },
			{ name: "tags", value: "b" },
			{ name: "f", value: "", filename: "f", type: "a/b" },
		],
	);
	assert.deepEqual(values.tags, ["A", "B"]);
	assert.deepEqual(
		parts?.map(({ name, value }) => [name, value]),
		[
			["tags", "A"],
			["name", "x"],
			["code", "good"],
			["tags", "B"],
			["f", ""],
		],
	);
	const bad = await sendForm({ code: z.string().refine(async () => false) }, [
		{ name: "code", value: "x" },
	]);
	assert.deepEqual(toTypes(bad.problems), ["body code schema"]);
});

test("a field's own type is kept where it says more than text", async () => {
	const form = compileForm({ a: Type.String(), b: Type.String() });
	const body = toMultipart([
		{ name: "a", value: "{}", type: "application/json; charset=utf-8" },
		{ name: "b", value: "x", type: "text/plain; charset=utf-8" },
	]);
	const multipart = form.readMultipart(toStream([body]), formType);
	await multipart.ready;
	const sent = Buffer.concat(await multipart.forward(null).body.toArray());
	assert.match(
		sent.toString(),
		/name="a"\r\nContent-Type: application\/json\r\n\r\n\{\}/,
	);
	assert.match(sent.toString(), /name="b"\r\n\r\nx/);
});

test("what goes on waits until it is asked for, and keeps its order", async () => {
	const form = compileForm({ a: Type.String(), f: file(), z: Type.String() });
	const sent = [
		{ name: "a", value: "1" },
		{ name: "f", value: "2", filename: "f", type: "a/b" },
		{ name: "z", value: "3" },
	];
	const multipart = form.readMultipart(toStream([toMultipart(sent)]), formType);
	await multipart.ready;
	await new Promise((resolve) => setImmediate(resolve));
	assert.equal(multipart.values.z, undefined);
	const { body, contentType } = multipart.forward(null);
	const parts = await parseMultipart(await gatherBytes(body), contentType);
	assert.deepEqual(parts, sent);
});

test("an added field takes the place of a file of its name", async () => {
	const { parts } = await sendForm(
		{ f: file(), g: file() },
		[
			{ name: "f", value: "1", filename: "f", type: "a/b" },
			{ name: "g", value: "2", filename: "g", type: "a/b" },
		],
		{},
		{ f: "text" },
	);
	assert.deepEqual(parts, [
		{ name: "f", value: "text" },
		{ name: "g", value: "2", filename: "g", type: "a/b" },
	]);
});

test("a schema that does not tell its type is one value, or a list when it came more than once", async () => {
	const trimmed = v.pipe(v.string(), v.trim());
	const shape = { a: trimmed, b: v.array(trimmed), f: file() };
	const { values, parts } = await sendForm(shape, [
		{ name: "a", value: " 1 " },
		{ name: "b", value: " 2 " },
		{ name: "b", value: " 3 " },
		{ name: "f", value: "", filename: "f", type: "a/b" },
	]);
	assert.equal(values.a, "1");
	assert.deepEqual(values.b, ["2", "3"]);
	assert.deepEqual(
		parts?.map(({ value }) => value),
		["1", "2", "3", ""],
	);
});
