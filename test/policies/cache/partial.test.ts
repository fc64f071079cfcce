import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	headersOf206,
	partialContent,
} from "../../../src/policies/cache/http/partial.ts";
import { control, dateAt } from "./answers.ts";

const body = Buffer.from("0123456789");

suite("one part, RFC 9110 section 15.3.7.1", () => {
	test("is that stretch of the stored bytes, not a copy, with its Content-Range", () => {
		const part = partialContent([{ start: 2, end: 5 }], body, [], "b");
		assert.deepEqual(part.headers, ["content-range", "bytes 2-4/10"]);
		assert.equal(Buffer.concat(part.pieces).toString(), "234");
		assert.equal(part.length, 3);
		assert.equal(part.pieces[0]?.buffer, body.buffer);
	});
});

suite("several parts, RFC 9110 section 14.6", () => {
	const ranges = [
		{ start: 0, end: 2 },
		{ start: 8, end: 10 },
	];

	test("are each announced by Content-Type and Content-Range, and closed by the boundary", () => {
		const parts = partialContent(
			ranges,
			body,
			["Content-Type", "text/plain"],
			"b0",
		);
		assert.deepEqual(parts.headers, [
			"content-type",
			"multipart/byteranges; boundary=b0",
		]);
		assert.equal(
			Buffer.concat(parts.pieces).toString(),
			[
				"",
				"--b0",
				"Content-Type: text/plain",
				"Content-Range: bytes 0-1/10",
				"",
				"01",
				"--b0",
				"Content-Type: text/plain",
				"Content-Range: bytes 8-9/10",
				"",
				"89",
				"--b0--",
				"",
			].join("\r\n"),
		);
		assert.equal(parts.length, Buffer.concat(parts.pieces).length);
	});

	test("have no Content-Type where none is stored", () => {
		const parts = partialContent(ranges, body, [], "b0");
		assert.doesNotMatch(
			Buffer.concat(parts.pieces).toString(),
			/content-type/i,
		);
	});

	test("are read by a parser of multipart as what they are", async () => {
		const type = "application/octet-stream";
		const parts = partialContent(ranges, body, ["content-type", type], "b0");
		// A form's parser wants a name in each part; nothing else of the frame is touched.
		const form = Buffer.concat(parts.pieces)
			.toString()
			.replace(
				/Content-Range: bytes (\d+)-.*/g,
				'Content-Disposition: form-data; name="$1"; filename="f"',
			);
		const read = await new Response(form, {
			headers: { "content-type": "multipart/form-data; boundary=b0" },
		}).formData();
		const texts: string[] = [];
		for (const [name, file] of read) {
			assert.ok(file instanceof File && file.type === type);
			texts.push(`${name} ${await file.text()}`);
		}
		assert.deepEqual(texts, ["0 01", "8 89"]);
	});
});

suite("the headers of a 206, RFC 9110 section 15.3.7", () => {
	const must = [
		...control("max-age=9"),
		"Content-Location",
		"/a",
		"Date",
		dateAt(0),
		"ETag",
		'"v"',
		"Expires",
		dateAt(9),
		"Vary",
		"accept",
	];
	const describing = [
		"Last-Modified",
		dateAt(-9),
		"Content-Type",
		"a/b",
		"Content-Encoding",
		"gzip",
		"Content-Language",
		"en",
		"Repr-Digest",
		"x",
	];
	const stored = [...must, ...describing, "X-New", "1", "Content-Digest", "y"];

	test("are all of the 200's but the digest of its whole content", () => {
		assert.deepEqual(headersOf206(stored, [], 1), stored.slice(0, -2));
	});

	test("leave out what describes the representation when there is If-Range", () => {
		assert.deepEqual(headersOf206(stored, ["if-range", '"v"'], 1), [
			...must,
			"X-New",
			"1",
		]);
	});

	test("keep Last-Modified with If-Range where it is the only validator", () => {
		const own = [
			"Date",
			dateAt(0),
			"Last-Modified",
			dateAt(-99),
			"Content-Type",
			"a/b",
		];
		assert.deepEqual(
			headersOf206(own, ["if-range", dateAt(-99)], 1),
			own.slice(0, 4),
		);
	});

	test("leave Content-Type to the parts where there are several", () => {
		const names = headersOf206(stored, [], 2).filter((_, i) => i % 2 === 0);
		assert.equal(names.includes("Content-Type"), false);
		assert.equal(names.includes("Content-Encoding"), true);
	});
});
