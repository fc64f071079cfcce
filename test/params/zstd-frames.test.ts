import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, zstdCompressSync } from "node:zlib";
import { isWholeZstd } from "../../src/params/zstd-frames.ts";

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

test("a frame is whole at its last byte and nowhere before", () => {
	for (const text of texts) {
		for (const params of settings) {
			const whole = zstdCompressSync(Buffer.from(text), { params });
			assert.ok(isWholeZstd(whole));
			assert.ok(isWholeZstd(Buffer.concat([whole, whole])));
			for (let cut = 0; cut < whole.length; cut++) {
				assert.ok(!isWholeZstd(whole.subarray(0, cut)), `at ${cut}`);
			}
		}
	}
});

test("a skippable frame is passed over, and what is no frame is none", () => {
	const skippable = Buffer.from("5a2a4d1803000000616263", "hex");
	const whole = zstdCompressSync(Buffer.from("x"));
	assert.ok(isWholeZstd(Buffer.concat([skippable, whole])));
	assert.ok(!isWholeZstd(skippable.subarray(0, 10)));
	assert.ok(!isWholeZstd(Buffer.from("no such thing")));
	assert.ok(!isWholeZstd(Buffer.concat([whole, Buffer.from("tail")])));
});
