import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type TestContext, test } from "node:test";
import { startMicroservice } from "../../examples/quickstart/microservice.ts";
import { createRandom, gatherBytes } from "../helpers/multipart.ts";

const megabyte = 1_000_000;
const head =
	'--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nx\r\n' +
	'--B\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n' +
	"Content-Type: application/octet-stream\r\n\r\n";
const end = "\r\n--B--\r\n";

/** What the service says of the file it got. */
interface Digest {
	readonly bytes: number;
	readonly sha256: string;
}

async function startGatewayProcess(t: TestContext): Promise<ChildProcess> {
	const service = await startMicroservice();
	t.after(() => service.close());
	const file = join(import.meta.dirname, "large-upload-gateway.ts");
	const child = fork(file, [service.url], { execArgv: ["--import", "tsx"] });
	t.after(() => void child.kill("SIGKILL"));
	return child;
}

/** Rejects when the process ends first: no message would come any more. */
async function nextMessage(child: ChildProcess): Promise<number> {
	const stop = new AbortController();
	const { signal } = stop;
	const ended = once(child, "exit", { signal }).then(([code]) => {
		throw new Error(`the gateway's process ended with ${code}`);
	});
	ended.catch(() => undefined);
	const message = once(child, "message", { signal });
	message.catch(() => undefined);
	try {
		const [value] = await Promise.race([message, ended]);
		return value as number;
	} finally {
		stop.abort();
	}
}

async function readPeakRss(child: ChildProcess): Promise<number> {
	child.send("peak");
	return nextMessage(child);
}

/** Uploads that many megabytes of noise; gives what was sent and what the service got. */
async function upload(
	port: number,
	megabytes: number,
): Promise<{ sent: Digest; got: Digest }> {
	const hash = createHash("sha256");
	const random = createRandom(megabytes);
	async function* body(): AsyncGenerator<Buffer> {
		yield Buffer.from(head);
		const block = Buffer.alloc(megabyte);
		for (let i = 0; i < block.length; i++) block[i] = random() * 256;
		for (let i = 0; i < megabytes; i++) {
			const piece = Buffer.from(block);
			piece.writeUInt32BE(i);
			hash.update(piece);
			yield piece;
		}
		yield Buffer.from(end);
	}
	const call = request({
		port,
		path: "/upload",
		method: "POST",
		headers: { "content-type": "multipart/form-data; boundary=B" },
	});
	const answer = once(call, "response");
	await pipeline(Readable.from(body()), call);
	const [response] = await answer;
	assert.equal(response.statusCode, 200);
	const got = JSON.parse((await gatherBytes(response)).toString()) as Digest;
	const bytes = megabytes * megabyte;
	return { sent: { bytes, sha256: hash.digest("hex") }, got };
}

test("a 300 MB upload adds less than 40 MB to the gateway, and arrives to the last bit", {
	timeout: 120_000,
}, async (t) => {
	const child = await startGatewayProcess(t);
	const port = await nextMessage(child);
	await upload(port, 1);
	const before = await readPeakRss(child);
	const { sent, got } = await upload(port, 300);
	const grown = (await readPeakRss(child)) - before;
	assert.deepEqual(got, sent);
	assert.ok(grown < 40 * megabyte, `grew by ${grown} bytes`);
	t.diagnostic(`grew by ${(grown / megabyte).toFixed(1)} MB`);
});
