import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type Gateway,
	route,
	type UpstreamOptions,
	upstream,
} from "../../src/index.ts";
import { UpstreamPool } from "../../src/upstream/pool.ts";

interface Service {
	readonly server: Server;
	readonly url: string;
	/** Requests that it has served, as `POST /path body`. */
	readonly served: string[];
}

async function startService(
	t: TestContext,
	respond: RequestListener = (_req, res) => void res.end("ok"),
): Promise<Service> {
	const served: string[] = [];
	const server = createServer(async (req, res) => {
		const chunks: Buffer[] = [];
		for await (const chunk of req) chunks.push(chunk);
		served.push(`${req.method} ${req.url} ${Buffer.concat(chunks)}`);
		respond(req, res);
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => stop(server));
	const { port } = server.address() as AddressInfo;
	return { server, url: `http://127.0.0.1:${port}`, served };
}

function stop(server: Server): void {
	server.close();
	server.closeAllConnections();
}

function gatewayTo(
	t: TestContext,
	urls: readonly string[],
	options: UpstreamOptions = {},
	onAttempt: (origin: string) => void = () => undefined,
): Gateway {
	const gateway = createGateway({
		docs: false,
		routes: [route.all("/*", { upstream: upstream(urls, options) })],
		policies: [
			{
				name: "attempts",
				forRoute: () => ({
					onUpstreamAttempt: (_ctx, { origin }) => onAttempt(origin),
				}),
			},
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return gateway;
}

/** A URL at which nothing listens. */
async function deadUrl(t: TestContext): Promise<string> {
	const { server, url } = await startService(t);
	stop(server);
	await once(server, "close");
	return url;
}

for (const client of ["http1", "undici"] as const) {
	suite(`an upstream with a dead target, called by ${client}`, () => {
		test("serves every request from the other one, and asks the dead one once in five seconds", async (t) => {
			const alive = await startService(t);
			const dead = await deadUrl(t);
			const attempts: string[] = [];
			const gateway = gatewayTo(t, [dead, alive.url], { client }, (origin) => {
				attempts.push(origin);
			});
			for (let i = 0; i < 60; i++) {
				assert.equal((await gateway.inject(`/${i}`)).status, 200);
			}
			assert.equal(alive.served.length, 60);
			assert.ok(attempts.filter((one) => one === dead).length <= 1);
		});

		test("sends a streamed POST that was never sent to the other one, once and whole", async (t) => {
			const alive = await startService(t);
			const dead = await deadUrl(t);
			// Each gateway asks the dead target once at the most: many meet it with their first call.
			for (let i = 0; i < 8; i++) {
				const gateway = gatewayTo(t, [dead, alive.url], { client });
				const { url } = await gateway.listen(0);
				const body = "x".repeat(100_000);
				const response = await fetch(`${url}/${i}`, {
					method: "POST",
					body: Readable.toWeb(Readable.from([body])) as never,
					duplex: "half",
				} as RequestInit);
				assert.equal(response.status, 200);
				assert.equal(alive.served.at(-1), `POST /${i} ${body}`);
			}
			assert.equal(alive.served.length, 8);
		});

		test("loses nothing when a target dies under load", async (t) => {
			const services = await Promise.all([
				startService(t),
				startService(t),
				startService(t),
			]);
			const urls = services.map(({ url }) => url);
			const gateway = gatewayTo(t, urls, { client });
			const { url } = await gateway.listen(0);
			const statuses = new Set<number>();
			const work = async (): Promise<void> => {
				for (let i = 0; i < 60; i++) {
					const response = await fetch(`${url}/x`);
					await response.text();
					statuses.add(response.status);
					const first = services[0] as Service;
					if (i === 20 && first.server.listening) stop(first.server);
				}
			};
			await Promise.all(Array.from({ length: 8 }, work));
			assert.deepEqual([...statuses], [200]);
		});

		test("moves calls that wait for a blackholed target as soon as one has timed out", async (t) => {
			const alive = await startService(t);
			const hole = await blackHole(t);
			const gateway = gatewayTo(t, [hole, alive.url], {
				client,
				timeout: { connectMs: 300 },
			});
			const startedMs = performance.now();
			const all = await Promise.all(
				Array.from({ length: 20 }, () => gateway.inject("/x")),
			);
			assert.deepEqual(
				all.filter(({ status }) => status !== 200).map(({ body }) => body),
				[],
			);
			for (let i = 0; i < 20; i++) {
				assert.equal((await gateway.inject("/x")).status, 200);
			}
			// One connect timeout in all, not one for each call.
			assert.ok(performance.now() - startedMs < 1_500);
		});
	});
}

suite("an upstream with several targets", () => {
	test("retries a GET that was reset at another target, and never a POST", async (t) => {
		const reset = await startService(t, (req) => void req.socket.destroy());
		const alive = await startService(t);
		const gateway = gatewayTo(t, [reset.url, alive.url]);
		for (let i = 0; i < 20; i++) {
			assert.equal((await gateway.inject(`/${i}`)).status, 200);
		}
		assert.ok(reset.served.length > 0, "the reset target was never met");
		let failed = 0;
		for (let i = 0; i < 20; i++) {
			const path = `/post${i}`;
			const { status } = await gateway.inject({ method: "POST", url: path });
			if (status === 502) failed++;
		}
		const posts = [...reset.served, ...alive.served].filter((one) =>
			one.startsWith("POST"),
		);
		assert.equal(posts.length, 20);
		assert.equal(new Set(posts).size, 20);
		assert.ok(failed > 0);
	});

	test("fails as before where all of them are dead", async (t) => {
		const urls = [await deadUrl(t), await deadUrl(t)];
		const gateway = gatewayTo(t, urls);
		for (let i = 0; i < 4; i++) {
			assert.equal((await gateway.inject("/x")).status, 503);
		}
	});

	test("chooses the one with fewer calls, and takes an excluded one back on trial", () => {
		let nowMs = 1_000;
		let drawn = 0;
		const urls = ["http://a", "http://b", "http://c"];
		const pool = new UpstreamPool(
			upstream(urls),
			() => nowMs,
			() => drawn,
		);
		const a = pool.pick();
		assert.equal(a.origin, "http://a");
		a.calls = 1;
		assert.notEqual(pool.pick(), a);
		a.calls = 0;
		pool.exclude(a, new Error("refused"));
		const meets = (): boolean => {
			for (drawn = 0; drawn < 1; drawn += 0.1)
				if (pool.pick() === a) return true;
			return false;
		};
		assert.equal(meets(), false);
		nowMs += 4_999;
		assert.equal(meets(), false);
		nowMs += 1;
		assert.equal(meets(), true, "it is on trial after five seconds");
		a.calls = 1;
		assert.equal(meets(), false, "one call at a time on trial");
		a.onConnected();
		a.calls = 0;
		assert.equal(meets(), true);
		assert.notEqual(pool.pick(a), a);
	});
});

/** A port whose connections are never made: its process is stopped, and its backlog is full. */
async function blackHole(t: TestContext): Promise<string> {
	const code =
		"const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))";
	const child = spawn(process.execPath, ["-e", code]);
	t.after(() => child.kill("SIGKILL"));
	const [line] = await once(child.stdout, "data");
	const port = Number(line);
	child.kill("SIGSTOP");
	const fillers: Socket[] = [];
	t.after(() => {
		for (const one of fillers) one.destroy();
	});
	for (let i = 0; i < 8; i++) {
		fillers.push(connect(port, "127.0.0.1").on("error", () => undefined));
	}
	await new Promise((resolve) => setTimeout(resolve, 100));
	return `http://127.0.0.1:${port}`;
}
