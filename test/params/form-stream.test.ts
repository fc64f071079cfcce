import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type TestContext, test } from "node:test";
import busboy from "busboy";
import { Type } from "typebox";
import type { HttpError } from "../../src/http/errors.ts";
import { file } from "../../src/params/form/form.ts";
import type { MultipartForm } from "../../src/params/form/form-multipart.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";
import { within } from "../helpers/byte-reader.ts";
import { formType, gatherBytes, toMultipart } from "../helpers/multipart.ts";

const mebibyte = 1_048_576;
const form = compileForm({
	caption: Type.String(),
	image: file({ maxBytes: 300 * mebibyte }),
});
const start =
	'--B\r\nContent-Disposition: form-data; name="caption"\r\n\r\nc\r\n--B\r\nContent-Disposition: form-data; name="image"; filename="i"\r\n\r\n';
/** With the first bytes of the file: its head is not known to be over before them. */
const begun = `${start}first`;
const end = "\r\n--B--\r\n";

/** Serves on a port of its own until the test is over. */
async function serve(
	t: TestContext,
	handle: (req: IncomingMessage) => Promise<string>,
): Promise<number> {
	const server = createServer((req, res) => {
		handle(req).then(
			(text) => res.end(text),
			(error: Error) => {
				res.writeHead((error as HttpError).status ?? 500);
				res.end(error.message);
			},
		);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		server.closeAllConnections();
		server.close();
	});
	return (server.address() as AddressInfo).port;
}

/** A gateway of this one form in front of a service at that port. */
async function serveForm(
	t: TestContext,
	upstream: number,
	onForm: (multipart: MultipartForm) => void = () => undefined,
): Promise<number> {
	return serve(t, async (req) => {
		const type = req.headers["content-type"] ?? "";
		const multipart = form.readMultipart(req, type);
		onForm(multipart);
		await multipart.ready;
		const { body, contentType } = multipart.forward(null);
		const call = request({
			port: upstream,
			method: "POST",
			headers: { "content-type": contentType },
		});
		const answer = once(call, "response") as Promise<[IncomingMessage]>;
		answer.catch(() => undefined);
		await pipeline(body, call);
		const [response] = await answer;
		return (await gatherBytes(response)).toString();
	});
}

function post(port: number): ReturnType<typeof request> {
	const headers = { "content-type": formType };
	return request({ port, method: "POST", headers });
}

/** The hash of the file in a form, read by busboy alone. */
async function hashFile(req: IncomingMessage): Promise<Hash> {
	const hash = createHash("sha256");
	const parser = busboy({ headers: req.headers });
	parser.on("file", (_name, stream) => {
		stream.on("data", (chunk: Buffer) => hash.update(chunk));
		stream.on("error", () => undefined);
	});
	await pipeline(req, parser);
	return hash;
}

/** Bytes without end that do not repeat soon, in chunks of 64 KiB. */
function* generate(bytes: number, hash: Hash): Generator<Buffer> {
	const block = Buffer.allocUnsafe(65_536);
	for (let i = 0; i < block.length; i++) block[i] = (i * 2_654_435_761) >>> 13;
	for (let sent = 0; sent < bytes; sent += block.length) {
		const chunk = Buffer.from(block);
		chunk.writeUInt32LE(sent, 0);
		chunk.write("\r\n--", chunk.length - 4, "latin1");
		hash.update(chunk);
		yield chunk;
	}
}

/** Sends a form with a file of that many bytes; the service's word for it and ours. */
async function upload(port: number, bytes: number): Promise<[string, string]> {
	const hash = createHash("sha256");
	const call = post(port);
	const answer = once(call, "response") as Promise<[IncomingMessage]>;
	const source = function* (): Generator<Buffer | string> {
		yield start;
		yield* generate(bytes, hash);
		yield end;
	};
	await pipeline(Readable.from(source()), call);
	const [response] = await answer;
	return [(await gatherBytes(response)).toString(), hash.digest("hex")];
}

test("200 MB stream through with the same hash and little memory", async (t) => {
	const service = await serve(t, async (req) =>
		(await hashFile(req)).digest("hex"),
	);
	const gateway = fork(
		new URL("../helpers/form-gateway.ts", import.meta.url),
		[String(service)],
		// V8 frees the chunks that sockets gave when its young generation is full. At its default
		// size that is 60 to 75 MiB of dead chunks for a plain pipe; small, it shows what is held.
		{ execArgv: ["--max-semi-space-size=1", "--import", "tsx"] },
	);
	t.after(() => gateway.kill());
	const hear = async (): Promise<number> => (await once(gateway, "message"))[0];
	const port = await hear();
	const peakAfter = async (bytes: number): Promise<number> => {
		const [received, sent] = await upload(port, bytes);
		assert.equal(received, sent);
		gateway.send("peak");
		return hear();
	};
	const before = await peakAfter(32 * mebibyte);
	const growth = ((await peakAfter(200 * mebibyte)) - before) / mebibyte;
	t.diagnostic(`RSS grew by ${growth.toFixed(1)} MiB`);
	assert.ok(growth < 24, `RSS grew by ${growth.toFixed(1)} MiB`);
});

test("an upstream that does not read stops the client", async () => {
	let produced = 0;
	const chunk = Buffer.alloc(16_384, "x");
	const source = new Readable({
		read: () => {
			produced += chunk.length;
			source.push(chunk);
		},
	});
	source.push(begun);
	const multipart = form.readMultipart(source, formType);
	await multipart.ready;
	const { body } = multipart.forward(null);
	await within(once(source, "pause"), 2_000, "a pause");
	for (let turn = 0; turn < 50; turn++) {
		await new Promise((resolve) => setImmediate(resolve));
	}
	assert.ok(produced < mebibyte, `${produced} bytes were read`);
	const stopped = produced;
	for (let turn = 0; turn < 50; turn++) {
		await new Promise((resolve) => setImmediate(resolve));
	}
	assert.equal(produced, stopped);
	for await (const _ of body) if (produced > 4 * mebibyte) break;
	assert.ok(produced > 4 * mebibyte);
	await assert.rejects(multipart.done, { code: "ERR_UPSTREAM_RESET" });
	assert.equal(source.isPaused(), true);
	source.destroy();
});

test("a file that nobody asked for yet stops the client", async () => {
	const source = new PassThrough();
	source.write(begun);
	const multipart = form.readMultipart(source, formType);
	await multipart.ready;
	const chunk = Buffer.alloc(16_384);
	let written = 0;
	while (source.write(chunk) && written < 64 * mebibyte) {
		written += chunk.length;
		await new Promise((resolve) => setImmediate(resolve));
	}
	assert.ok(written < mebibyte, `${written} bytes were taken`);
	source.destroy();
	await assert.rejects(multipart.done, { code: "ERR_BAD_BODY" });
});

test("a client that leaves ends the call to the upstream, wherever it leaves", async (t) => {
	const whole = `${start}${"x".repeat(200_000)}${end}`;
	for (const at of [10, 60, begun.length, 100_000, whole.length]) {
		const arrived = Promise.withResolvers<void>();
		const left = Promise.withResolvers<boolean>();
		const service = await serve(t, async (req) => {
			arrived.resolve();
			req.on("close", () => left.resolve(req.complete));
			return (await hashFile(req)).digest("hex");
		});
		const forms = Promise.withResolvers<MultipartForm>();
		const port = await serveForm(t, service, forms.resolve);
		const socket = connect(port, "127.0.0.1");
		socket.write(
			`POST / HTTP/1.1\r\nHost: h\r\nContent-Type: ${formType}\r\nContent-Length: ${whole.length + 1}\r\n\r\n`,
		);
		socket.write(whole.slice(0, at));
		const multipart = await forms.promise;
		const isForwarded = at >= begun.length;
		if (isForwarded) await within(arrived.promise, 2_000, "the call");
		socket.destroy();
		await assert.rejects(within(multipart.done, 2_000, "the end"), {
			code: "ERR_BAD_BODY",
		});
		if (!isForwarded) await assert.rejects(multipart.ready);
		else assert.equal(await within(left.promise, 2_000, "the abort"), false);
	}
});

test("a client that has left before its form is read is a 400", async () => {
	const source = new PassThrough();
	source.destroy();
	await once(source, "close");
	const multipart = form.readMultipart(source, formType);
	await assert.rejects(within(multipart.ready, 2_000, "the 400"), {
		status: 400,
	});
});

test("an upstream that lets go leaves the client's rest unread and nothing listening", async () => {
	const source = new PassThrough();
	source.write(begun);
	const multipart = form.readMultipart(source, formType);
	await multipart.ready;
	multipart.forward(null).body.destroy(new Error("socket hang up"));
	await assert.rejects(multipart.done, { code: "ERR_UPSTREAM_RESET" });
	for (const event of ["data", "end", "error", "close"]) {
		const own = new PassThrough().listenerCount(event);
		assert.equal(source.listenerCount(event), own, event);
	}
	assert.equal(source.destroyed, false);
	source.destroy();
});

test("a form that was read leaves nothing listening on the request", async () => {
	const source = new PassThrough();
	source.end(
		toMultipart([
			{ name: "caption", value: "c" },
			{ name: "image", value: "i", filename: "i" },
		]),
	);
	const multipart = form.readMultipart(source, formType);
	await multipart.ready;
	await gatherBytes(multipart.forward(null).body);
	await multipart.done;
	for (const event of ["data", "error", "close"]) {
		assert.equal(
			source.listenerCount(event),
			new PassThrough().listenerCount(event),
			event,
		);
	}
});

test("failures that nobody listens to are no unhandled rejections", async () => {
	const unhandled: unknown[] = [];
	const note = (reason: unknown): void => void unhandled.push(reason);
	process.on("unhandledRejection", note);
	for (const body of ["", "--B--", begun, `${start}${end}`, "--B\r\nx\r\n"]) {
		const source = new PassThrough();
		form.readMultipart(source, formType);
		source.end(body);
		source.destroy();
		await once(source, "close");
		await new Promise((resolve) => setImmediate(resolve));
	}
	process.off("unhandledRejection", note);
	assert.deepEqual(unhandled, []);
});
