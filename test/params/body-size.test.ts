import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import {
	brotliCompressSync,
	deflateSync,
	gzipSync,
	zstdCompressSync,
} from "node:zlib";
import { route, Type } from "../../src/index.ts";
import { connectRaw } from "../helpers/raw-client.ts";
import { chunked } from "../helpers/raw-http.ts";
import { startRecordingFront } from "../helpers/recording-front.ts";

const Text = Type.Object({ text: Type.String() });
const front = await startRecordingFront({ after }, (upstream) => {
	const api = route.with({ upstream });
	return [
		api.post("/text", { body: Text }),
		api.post("/small", { body: Text, maxBodyBytes: 32 }),
		api.post("/plain", { body: Text, decodeBody: false }),
		api.post("/original", { body: Text, bodyMode: "original" }),
		api.post("/form", { form: { text: Type.String() } }),
		api.post("/small-form", {
			form: { text: Type.String() },
			maxBodyBytes: 32,
		}),
	];
});

const json = "Content-Type: application/json";
const form = "Content-Type: application/x-www-form-urlencoded";
const mebibyte = 1_048_576;

function textOf(bytes: number): string {
	return JSON.stringify({ text: "x".repeat(bytes - '{"text":""}'.length) });
}

function chunkedPost(target: string, body: string): string {
	return `POST ${target} HTTP/1.1\r\nHost: g\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(body)}`;
}

suite("the size of a declared body", () => {
	test("up to the limit it goes on, with a length and in chunks", async () => {
		for (const [target, bytes] of [
			["/small", 32],
			["/text", mebibyte],
		] as const) {
			const stated = await front.ask(`POST ${target}`, [json], textOf(bytes));
			assert.equal(stated.status, 200);
			assert.equal(stated.sent?.length, bytes);
			const streamed = await front.askRaw(chunkedPost(target, textOf(bytes)));
			assert.equal(streamed.status, 200);
			assert.equal(streamed.sent?.length, bytes);
		}
	});

	test("a byte more is a 413, with a length and in chunks", async () => {
		for (const [target, bytes] of [
			["/small", 33],
			["/text", mebibyte + 1],
		] as const) {
			const stated = await front.ask(`POST ${target}`, [json], textOf(bytes));
			assert.equal(stated.status, 413);
			assert.equal(stated.code, "ERR_BODY_TOO_LARGE");
			assert.equal(stated.request, null);
			const streamed = await front.askRaw(chunkedPost(target, textOf(bytes)));
			assert.equal(streamed.status, 413);
			assert.equal(streamed.request, null);
		}
	});

	test("a stated length over the limit is refused before a byte of it is sent", async () => {
		for (const [target, type] of [
			["/text", json],
			["/small-form", form],
		]) {
			await using client = await connectRaw({ port: front.port });
			const answer = await client.exchange(
				`POST ${target} HTTP/1.1\r\nHost: g\r\n${type}\r\nContent-Length: ${mebibyte + 1}\r\nExpect: 100-continue\r\n\r\n`,
			);
			assert.equal(answer.status, 413);
			assert.deepEqual(answer.informational, []);
			assert.equal(answer.header("connection"), "close");
		}
	});

	test("chunks without an end are refused at the limit, not at their end", async () => {
		await using client = await connectRaw({ port: front.port });
		await client.send(
			`POST /text HTTP/1.1\r\nHost: g\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n`,
		);
		const chunk = `${(65_536).toString(16)}\r\n${"x".repeat(65_536)}\r\n`;
		for (let sent = 0; sent <= mebibyte; sent += 65_536)
			await client.send(chunk);
		const answer = await client.readResponse();
		assert.equal(answer.status, 413);
	});
});

const codings: readonly [string, (bytes: Buffer) => Buffer][] = [
	["gzip", gzipSync],
	["x-gzip", gzipSync],
	["deflate", deflateSync],
	["br", brotliCompressSync],
	["zstd", zstdCompressSync],
];

suite("a content-encoded declared body", () => {
	// node 22 by itself drops all but the first frame.
	test("zstd in several frames goes on with all of them", async () => {
		const text = textOf(5_000);
		const halves = [text.slice(0, 2_000), text.slice(2_000)];
		const body = Buffer.concat(
			halves.map((half) => zstdCompressSync(Buffer.from(half))),
		);
		const coding = "Content-Encoding: zstd";
		const asked = await front.ask("POST /text", [json, coding], body);
		assert.equal(asked.status, 200);
		assert.equal(asked.sent, text);
	});

	for (const [name, encode] of codings) {
		const coding = `Content-Encoding: ${name}`;

		test(`${name} is decoded, and goes on without it`, async () => {
			const body = encode(Buffer.from(textOf(5_000)));
			for (const target of ["/text", "/original"]) {
				const asked = await front.ask(`POST ${target}`, [json, coding], body);
				assert.equal(asked.status, 200);
				assert.equal(asked.sent, textOf(5_000));
				assert.equal(asked.request?.header("content-encoding"), undefined);
				assert.equal(asked.request?.header("content-length"), "5000");
			}
		});

		test(`${name} is a 415 where the route does not decode`, async () => {
			const body = encode(Buffer.from(textOf(100)));
			const asked = await front.ask("POST /plain", [json, coding], body);
			assert.equal(asked.status, 415);
			assert.equal(asked.request, null);
		});

		test(`${name} cut short or broken is a 400`, async () => {
			const whole = encode(Buffer.from(textOf(5_000)));
			const broken = [
				whole.subarray(0, whole.length - 3),
				whole.subarray(0, 2),
				Buffer.from("no such thing"),
				Buffer.from(textOf(100)),
			];
			for (const body of broken) {
				const asked = await front.ask("POST /text", [json, coding], body);
				assert.equal(asked.status, 400);
				assert.equal(asked.request, null);
			}
		});

		test(`${name} of a text over the limit is a 413, however small it came`, async () => {
			const fits = encode(Buffer.from(textOf(mebibyte)));
			const bomb = encode(Buffer.from(textOf(mebibyte + 1)));
			const large = encode(Buffer.alloc(20 * mebibyte));
			assert.ok(bomb.length < 5_000 && large.length < 300_000);
			const asks = [fits, bomb, large].map(async (body) => {
				const client = await connectRaw({ port: front.port });
				const answer = await client.exchange(
					Buffer.concat([
						Buffer.from(
							`POST /text HTTP/1.1\r\nHost: g\r\n${json}\r\n${coding}\r\nContent-Length: ${body.length}\r\n\r\n`,
						),
						body,
					]),
				);
				await client.close();
				return answer.status;
			});
			assert.deepEqual(await Promise.all(asks), [200, 413, 413]);
		});

		test(`${name} of nothing is an empty body`, async () => {
			const body = encode(Buffer.alloc(0));
			const asked = await front.ask("POST /text", [json, coding], body);
			assert.equal(asked.status, 422);
			assert.equal(asked.problems[0]?.type, "missing");
		});

		test(`${name} of an urlencoded form is decoded too`, async () => {
			const body = encode(Buffer.from("text=a+b&other=1"));
			const asked = await front.ask("POST /form", [form, coding], body);
			assert.equal(asked.status, 200);
			assert.equal(asked.sent, "text=a%20b");
			assert.equal(asked.request?.header("content-encoding"), undefined);
		});
	}

	test("the coding's name is taken in any case, identity is none", async () => {
		const body = gzipSync(textOf(50));
		const upper = ["Content-Encoding:  GZip ", json];
		assert.equal((await front.ask("POST /text", upper, body)).status, 200);
		const none = ["Content-Encoding: identity", json];
		assert.equal(
			(await front.ask("POST /plain", none, textOf(50))).status,
			200,
		);
	});

	test("what is not known, or more than one, is a 415 and no 100 comes first", async () => {
		for (const name of [
			"compress",
			"gzip, gzip",
			"gzip, br",
			"aes128gcm",
			"x",
		]) {
			for (const [target, type] of [
				["/text", json],
				["/form", form],
				["/form", "Content-Type: multipart/form-data; boundary=B"],
			]) {
				await using client = await connectRaw({ port: front.port });
				const answer = await client.exchange(
					`POST ${target} HTTP/1.1\r\nHost: g\r\n${type}\r\nContent-Encoding: ${name}\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n`,
				);
				assert.equal(answer.status, 415, `${name} ${type}`);
				assert.deepEqual(answer.informational, []);
			}
		}
	});

	test("a multipart form is not decoded: a 415", async () => {
		const type = "Content-Type: multipart/form-data; boundary=B";
		const body = gzipSync(
			'--B\r\nContent-Disposition: form-data; name="text"\r\n\r\nx\r\n--B--\r\n',
		);
		const asked = await front.ask(
			"POST /form",
			[type, "Content-Encoding: gzip"],
			body,
		);
		assert.equal(asked.status, 415);
		assert.equal(asked.request, null);
	});
});
