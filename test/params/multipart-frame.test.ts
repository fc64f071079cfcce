import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Type } from "typebox";
import { file } from "../../src/params/form/form.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";
import { within } from "../helpers/byte-reader.ts";
import {
	chop,
	createRandom,
	type FormOutcome,
	readForm,
	toMultipart,
	toStream,
} from "../helpers/multipart.ts";

const shape = {
	a: Type.Optional(Type.Array(Type.String())),
	f: file({ optional: true, multiple: true }),
};
const form = compileForm(shape);

function read(body: string | Buffer): Promise<FormOutcome> {
	return readForm(form, toStream([Buffer.from(body as string, "latin1")]));
}

/** A form with one part, whose head is given. */
function part(head: string, value = "v"): string {
	return `--B\r\n${head}\r\n\r\n${value}\r\n--B--\r\n`;
}

const disposition = 'Content-Disposition: form-data; name="a"';

const wholeForm = toMultipart([
	{ name: "a", value: "äö\r\n--\r\n-" },
	{ name: "drop", value: "\r\n--" },
	{ name: "f", value: "\r\n--A\r\n\r\n--", filename: "ü.txt", type: "a/b" },
	{ name: "a", value: "" },
	{ name: "f", value: "", filename: "e", type: "a/b" },
]);

test("a form reads the same cut at each of its bytes", async () => {
	const whole = await read(wholeForm);
	assert.equal(whole.parts?.length, 4);
	for (let at = 1; at < wholeForm.length; at++) {
		const chunks = [wholeForm.subarray(0, at), wholeForm.subarray(at)];
		assert.deepEqual(await readForm(form, toStream(chunks)), whole);
	}
	const single = Array.from(wholeForm, (byte) => Buffer.of(byte));
	assert.deepEqual(await readForm(form, toStream(single)), whole);
});

test("a form reads the same in any chunks", async () => {
	const random = createRandom(7);
	const parts = Array.from({ length: 40 }, (_, i) => {
		const value = Buffer.from(
			Array.from(
				{ length: Math.floor(random() * 300) },
				() => "\r\n-BC"[Math.floor(random() * 5)],
			).join(""),
		);
		const name = i % 5 === 0 ? "f" : "a";
		return i % 5 === 0
			? { name, value, filename: `f${i}`, type: "a/b" }
			: { name, value };
	}).filter(({ value }) => !`\r\n${value}`.includes("\r\n--B"));
	const bytes = toMultipart(parts);
	const whole = await read(bytes);
	assert.deepEqual(
		whole.parts,
		parts.map((spec) => ({ ...spec, value: spec.value.toString() })),
	);
	for (let round = 0; round < 100; round++) {
		const outcome = await readForm(form, toStream(chop(bytes, random)));
		assert.deepEqual(outcome, whole);
	}
});

test("a form that ends before its closing delimiter is a 400, wherever it ends", async () => {
	const end = wholeForm.length - "\r\n".length;
	for (let length = 0; length < end; length++) {
		const outcome = await read(wholeForm.subarray(0, length));
		assert.equal(outcome.code, "ERR_BAD_BODY", `at ${length}`);
		assert.equal(outcome.parts, null);
	}
	assert.equal((await read(wholeForm.subarray(0, end))).status, 200);
});

test("a client that leaves is a 400, wherever it leaves", async () => {
	for (let length = 0; length <= wholeForm.length; length += 3) {
		const source = new PassThrough();
		source.write(wholeForm.subarray(0, length));
		const reading = readForm(form, source);
		setImmediate(() => source.destroy());
		const outcome = await within(reading, 2_000, "reading");
		assert.equal(outcome.code, "ERR_BAD_BODY", `at ${length}`);
	}
});

test("what comes before the first delimiter and after the last is dropped", async () => {
	const body = part(disposition);
	const plain = await read(body);
	for (const framed of [
		`preamble\r\n${body}`,
		`\r\n${body}`,
		`${body}epilogue`,
		`${body}--B\r\n${disposition}\r\n\r\nsecond\r\n--B--\r\n`,
		`${body}--B\r\nbroken`,
		body.slice(0, -2),
		`${body.slice(0, -2)} \t`,
	]) {
		assert.deepEqual(await read(framed), plain);
	}
	assert.deepEqual(plain.parts, [{ name: "a", value: "v" }]);
});

test("spaces may stand after a delimiter", async () => {
	const { parts } = await read(part(disposition).replace("--B\r", "--B \t\r"));
	assert.deepEqual(parts, [{ name: "a", value: "v" }]);
});

test("lines that only look like the delimiter are content", async () => {
	for (const content of [
		"--B",
		"x--B--",
		"\n--B\n",
		"\r--B\r",
		"\r\n-B",
		"\r\n--",
		"\r\n--b--",
		"\r\n --B",
		"\r\n\r\n",
		"\r",
		"\r\n",
		"-".repeat(500),
		"\r\n--\r\n--\r\n--",
	]) {
		const value = `x${content}`;
		for (const spec of [
			{ name: "a", value },
			{ name: "f", value, filename: "f", type: "a/b" },
		]) {
			const { parts } = await read(toMultipart([spec]));
			assert.deepEqual(parts, [spec]);
		}
	}
});

test("lines that begin like the delimiter and go on are a 400: one parser ends the part there, another does not", async () => {
	for (const content of [
		"\r\n--Bx",
		"\r\n--B-x",
		"\r\n--B--x",
		"\r\n--B\n",
		"\r\n--B\rx",
		"\r\n--B \tx",
		"\r\n--B",
		"\r\n--B--\n",
		`\r\n--Bxy${disposition}\r\n\r\nsmuggled`,
		`\r\n--B\rx${disposition}\r\n\r\nsmuggled`,
		`\r\n--Bx\n${disposition}\r\n\r\nsmuggled`,
	]) {
		for (const filename of ["", '; filename="f"']) {
			const body = part(`${disposition}${filename}`, `x${content}`);
			const outcome = await read(body);
			assert.equal(outcome.code, "ERR_BAD_BODY", JSON.stringify(content));
		}
	}
});

test("a part may end with its head; a form that goes on as received must not have one", async () => {
	const bodiless = `--B\r\n${disposition}\r\n\r\n--B--\r\n`;
	assert.deepEqual((await read(bodiless)).parts, [{ name: "a", value: "" }]);
	const held = compileForm(shape, { goesOnAsReceived: true });
	const outcome = await readForm(held, toStream([Buffer.from(bodiless)]));
	assert.equal(outcome.code, "ERR_BAD_BODY");
});

test("lines that end without a carriage return are a 400", async () => {
	const body = part(disposition);
	assert.equal((await read(body.replaceAll("\r", ""))).code, "ERR_BAD_BODY");
	const head = part(`${disposition}\nContent-Type: text/plain`);
	assert.equal((await read(head)).code, "ERR_BAD_BODY");
	const first = body.replace("--B\r\n", "--B\n");
	assert.equal((await read(first)).code, "ERR_BAD_BODY");
});

test("a content type that frames no form is refused at once", () => {
	const refuse = (contentType: string): unknown => {
		try {
			form.readMultipart(toStream([]), contentType);
			return null;
		} catch (error) {
			return (error as { code: unknown }).code;
		}
	};
	assert.equal(refuse("text/plain"), "ERR_MEDIA_TYPE");
	assert.equal(refuse("multipart/mixed; boundary=B"), "ERR_MEDIA_TYPE");
	for (const parameters of [
		"",
		"; boundary",
		"; boundary=",
		'; boundary=""',
		"; boundary=a; boundary=b",
		'; boundary="a\\"b"',
		'; boundary="a "',
		"; boundary=\u00e4",
		`; boundary=${"b".repeat(71)}`,
	]) {
		assert.equal(refuse(`multipart/form-data${parameters}`), "ERR_BAD_BODY");
	}
});

test("the boundary may have every character that a boundary may have", async () => {
	const boundary = "-'()+_,-./:=? 0aZ".padEnd(70, "=");
	const body = part(disposition).replaceAll("--B", `--${boundary}`);
	const { parts } = await readForm(form, toStream([Buffer.from(body)]), {
		contentType: `Multipart/Form-Data ; charset=utf-8; BOUNDARY="${boundary}"`,
	});
	assert.deepEqual(parts, [{ name: "a", value: "v" }]);
});
