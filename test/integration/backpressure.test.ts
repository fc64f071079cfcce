import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { file, route, Type, type Upstream } from "../../src/index.ts";
import { head } from "../helpers/raw-http.ts";
import type { RawSocket } from "../helpers/raw-socket.ts";
import { request, startWireStage } from "./wire-stage.ts";

const mebibyte = 1_048_576;
const blocks = 64;
/** What the kernel's buffers of four sockets hold at most, and a little that is on its way. */
const heldBytes = 24 * mebibyte;

/** Blocks of which no two are alike. */
function block(i: number): Buffer {
	return Buffer.alloc(mebibyte, `block ${i} `);
}

function hashAll(): string {
	const hash = createHash("sha256");
	for (let i = 0; i < blocks; i++) hash.update(block(i));
	return hash.digest("hex");
}

/** Sends every block as fast as it goes, and counts what the socket has taken. */
class Flood {
	sentBytes = 0;
	readonly #wrap: (bytes: Buffer) => Buffer;

	constructor(wrap: (bytes: Buffer) => Buffer = (bytes) => bytes) {
		this.#wrap = wrap;
	}

	async run(socket: RawSocket): Promise<void> {
		for (let i = 0; i < blocks; i++) {
			if (!(await socket.send(this.#wrap(block(i))))) return;
			this.sentBytes += mebibyte;
		}
	}

	/** Waits until nothing more goes. */
	async settled(): Promise<number> {
		let last = -1;
		for (let calm = 0; calm < 5; await delay(50)) {
			calm = this.sentBytes === last ? calm + 1 : 0;
			last = this.sentBytes;
		}
		return last;
	}
}

function toChunk(bytes: Buffer): Buffer {
	return Buffer.concat([
		Buffer.from(`${bytes.length.toString(16)}\r\n`),
		bytes,
		Buffer.from("\r\n"),
	]);
}

const framings = [
	{
		name: "a length",
		line: `Content-Length: ${blocks * mebibyte}`,
		flood: () => new Flood(),
		end: "",
	},
	{
		name: "chunks",
		line: "Transfer-Encoding: chunked",
		flood: () => new Flood(toChunk),
		end: "0\r\n\r\n",
	},
] as const;

suite("a client that stops reading stops its upstream, and goes on where it was", () => {
	for (const { name, line, flood, end } of framings)
		test(`an answer with ${name}`, async (t) => {
			const stage = await startWireStage(t);
			const sending = flood();
			stage.upstream.script = async (_one, connection) => {
				await connection.send(head("HTTP/1.1 200 OK", line));
				await sending.run(connection);
				await connection.send(end);
			};
			const client = await stage.connect();
			client.pause();
			await client.send(request("GET /"));
			await stage.upstream.request();
			const stalled = await sending.settled();
			t.diagnostic(`stalled after ${stalled / mebibyte} MiB`);
			assert.ok(stalled < heldBytes, `${stalled} bytes were taken`);
			client.resume();
			const answer = await client.readResponse("GET", 20_000);
			assert.ok(answer.complete);
			assert.equal(
				createHash("sha256").update(answer.body).digest("hex"),
				hashAll(),
			);
		});
});

const uploads = [
	{ name: "a body", path: "/", lines: [], before: "", after: "" },
	{
		name: "a file of a form",
		path: "/form",
		lines: ["Content-Type: multipart/form-data; boundary=b"],
		before:
			'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n',
		after: "\r\n--b--\r\n",
	},
] as const;

suite("an upstream that stops reading stops the client, and goes on where it was", () => {
	for (const { name, path, lines, before, after } of uploads)
		test(name, async (t) => {
			const stage = await startWireStage(t, {
				routes: (target: Upstream) => [
					route.post("/form", {
						upstream: target,
						form: {
							f: file({ maxBytes: 100 * mebibyte }),
							a: Type.Optional(Type.String()),
						},
					}),
					route.all("/*", { upstream: target }),
				],
			});
			stage.upstream.onConnection = (connection) => connection.pause();
			const client = await stage.connect();
			const sending = new Flood();
			const length = before.length + blocks * mebibyte + after.length;
			void (async () => {
				await client.send(
					request(`POST ${path}`, ...lines, `Content-Length: ${length}`) +
						before,
				);
				await sending.run(client);
				await client.send(after);
			})();
			const stalled = await sending.settled();
			t.diagnostic(`stalled after ${stalled / mebibyte} MiB`);
			assert.ok(stalled < heldBytes, `${stalled} bytes were taken`);
			stage.upstream.connections[0]?.resume();
			assert.equal((await client.readResponse("POST", 20_000)).status, 200);
			const [one] = stage.upstream.requests;
			const body = one?.body ?? Buffer.alloc(0);
			const from = path === "/" ? 0 : body.indexOf("\r\n\r\n") + 4;
			const bytes = body.subarray(from, from + blocks * mebibyte);
			assert.equal(createHash("sha256").update(bytes).digest("hex"), hashAll());
		});
});

test("a client that reads slowly gets every byte, at its own pace", async (t) => {
	const stage = await startWireStage(t, {
		upstream: { timeout: { bodyMs: 300 } },
	});
	const sending = new Flood();
	stage.upstream.script = async (_one, connection) => {
		await connection.send(head("HTTP/1.1 200 OK", framings[0].line));
		await sending.run(connection);
	};
	const client = await stage.connect();
	client.pause();
	await client.send(request("GET /"));
	// Longer than the silence that an upstream is allowed: it is not the upstream's.
	await delay(1_000);
	const stop = client.readSlowly(2 * mebibyte, 5);
	const answer = await client.readResponse("GET", 20_000);
	stop();
	assert.equal(answer.body.length, blocks * mebibyte);
	assert.ok(answer.complete);
});
