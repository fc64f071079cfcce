import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dependency, HttpError, route } from "../../src/index.ts";
import { connectRaw, type RawClient } from "../helpers/raw-client.ts";
import { ways } from "./abort-scenes.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

/** What the upstream had at the same time, at the most. */
interface Load {
	now: number;
	most: number;
}

async function start(
	t: TestContext,
	replyAfterMs: number,
	pipelined?: number,
): Promise<[WireStage, Load]> {
	const limits = pipelined === undefined ? {} : { limits: { pipelined } };
	const stage = await startWireStage(t, { gateway: limits });
	const load: Load = { now: 0, most: 0 };
	stage.upstream.script = async (one, connection) => {
		load.now++;
		load.most = Math.max(load.most, load.now);
		await one.whole;
		await delay(replyAfterMs);
		load.now--;
		await connection.reply(200, one.target);
	};
	return [stage, load];
}

async function readAll(client: RawClient, count: number): Promise<string[]> {
	const bodies: string[] = [];
	for (let i = 0; i < count; i++) {
		const { status, body } = await client.readResponse("GET", 5_000);
		bodies.push(status === 200 ? body.toString() : String(status));
	}
	return bodies;
}

function paths(count: number): string[] {
	return Array.from({ length: count }, (_, i) => `/${i}`);
}

function gets(count: number): string {
	return paths(count)
		.map((path) => request(`GET ${path}`))
		.join("");
}

suite("pipelined requests of one connection", () => {
	for (const pipelined of [undefined, 1, 3])
		test(`have ${pipelined ?? "by default 1"} under way, and all get their responses in order`, async (t) => {
			const [stage, load] = await start(t, 1, pipelined);
			const client = await stage.connect();
			await client.send(gets(60));
			assert.deepEqual(await readAll(client, 60), paths(60));
			assert.equal(load.most, pipelined ?? 1);
			// The connection serves on.
			await client.send(gets(2));
			assert.deepEqual(await readAll(client, 2), paths(2));
		});

	test("wait with their bodies", async (t) => {
		const [stage, load] = await start(t, 1);
		const client = await stage.connect();
		const body = "x".repeat(30_000);
		const posts = paths(20).map(
			(path) => request(`POST ${path}`, "Content-Length: 30000") + body,
		);
		void client.send(posts.join(""));
		assert.deepEqual(await readAll(client, 20), paths(20));
		assert.equal(load.most, 1);
		assert.deepEqual(
			stage.upstream.requests.map((one) => one.body.toString() === body),
			Array.from({ length: 20 }, () => true),
		);
	});

	test("of a client that keeps 50 outstanding are all served", async (t) => {
		const [stage] = await start(t, 0);
		const client = await stage.connect();
		await client.send(gets(50));
		for (let i = 50; i < 400; i++) {
			assert.equal((await client.readResponse()).status, 200);
			await client.send(request(`GET /${i}`));
		}
		assert.equal((await readAll(client, 50)).at(-1), "/399");
	});

	for (const [what, bytes] of [
		["without bodies", gets(3_000)],
		[
			"with bodies",
			request("POST /", "Content-Length: 5").concat("hello").repeat(3_000),
		],
	] as const)
		test(`are a 400 behind the first 101 of 3,000 ${what}, and the connection ends`, async (t) => {
			const [stage, load] = await start(t, 1);
			const client = await stage.connect();
			void client.send(bytes);
			const statuses: number[] = [];
			while (statuses.at(-1) !== 400) {
				const { status, header } = await client.readResponse("GET", 5_000);
				statuses.push(status);
				if (status === 400) assert.equal(header("connection"), "close");
			}
			assert.equal(statuses.length, 102);
			assert.equal(load.most, 1);
			assert.notEqual(await client.closed(3_000), "open");
			assert.equal(stage.upstream.requests.length, 101);
			assert.deepEqual(stage.errors, []);
		});

	for (const [i, way] of ways.entries())
		test(`behind a slow one are never made for a client that leaves by a ${["FIN", "reset"][i]}`, async (t) => {
			const stage = await startWireStage(t);
			stage.upstream.script = () => undefined;
			const client = await stage.connect();
			await client.send(gets(90));
			await stage.upstream.request();
			way(client);
			await stage.ended(1, 500);
			const [connection] = stage.upstream.connections;
			await connection?.until(() => !connection.isOpen, "its end", 500);
			await delay(50);
			assert.equal(stage.upstream.requests.length, 1);
			assert.deepEqual(
				stage.outcomes.map((one) => one.status),
				[499],
			);
		});

	test("too many of them do not hide that their client leaves", async (t) => {
		const stage = await startWireStage(t);
		stage.upstream.script = () => undefined;
		const client = await stage.connect();
		await client.send(gets(1_000));
		await stage.upstream.request();
		client.halfClose();
		await stage.ended(1, 500);
		assert.equal(stage.upstream.requests.length, 1);
	});

	test("an upgrade behind waiting ones waits for all of them", async (t) => {
		const [stage] = await start(t, 20);
		const client = await stage.connect();
		await client.send(
			gets(3) + request("GET /ws", "Connection: Upgrade", "Upgrade: websocket"),
		);
		assert.deepEqual(await readAll(client, 4), [...paths(3), "/ws"]);
	});

	test("are not made behind a response that ends the connection", async (t) => {
		const [stage] = await start(t, 20);
		const client = await stage.connect();
		await client.send(request("GET /1", "Connection: close") + gets(3));
		assert.deepEqual(await readAll(client, 1), ["/1"]);
		assert.equal(await client.closed(), "ended");
		assert.equal(stage.upstream.requests.length, 1);
	});

	test("finish when the gateway closes", async (t) => {
		const [stage] = await start(t, 20);
		const client = await stage.connect();
		await client.send(gets(5));
		await stage.upstream.request();
		const closing = stage.gateway.close();
		assert.deepEqual(await readAll(client, 5), paths(5));
		assert.equal(await client.closed(), "ended");
		await closing;
	});
});

const later = dependency(async () => {
	await delay(50);
	throw new HttpError(401);
});
const expect = "Expect: 100-continue";
const post = request("POST /pay", "Content-Length: 0");

suite("behind a request that expects 100 Continue", () => {
	for (const pipelined of [1, 5])
		for (const [what, first] of [
			["without a body", request("GET /first", expect)],
			[
				"with an empty body",
				request("POST /first", expect, "Content-Length: 0"),
			],
			[
				"that is rejected after its body has come",
				`${request("POST /private", expect, "Content-Length: 5")}hello`,
			],
		] as const)
			test(`${what}, nothing is executed whose response would be lost (${pipelined} at a time)`, async (t) => {
				const stage = await startWireStage(t, {
					gateway: { limits: { pipelined } },
					routes: (target) => [
						route.post("/private", {
							upstream: target,
							dependencies: { later },
						}),
						route.all("/*", { upstream: target }),
					],
				});
				const client = await connectRaw({ port: stage.port });
				t.after(() => client.close());
				await client.send(first + post);
				await client.readResponse();
				const second = await client.readResponse().catch(() => null);
				await client.endsWithin(2_500);
				const isMade = stage.upstream.requests.some(
					(one) => one.target === "/pay",
				);
				assert.equal(isMade, second !== null);
			});
});

test("a body that arrives in pieces while its request waits reaches the service whole", async (t) => {
	const stage = await startWireStage(t);
	stage.upstream.script = async (one, connection) => {
		const body = await one.whole;
		await delay(50);
		await connection.reply(200, `got ${body}`);
	};
	const client = await stage.connect();
	await client.send(
		`${request("GET /first")}${request("POST /second", "Content-Length: 9")}abc`,
	);
	await delay(10);
	await client.send("def");
	await delay(10);
	await client.send("ghi");
	assert.equal((await client.readResponse()).status, 200);
	assert.equal((await client.readResponse()).body.toString(), "got abcdefghi");
});
