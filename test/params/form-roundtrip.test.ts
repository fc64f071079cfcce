import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { file } from "../../src/params/form/form.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";
import {
	chop,
	createRandom,
	type PartSpec,
	readForm,
	toMultipart,
	toStream,
} from "../helpers/multipart.ts";

const names = ["a", "b", "ü", "a[]", "x.y", "__proto__", "constructor", "1"];
const letters = [..."abc äöü日😀 \"'<>&=;:%,\\/\r\n-B\0\t"];
const types = ["image/png", "text/csv", "application/x-b", "text/plain"];

type Random = () => number;

function pick<T>(random: Random, list: readonly T[]): T {
	return list[Math.floor(random() * list.length)] as T;
}

function toText(random: Random, maxLength: number): string {
	const length = Math.floor(random() ** 2 * maxLength);
	return Array.from({ length }, () => pick(random, letters)).join("");
}

/** Without what a sender has to encode, and without a path. */
function toFilename(random: Random): string {
	const text = toText(random, 20).replaceAll(/["\\/\r\n\0\t]/g, "");
	return /^(?:|\.|\.\.)$/.test(text) ? "x" : text;
}

function toPart(random: Random): PartSpec {
	const name = pick(random, [...names, "undeclared"]);
	if (random() < 0.6) return { name, value: toText(random, 300) };
	const length = Math.floor(random() ** 3 * 5_000);
	const value = Buffer.from(
		Array.from({ length }, () => Math.floor(random() * 256)),
	);
	const type = pick(random, types);
	return { name: `f-${name}`, value, filename: toFilename(random), type };
}

const shape = Object.fromEntries(
	names.flatMap((name) => [
		[name, Type.Optional(Type.Array(Type.String()))],
		[`f-${name}`, file({ optional: true, multiple: true })],
	]),
);
// As own properties: `__proto__` included.
const form = compileForm(
	Object.defineProperty({ ...shape }, "__proto__", {
		value: Type.Optional(Type.Array(Type.String())),
		enumerable: true,
	}),
	{ limits: { files: 100 } },
);

test("random forms come out as they went in, but for what is not declared", async () => {
	const random = createRandom(2026);
	for (let round = 0; round < 300; round++) {
		const sent = Array.from({ length: Math.floor(random() * 12) }, () =>
			toPart(random),
		).filter(({ value }) => !`\r\n${value}`.includes("\r\n--B"));
		const bytes = toMultipart(sent);
		const { status, parts } = await readForm(
			form,
			toStream(chop(bytes, random)),
		);
		assert.equal(status, 200);
		const declared = sent
			.filter(({ name }) => !name.endsWith("undeclared"))
			.map((part) => ({ ...part, value: toValue(part) }));
		assert.deepEqual(parts, declared);
	}
});

function toValue({ value }: PartSpec): string {
	return typeof value === "string" ? value : value.toString("latin1");
}

test("random bytes are an answer, never a hang or another error", async () => {
	const random = createRandom(1);
	const pieces = [
		"--B",
		"\r\n--B",
		"\r\n",
		"--",
		'Content-Disposition: form-data; name="a"',
		'Content-Disposition: form-data; name="f-a"; filename="x"',
		"Content-Type: text/plain",
		"\r\n\r\n",
		"x",
		"\0",
		"\n",
		" ",
		"\r",
	];
	const statuses = new Set<number>();
	for (let round = 0; round < 3_000; round++) {
		const length = Math.floor(random() * 14);
		const text = Array.from({ length }, () => pick(random, pieces)).join("");
		const end = random() < 0.5 ? "\r\n--B--\r\n" : "";
		const bytes = Buffer.from(`--B\r\n${text}${end}`);
		const chunks = random() < 0.5 ? [bytes] : chop(bytes, random);
		const { status } = await readForm(form, toStream(chunks));
		assert.ok(status === 200 || status === 400, `${status}`);
		statuses.add(status);
	}
	assert.deepEqual([...statuses].sort(), [200, 400]);
});
