import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, zstdCompressSync } from "node:zlib";
import { decodeZstd, decodeZstdSync } from "../../src/http/zstd-frames.ts";

const texts = [
	"",
	"x",
	"ab".repeat(100_000),
	Array.from({ length: 3_000 }, (_, i) => i * i).join(),
];
const settings = [
	{},
	{ [constants.ZSTD_c_checksumFlag]: 1 },
	{ [constants.ZSTD_c_contentSizeFlag]: 0 },
];

const skippable = Buffer.from("5a2a4d1803000000616263", "hex");
const x = zstdCompressSync(Buffer.from("x"));

function read(bytes: Buffer, maxBytes = 1_000_000): string {
	return decodeZstdSync(bytes, maxBytes).toString();
}

test("a frame is whole at its last byte and nowhere before", () => {
	for (const text of texts) {
		for (const params of settings) {
			const whole = zstdCompressSync(Buffer.from(text), { params });
			assert.equal(read(whole), text);
			for (let cut = 0; cut < whole.length; cut++) {
				assert.throws(() => read(whole.subarray(0, cut)), `at ${cut}`);
			}
		}
	}
});

test("several frames are one text, and none of them is dropped", async () => {
	const frames = texts.map((text) => zstdCompressSync(Buffer.from(text)));
	const bytes = Buffer.concat([skippable, ...frames, skippable]);
	assert.equal(read(bytes), texts.join(""));
	const later = await decodeZstd(bytes, 1_000_000);
	assert.equal(later.toString(), texts.join(""));
});

test("what is no frame is refused, in front of one and behind it", () => {
	const tail = Buffer.from("no such thing");
	for (const bytes of [
		tail,
		skippable.subarray(0, 10),
		Buffer.concat([x, tail]),
		Buffer.concat([x, x.subarray(0, 3)]),
	]) {
		assert.throws(() => read(bytes));
	}
});

test("the limit holds for all frames together", async () => {
	const code = "ERR_BUFFER_TOO_LARGE";
	for (const count of [1, 2, 10]) {
		const bytes = Buffer.concat(Array<Buffer>(count).fill(x));
		assert.equal(read(bytes, count), "x".repeat(count));
		assert.throws(() => read(bytes, count - 1), { code });
		await assert.rejects(decodeZstd(bytes, count - 1), { code });
	}
});

test("more frames than anybody needs are refused", () => {
	assert.equal(read(Buffer.concat(Array<Buffer>(256).fill(x))).length, 256);
	assert.throws(() => read(Buffer.concat(Array<Buffer>(257).fill(x))), {
		message: "too many zstd frames",
	});
});
