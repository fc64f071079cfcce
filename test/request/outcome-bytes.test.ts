import assert from "node:assert/strict";
import { once } from "node:events";
import { Readable } from "node:stream";
import { suite, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { reply, route, Type } from "../../src/index.ts";
import { startUpstream } from "../../src/testing.ts";
import { startOutcomes as start } from "../helpers/outcomes-of.ts";

suite("the bytes of a request", () => {
	const text = "x".repeat(20_000);
	const form = { a: Type.String() };
	const cases: Record<string, [RequestInit, number, number]> = {
		"/stream": [{ method: "POST", body: text }, 20_000, 20_000],
		"/small": [{ method: "POST", body: "abc" }, 3, 3],
		"/declared": [
			{
				method: "POST",
				body: '{"a": 1}',
				headers: { "content-type": "application/json" },
			},
			8,
			7,
		],
		"/form": [{ method: "POST", body: new URLSearchParams({ a: "bc" }) }, 4, 4],
		"/refused": [{ method: "POST", body: "{" }, 0, 24],
		"/reply": [{}, 0, 5],
		"/reply-stream": [{}, 0, 9],
		"/nothing": [{ method: "HEAD" }, 0, 0],
	};
	for (const [path, [init, bytesIn, bytesOut]] of Object.entries(cases)) {
		test(path, async (t) => {
			const { url: upstream } = await startUpstream(t, (req, res) => {
				req.pipe(res);
			});
			const stage = await start(t, [
				route.post("/stream", { upstream }),
				route.post("/small", { upstream }),
				route.post("/declared", {
					upstream,
					body: Type.Object({ a: Type.Integer() }),
				}),
				route.post("/form", { upstream, form }),
				route.post("/refused", { handler: () => reply(413, "x".repeat(24)) }),
				route.get("/reply", { handler: () => reply(200, "tüst") }),
				route.get("/reply-stream", {
					handler: () => reply(200, Readable.from(["first", "last"])),
				}),
				route.head("/nothing", { handler: () => reply(200, "unsent") }),
			]);
			const response = await fetch(stage.url + path, init);
			await response.arrayBuffer();
			const outcome = await stage.next();
			assert.deepEqual(
				[outcome.bytesIn, outcome.bytesOut],
				[bytesIn, bytesOut],
			);
		});
	}

	test("of a chunked upload are what came, without its framing", async (t) => {
		const { url: upstream } = await startUpstream(t, (req, res) => {
			req.pipe(res);
		});
		const stage = await start(t, [
			route.post("/*", { upstream }),
			route.post("/declared", {
				upstream,
				body: Type.Object({ a: Type.Integer() }),
			}),
		]);
		for (const path of ["/stream", "/declared"]) {
			const response = await fetch(stage.url + path, {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: new Blob(['{"a":', "1}"]).stream(),
				duplex: "half",
			} as RequestInit);
			assert.equal(await response.text(), '{"a":1}');
			const { bytesIn, bytesOut } = await stage.next();
			assert.deepEqual([bytesIn, bytesOut], [7, 7]);
		}
	});

	test("of a WebSocket are all of its frames", async (t) => {
		const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
		await once(server, "listening");
		t.after(() => void server.close());
		server.on("connection", (socket) => {
			socket.on("message", (data) => {
				socket.send(data, { binary: false });
				socket.send("again");
			});
		});
		const { port } = server.address() as { port: number };
		const upstream = `http://127.0.0.1:${port}`;
		const stage = await start(t, [route.get("/", { upstream })]);
		const socket = new WebSocket(`ws://127.0.0.1:${stage.port}/`);
		await once(socket, "open");
		socket.send("hello");
		socket.on("message", (data) => {
			if (String(data) === "again") socket.close(1000);
		});
		const outcome = await stage.next();
		assert.deepEqual(
			[outcome.status, outcome.upstreamStatus, outcome.source],
			[101, 101, "upstream"],
		);
		assert.ok(outcome.complete);
		// A frame of up to 125 bytes has a head of 2, and from the client a mask of 4; a close frame says a code of 2.
		assert.deepEqual([outcome.bytesIn, outcome.bytesOut], [11 + 8, 7 + 7 + 4]);
		assert.ok(outcome.overheadMs < outcome.durationMs);
	});
});
