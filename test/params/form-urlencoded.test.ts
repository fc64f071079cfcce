import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { z } from "zod";
import { HttpError, type Problem } from "../../src/http/errors.ts";
import { type FormShape, file } from "../../src/params/form/form.ts";
import type { FormOptions } from "../../src/params/form/form-plan.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";

interface Read {
	readonly values: Readonly<Record<string, unknown>>;
	readonly problems: readonly Problem[];
	readonly sent: string;
}

async function read(
	shape: FormShape,
	body: string | Buffer,
	options: FormOptions = {},
	extra: Readonly<Record<string, unknown>> | null = null,
): Promise<Read> {
	const form = compileForm(shape, options);
	const problems: Problem[] = [];
	const values = await form.readUrlencoded(Buffer.from(body), problems);
	assert.equal(Object.getPrototypeOf(values), null);
	const sent = form.toUrlencoded(values, extra);
	return { values: { ...values }, problems, sent };
}

function statusOf(run: () => unknown): number {
	try {
		run();
	} catch (error) {
		assert.ok(error instanceof HttpError);
		return error.status;
	}
	return 200;
}

const person = {
	name: Type.String(),
	age: Type.Optional(Type.Integer()),
	tags: Type.Optional(Type.Array(Type.Integer())),
	admin: Type.Boolean({ default: false }),
};

test("declared fields are converted, in the order they came, and go on as checked", async () => {
	const { values, problems, sent } = await read(
		person,
		"tags=1&age=007&other=x&name=J%C3%B6rg+%26+S%C3%B6hne&tags=2&admin=on",
	);
	assert.deepEqual(problems, []);
	assert.deepEqual(values, {
		tags: [1, 2],
		age: 7,
		name: "Jörg & Söhne",
		admin: true,
	});
	assert.deepEqual(Object.keys(values), ["tags", "age", "name", "admin"]);
	assert.equal(
		sent,
		"tags=1&tags=2&age=7&name=J%C3%B6rg%20%26%20S%C3%B6hne&admin=true",
	);
});

test("an empty text is a value and an absent field has its default", async () => {
	const { values, sent } = await read(person, "name=");
	assert.deepEqual(values, { name: "", admin: false });
	assert.equal(sent, "name=&admin=false");
});

test("every problem of a form is told", async () => {
	const { problems } = await read(
		{ ...person, photo: file(), paper: file({ optional: true }) },
		"age=x&tags=1&tags=y&admin=true&admin=false&zzz=1&paper=text",
		{ strict: true },
	);
	assert.deepEqual(
		problems.map(({ loc, type }) => [...loc, type].join(" ")).sort(),
		[
			"body admin repeated",
			"body age type",
			"body name missing",
			"body paper type",
			"body photo missing",
			"body tags 1 type",
			"body zzz undeclared",
		],
	);
});

test("undeclared fields are dropped where the form is not strict", async () => {
	const { problems, sent } = await read({ a: Type.String() }, "b=1&a=2&c");
	assert.deepEqual(problems, []);
	assert.equal(sent, "a=2");
});

test("in shadow what is refused goes on as it came", async () => {
	const { problems, sent } = await read(
		{ a: Type.Integer(), b: Type.Integer(), c: Type.String() },
		"a=x&b=1&b=2",
		{ mode: "shadow" },
	);
	assert.deepEqual(
		problems.map(({ type }) => type),
		["type", "repeated", "missing"],
	);
	assert.equal(sent, "a=x&b=1&b=2");
});

test("without checks values stay text", async () => {
	const { values, problems, sent } = await read(
		{ a: Type.Integer(), b: Type.Integer(), c: Type.String(), f: file() },
		"a=07&b=1&b=2&z=3",
		{ mode: "off", strict: true },
	);
	assert.deepEqual(problems, []);
	assert.deepEqual(values, { a: "07", b: ["1", "2"] });
	assert.equal(sent, "a=07&b=1&b=2");
});

test("names out of an object's prototype are names like others", async () => {
	const shape = JSON.parse('{"__proto__":{"type":"string"}}') as FormShape;
	const { values, sent } = await read(
		shape,
		"__proto__=x&constructor=y&toString=z&__proto__.polluted=1&hasOwnProperty=1",
	);
	assert.deepEqual(Object.entries(values), [["__proto__", "x"]]);
	assert.equal(sent, "__proto__=x");
	assert.equal(({} as { polluted?: unknown }).polluted, undefined);
	const none = await read({ a: Type.Optional(Type.String()) }, "__proto__=x");
	assert.deepEqual(Object.keys(none.values), []);
});

test("what looks declared only through a prototype is missing", async () => {
	const { problems } = await read({ constructor: Type.String() }, "a=1");
	assert.deepEqual(
		problems.map(({ loc, type }) => [loc, type]),
		[[["body", "constructor"], "missing"]],
	);
});

test("more fields than the limit, or a field over its bytes, is a 413", () => {
	const form = compileForm(
		{ a: Type.Optional(Type.String()) },
		{ limits: { fields: 3, fieldBytes: 4 } },
	);
	const status = (body: string): number =>
		statusOf(() => form.readUrlencoded(Buffer.from(body), []));
	assert.equal(status("a=1&b=2&c=3"), 200);
	assert.equal(status("&a=1&&b=2&c=3&"), 200);
	assert.equal(status("a=1&b=2&c=3&d"), 413);
	assert.equal(status("a=1234"), 200);
	assert.equal(status("a=12345"), 413);
	assert.equal(status("a=%C3%A4%C3%A4x"), 413);
	assert.equal(status("zzz=12345"), 413);
	assert.equal(status("&a".repeat(500_000)), 413);
});

test("bytes that are not UTF-8 are a 400", () => {
	const form = compileForm({ a: Type.String() });
	const bytes = Buffer.from("a=\xff", "latin1");
	assert.equal(
		statusOf(() => form.readUrlencoded(bytes, [])),
		400,
	);
});

test("broken percent-encoding is text, and goes on as that text", async () => {
	const { values, sent } = await read({ a: Type.String() }, "a=%zz%f");
	assert.equal(values.a, "%zz%f");
	assert.equal(sent, "a=%25zz%25f");
});

test("added fields take the place of the client's", async () => {
	const shape = { a: Type.String(), user: Type.Optional(Type.String()) };
	const extra = { user: "me", n: [1, 2], gone: undefined };
	const { sent } = await read(shape, "user=root&a=1&user2=x", {}, extra);
	assert.equal(sent, "a=1&user=me&n=1&n=2");
});

test("fields that are not to go on stay here", async () => {
	const { values, sent } = await read(
		{ a: Type.String(), token: Type.String() },
		"token=t&a=1",
		{ unsent: new Set(["token"]) },
	);
	assert.deepEqual(values, { token: "t", a: "1" });
	assert.equal(sent, "a=1");
});

test("a list separated by commas goes on separated by commas", async () => {
	const ids = Type.Array(Type.Integer(), { style: "csv" });
	const { values, sent } = await read({ ids }, "ids=01,2&ids=3");
	assert.deepEqual(values, { ids: [1, 2, 3] });
	assert.equal(sent, "ids=1%2C2%2C3");
});

test("a lone surrogate out of a transform does not throw", async () => {
	const broken = z.string().transform(() => "\ud800");
	const { sent } = await read({ a: broken }, "a=1");
	assert.equal(sent, "a=%EF%BF%BD");
});

test("an asynchronous Standard Schema is waited for", async () => {
	const taken = z.string().refine(async (text) => text !== "taken", "Taken");
	const good = await read({ a: taken, b: Type.String() }, "a=free&b=1");
	assert.deepEqual(good.problems, []);
	assert.equal(good.sent, "a=free&b=1");
	const bad = await read({ a: taken }, "a=taken");
	assert.deepEqual(bad.problems, [
		{ loc: ["body", "a"], msg: "Taken", type: "schema" },
	]);
});

test("an empty body is a form without fields", async () => {
	const { problems } = await read({ a: Type.String() }, "");
	assert.deepEqual(problems, [
		{ loc: ["body", "a"], msg: "Field required", type: "missing" },
	]);
});

test("a name that only the client chose is cut in what is told of it", async () => {
	const name = "n".repeat(5_000);
	const { problems } = await read({}, `${name}=1`, { strict: true });
	assert.deepEqual(problems[0]?.loc, ["body", "n".repeat(100)]);
});
