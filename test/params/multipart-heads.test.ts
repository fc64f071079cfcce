import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { file } from "../../src/params/form/form.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";
import {
	type FormOutcome,
	formType,
	readForm,
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

test("a part whose head can not be read is a 400", async () => {
	for (const head of [
		"",
		"Content-Type: text/plain",
		"Content-Disposition: attachment; name=a",
		"Content-Disposition: form-data",
		"Content-Disposition: form-data; name",
		"Content-Disposition: form-data; name=",
		'Content-Disposition: form-data; name=""',
		'Content-Disposition: form-data; name="a',
		'Content-Disposition: form-data; name="a"b"',
		'Content-Disposition: form-data; name="a" filename="f"',
		'Content-Disposition: form-data; name="a";',
		"Content-Disposition: form-data; filename=f",
		"Content-Disposition: form-data; name=a; filename*=nope",
		"Content-Disposition: form-data; name=a; filename*=x-odd''f%ff",
		`${disposition}\r\n${disposition}`,
		`${disposition}\r\n folded: yes`,
		`${disposition};\r\n filename=f`,
		`${disposition}\r\nno colon`,
		`${disposition}\r\n: no name`,
		`${disposition}\r\nbad name: x`,
		`${disposition}\r\nx: \0`,
		`${disposition}\r\nContent-Type: text`,
		`${disposition}\r\nContent-Type: text/plain\r\ncontent-type: text/html`,
		`${disposition}\r\n--B`,
		" leading: space",
	]) {
		const outcome = await read(part(head));
		assert.equal(outcome.code, "ERR_BAD_BODY", JSON.stringify(head));
	}
});

test("a charset or encoding that is not taken is a 415", async () => {
	for (const line of [
		"Content-Type: text/plain; charset=utf-16le",
		"Content-Type: text/plain; charset=base64",
		"Content-Type: text/plain; charset=utf-7",
		"Content-Type: text/plain; charset=shift_jis",
		"Content-Type: multipart/mixed; boundary=C",
		"Content-Transfer-Encoding: base64",
		"Content-Transfer-Encoding: quoted-printable",
		"Content-Transfer-Encoding: x",
	]) {
		const outcome = await read(part(`${disposition}\r\n${line}`));
		assert.equal(outcome.code, "ERR_MEDIA_TYPE", line);
	}
	const file = `${disposition}; filename=f\r\nContent-Type: multipart/mixed; boundary=C`;
	assert.equal((await read(part(file))).code, "ERR_MEDIA_TYPE");
});

test("fields are read in their charset, and bytes that are none of it are a 400", async () => {
	const textOf = async (type: string, bytes: string): Promise<unknown> => {
		const head =
			type === "" ? "" : `\r\nContent-Type: text/plain; charset=${type}`;
		const { parts, code } = await read(part(`${disposition}${head}`, bytes));
		return parts?.[0]?.value ?? code;
	};
	for (const utf8 of ["", "utf-8", "UTF-8", '"utf-8"', "us-ascii"]) {
		assert.equal(await textOf(utf8, "\xc3\xa4"), "ä");
		assert.equal(await textOf(utf8, "\xef\xbf\xbd"), "\ufffd");
		assert.equal(await textOf(utf8, "\xe4"), "ERR_BAD_BODY");
		assert.equal(await textOf(utf8, "\xf0\x9f\x98"), "ERR_BAD_BODY");
	}
	assert.equal(await textOf("iso-8859-1", "\xe4"), "ä");
});

test("a filename keeps its letters and loses its path and its power", async () => {
	const nameOf = async (parameter: string): Promise<string | undefined> => {
		const head = `Content-Disposition: form-data; name=f; ${parameter}`;
		const body = part(Buffer.from(head).toString("latin1"));
		const { parts } = await read(body);
		assert.equal(parts?.length, 1, parameter);
		assert.equal(parts[0]?.value, "v");
		return parts[0]?.filename;
	};
	assert.equal(await nameOf('filename="日本.txt"'), "日本.txt");
	assert.equal(await nameOf('filename="a b;c.txt"'), "a b;c.txt");
	assert.equal(await nameOf('filename="../../etc/passwd"'), "passwd");
	assert.equal(await nameOf('filename="C:\\\\dir\\\\x.txt"'), "x.txt");
	assert.equal(await nameOf('filename="C:\\dir\\x.txt"'), "x.txt");
	assert.equal(await nameOf('filename="a\\"b"'), "a%22b");
	assert.equal(await nameOf('filename="a%22b"'), "a%22b");
	assert.equal(
		await nameOf("filename*=utf-8''x%22%0D%0AX-Evil%3A%201%0D%0A%0D%0Ay"),
		"x%22%0D%0AX-Evil: 1%0D%0A%0D%0Ay",
	);
	assert.equal(await nameOf("filename*=utf-8''a%00b%7F%09"), "a%00b%7F%09");
	assert.equal(
		await nameOf(`filename="=?utf-8?B?w6Q=?="; filename*=utf-8''%C3%A4`),
		"ä",
	);
});

test("a file without a name is one to every parser, or a 400 where the form goes on as received", async () => {
	const head = "Content-Disposition: form-data; name=f";
	const unnamed = [
		`${head}; filename=""\r\nContent-Type: Application/Octet-Stream`,
		`${head}\r\nContent-Type: application/octet-stream; x=y`,
		`${head}; filename=".."\r\nContent-Type: application/octet-stream`,
	];
	for (const good of unnamed) {
		assert.equal((await read(part(good))).parts?.[0]?.filename, "", good);
	}
	const held = compileForm({ f: file() }, { goesOnAsReceived: true });
	for (const doubtful of [
		`${head}; filename=""`,
		`${head}; filename=""\r\nContent-Type: image/png`,
		`${head}; filename="a/.."\r\nContent-Type: image/png`,
	]) {
		const { parts } = await read(part(doubtful));
		assert.equal(parts?.[0]?.filename, "blob", doubtful);
		const body = toStream([Buffer.from(part(doubtful))]);
		assert.equal((await readForm(held, body)).code, "ERR_BAD_BODY", doubtful);
	}
});

test("quotes in a declared name can not break out of a head", async () => {
	const quoted = compileForm({ 'a"; filename="x': Type.String() });
	const body = part(
		'Content-Disposition: form-data; name="a\\"; filename=\\"x"',
	);
	const { parts } = await readForm(quoted, toStream([Buffer.from(body)]));
	assert.deepEqual(parts, [{ name: "a%22; filename=%22x", value: "v" }]);
});

test("the file's content type goes on as it was written", async () => {
	const multipart = form.readMultipart(
		toStream([
			Buffer.from(
				part(
					`Content-Disposition: form-data; name=f; filename=f\r\nContent-Type:  Text/CSV; charset="utf-16"; header=\xe4 `,
				),
				"latin1",
			),
		]),
		formType,
	);
	await multipart.ready;
	const bytes = Buffer.concat(await multipart.forward(null).body.toArray());
	assert.ok(
		bytes
			.toString("latin1")
			.includes(
				'\r\nContent-Type: Text/CSV; charset="utf-16"; header=\xe4\r\n',
			),
	);
});
