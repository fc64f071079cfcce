import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { within } from "../helpers/byte-reader.ts";
import { connectRaw, type RawClient } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import { type RawUpstream, startRawUpstream } from "../helpers/raw-upstream.ts";
import { request } from "./wire-stage.ts";

const chunkedLine = "Transfer-Encoding: chunked";
const upgradeLines = ["Connection: Upgrade", "Upgrade: websocket"];

/** What the upstream does, by path. */
const scripts: Readonly<Record<string, string>> = {
	"/whole": `${head("HTTP/1.1 200 OK", "Content-Length: 2")}ok`,
	"/slow": "",
	"/upload": "",
	"/begun": `${head("HTTP/1.1 200 OK", chunkedLine)}5\r\nhello\r\n`,
	"/events": `${head("HTTP/1.1 200 OK", "Content-Type: text/event-stream", chunkedLine)}9\r\ndata: 1\n\n\r\n`,
	"/socket": head("HTTP/1.1 101 Switching Protocols", ...upgradeLines),
};

interface Stage {
	readonly child: ChildProcess;
	readonly upstream: RawUpstream;
	connect(): Promise<RawClient>;
}

async function startStage(t: TestContext): Promise<Stage> {
	const upstream = await startRawUpstream();
	t.after(() => upstream.close());
	upstream.script = (one, connection) =>
		connection.send(scripts[one.target] ?? "");
	const child = fork(
		join(import.meta.dirname, "close-child.ts"),
		[upstream.url],
		{
			execArgv: ["--import", "tsx"],
		},
	);
	t.after(() => child.kill("SIGKILL"));
	const [port] = (await within(
		once(child, "message"),
		20_000,
		"the child's port",
	)) as [number];
	return {
		child,
		upstream,
		async connect() {
			const client = await connectRaw({ port });
			t.after(() => client.close());
			return client;
		},
	};
}

/** One client of every kind, each as far as it gets. */
async function openAll({
	connect,
	upstream,
}: Stage): Promise<Record<string, RawClient>> {
	const idle = await connect();
	await idle.exchange(request("GET /whole"));
	const fresh = await connect();
	const begun = await connect();
	await begun.send(request("GET /begun"));
	await begun.waitForText("hello");
	const events = await connect();
	await events.send(request("GET /events"));
	await events.waitForText("data: 1");
	const socket = await connect();
	await socket.send(request("GET /socket", ...upgradeLines));
	await socket.waitForText("101");
	const slow = await connect();
	await slow.send(request("GET /slow"));
	const upload = await connect();
	await upload.send(`${request("POST /upload", "Content-Length: 10")}hello`);
	await upstream.until(() => upstream.requests.length === 6, "six requests");
	return { idle, fresh, begun, events, socket, slow, upload };
}

async function assertExits(child: ChildProcess, mostMs: number): Promise<void> {
	const [code, signal] = await within(
		once(child, "exit"),
		mostMs,
		"the process to exit",
	);
	assert.deepEqual([code, signal], [0, null]);
}

suite("a process whose gateway is closed", () => {
	test("exits by itself once everything has ended", async (t) => {
		const stage = await startStage(t);
		const { begun, events, slow, upload, idle } = await openAll(stage);
		stage.child.send(20_000);
		await idle?.closed();
		await upload?.send("world");
		for (const connection of stage.upstream.connections) {
			const target = connection.requests.at(-1)?.target ?? "";
			if (target === "/slow" || target === "/upload")
				await connection.reply(200, target);
			if (target === "/begun") await connection.send("0\r\n\r\n");
		}
		const answers = [await slow?.readResponse(), await upload?.readResponse()];
		assert.deepEqual(
			answers.map((one) => one?.body.toString()),
			["/slow", "/upload"],
		);
		assert.ok((await begun?.readResponse())?.complete);
		assert.ok((await events?.readResponse())?.complete);
		// A WebSocket that does not answer the close frame is given two seconds.
		await assertExits(stage.child, 5_000);
	});

	test("exits by itself at the deadline, whatever has not ended", async (t) => {
		const stage = await startStage(t);
		const clients = await openAll(stage);
		stage.child.send(500);
		await assertExits(stage.child, 2_500);
		for (const client of Object.values(clients)) await client.closed();
	});

	test("exits by itself at once when nothing is open", async (t) => {
		const stage = await startStage(t);
		const client = await stage.connect();
		await client.exchange(request("GET /whole"));
		await client.close();
		stage.child.send(20_000);
		await assertExits(stage.child, 1_000);
	});
});
