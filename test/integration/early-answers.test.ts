import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { suite, test } from "node:test";
import {
	dependency,
	HttpError,
	type Route,
	route,
	Type,
	type Upstream,
} from "../../src/index.ts";
import type { RawClient } from "../helpers/raw-client.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

const mebibyte = 1_048_576;
const uploadBytes = 100 * mebibyte;
/** What is read beyond the answer (src/connection/closing.ts), and what the kernel takes for two sockets. */
const mostBytes = 16 * mebibyte;
const json = "Content-Type: application/json";

interface Row {
	readonly why: string;
	readonly path: string;
	readonly lines: readonly string[];
	readonly status: number;
	/** The framings with which the upstream is called at all. Default none. */
	readonly calls?: readonly string[];
}

const rows: readonly Row[] = [
	{ why: "no route", path: "/nowhere", lines: [], status: 404 },
	{ why: "no identity", path: "/private", lines: [], status: 401 },
	{ why: "a bad parameter", path: "/typed/x", lines: [], status: 422 },
	{
		why: "another media type",
		path: "/json",
		lines: ["Content-Type: text/plain"],
		status: 415,
	},
	{ why: "a declared body's limit", path: "/json", lines: [json], status: 413 },
	{
		why: "a stream's limit",
		path: "/small",
		lines: [],
		status: 413,
		calls: ["chunks"],
	},
	{
		why: "an upstream that answers early",
		path: "/early",
		lines: [],
		status: 403,
		calls: ["a length", "chunks"],
	},
	{
		why: "an upstream that dies",
		path: "/dies",
		lines: [],
		status: 502,
		calls: ["a length", "chunks"],
	},
];

const refuse = dependency(() => {
	throw new HttpError(401);
});

function routes(target: Upstream): readonly Route[] {
	return [
		route.post("/private", { upstream: target, dependencies: { refuse } }),
		route.post("/typed/:id", {
			upstream: target,
			path: { id: Type.Integer() },
		}),
		route.post("/json", { upstream: target, body: Type.Object({}) }),
		route.post("/small", { upstream: target, maxBodyBytes: mebibyte }),
		route.post("/early", { upstream: target }),
		route.post("/dies", { upstream: target }),
	];
}

async function start(t: {
	after(clean: () => void | Promise<void>): void;
}): Promise<WireStage> {
	const stage = await startWireStage(t, { routes, raw: { keepBodies: false } });
	stage.upstream.script = (one, connection) => {
		if (one.target === "/early")
			return connection.reply(403, "early", "connection: close");
		if (one.target === "/dies") connection.reset();
	};
	return stage;
}

const framings = {
	"a length": { line: `Content-Length: ${uploadBytes}`, before: "", after: "" },
	chunks: {
		line: "Transfer-Encoding: chunked",
		before: "100000\r\n",
		after: "\r\n",
	},
} as const;

/** Sends until the connection takes no more; gives back how many bytes it took. */
async function upload(
	client: RawClient,
	{ before, after }: { before: string; after: string },
): Promise<number> {
	const block = Buffer.concat([
		Buffer.from(before),
		Buffer.alloc(mebibyte, 120),
		Buffer.from(after),
	]);
	let sent = 0;
	while (sent < uploadBytes && (await client.send(block))) sent += mebibyte;
	return sent;
}

suite("an answer that goes out while 100 MB are coming in", {
	concurrency: 8,
}, () => {
	for (const { why, path, lines, status, calls } of rows) {
		for (const [name, framing] of Object.entries(framings))
			test(`because of ${why}, with ${name}: is whole, and what is read is bounded (RFC 9112 section 9.6)`, async (t) => {
				const stage = await start(t);
				const client = await stage.connect();
				await client.send(request(`POST ${path}`, ...lines, framing.line));
				const uploading = upload(client, framing);
				const answer = await client.readResponse("POST");
				assert.equal(answer.status, status);
				assert.ok(answer.complete);
				assert.equal(answer.header("connection"), "close");
				await client.closed(5_000);
				const sent = await uploading;
				t.diagnostic(`${sent / mebibyte} MiB went`);
				assert.ok(sent <= mostBytes, `${sent} bytes went`);
				const isCalled = calls?.includes(name) ?? false;
				assert.equal(stage.upstream.requests.length > 0, isCalled);
				assert.ok(stage.upstream.requests.every((one) => !one.complete));
				const outcome = await stage.ended();
				assert.equal(outcome.status, status);
				assert.deepEqual(stage.errors, []);
			});

		test(`because of ${why}: a client that reads only after it has failed to write has the answer`, async (t) => {
			const stage = await start(t);
			const client = await stage.connect();
			client.pause();
			await client.send(
				request(`POST ${path}`, ...lines, framings.chunks.line),
			);
			const uploading = upload(client, framings.chunks);
			await stage.ended();
			client.resume();
			const answer = await client.readResponse("POST");
			assert.deepEqual([answer.status, answer.complete], [status, true]);
			await client.close();
			await uploading;
		});
	}

	test("is followed by no reset while it may be on its way, however much still comes", async (t) => {
		const stage = await start(t);
		const client = await stage.connect();
		await client.send(request("POST /private", framings.chunks.line));
		const uploading = upload(client, framings.chunks);
		await client.readResponse("POST");
		const answeredMs = performance.now();
		await uploading;
		const resetMs = performance.now() - answeredMs;
		assert.ok(resetMs > 1_500 && resetMs < 3_000, `${resetMs} ms`);
	});

	test("reaches node's own client, which writes without looking", async (t) => {
		const stage = await start(t);
		for (let i = 0; i < 20; i++) {
			const { promise, resolve, reject } = Promise.withResolvers<
				number | undefined
			>();
			const req = httpRequest({
				port: stage.port,
				method: "POST",
				path: "/private",
			});
			req.on("response", (res) => {
				res.resume().on("end", () => {
					resolve(res.statusCode);
					req.destroy();
				});
			});
			req.on("error", reject);
			const block = Buffer.alloc(mebibyte);
			const write = (): void => {
				while (!req.destroyed && req.write(block));
			};
			req.on("drain", write);
			write();
			assert.equal(await promise, 401);
		}
	});
});
