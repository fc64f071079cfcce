import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { suite, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { dependency, route, Type } from "../../src/index.ts";
import { startUpstream } from "../../src/testing.ts";
import { startOutcomes as start } from "../helpers/outcomes-of.ts";
import { connectRaw } from "../helpers/raw-client.ts";

function near(ms: number | null | undefined, least: number): void {
	// Timers may fire a millisecond early; a busy machine may be late.
	assert.ok(typeof ms === "number" && ms >= least - 2, `${ms} ms`);
}

const pauseMs = 60;

suite("the time of a request", () => {
	test("is the service's while it is waited for", async (t) => {
		const { url: upstream } = await startUpstream(t, async (_req, res) => {
			await wait(pauseMs);
			res.write("first");
			await wait(pauseMs);
			res.end("last");
		});
		const stage = await start(t, [route.get("/", { upstream })]);
		await (await fetch(stage.url)).text();
		const { upstreamMs, upstreamHeadMs, overheadMs, durationMs } =
			await stage.next();
		// While we look at the head, the service is at its body: that time is ours.
		near((upstreamMs as number) + overheadMs, 2 * pauseMs);
		near(upstreamHeadMs, pauseMs);
		assert.ok((upstreamHeadMs as number) < (upstreamMs as number));
		assert.ok(overheadMs <= durationMs - (upstreamMs as number) + 0.1);
	});

	test("is ours while a dependency or a handler works", async (t) => {
		const slow = dependency(async () => {
			await wait(pauseMs);
		});
		const stage = await start(t, [
			route.get("/", {
				dependencies: { slow },
				handler: async () => {
					await wait(pauseMs);
					return "";
				},
			}),
		]);
		await fetch(stage.url);
		const { upstreamMs, overheadMs } = await stage.next();
		assert.equal(upstreamMs, null);
		near(overheadMs, 2 * pauseMs);
	});

	for (const [what, declared] of Object.entries({
		"declared body": { body: Type.Object({}) },
		"body that streams": {},
	})) {
		test(`is neither's while a client is slow to send a ${what}`, async (t) => {
			const { url: upstream } = await startUpstream(t, (req, res) => {
				req.resume();
				req.on("end", () => res.end());
			});
			const stage = await start(t, [
				route.post("/", { upstream, ...declared }),
			]);
			await using client = await connectRaw({ port: stage.port });
			const type = "content-type: application/json\r\ncontent-length: 2";
			await client.send(`POST / HTTP/1.1\r\nhost: a\r\n${type}\r\n\r\n{`);
			await wait(5 * pauseMs);
			void client.send("}");
			const { status } = await client.readResponse("POST", 4_000);
			assert.equal(status, 200);
			const { durationMs, upstreamMs, overheadMs, bytesIn } =
				await stage.next();
			near(durationMs - (upstreamMs as number) - overheadMs, 2 * pauseMs);
			assert.equal(bytesIn, 2);
		});
	}

	test("is neither's while a client is slow to read", async (t) => {
		const size = 16 * 1_048_576;
		const { url: upstream } = await startUpstream(t, (_req, res) => {
			res.end(Buffer.alloc(size));
		});
		const stage = await start(t, [route.get("/", { upstream })]);
		const response = await fetch(stage.url);
		await wait(8 * pauseMs);
		await response.arrayBuffer();
		const { durationMs, upstreamMs, overheadMs, bytesOut } = await stage.next();
		near(durationMs - (upstreamMs as number) - overheadMs, 3 * pauseMs);
		assert.equal(bytesOut, size);
	});

	test("is told step by step where a policy asks for it", async (t) => {
		const { url: upstream } = await startUpstream(t, async (_req, res) => {
			await wait(pauseMs);
			res.end();
		});
		const slow = dependency(() => wait(pauseMs), { name: "slow" });
		const refuse = (): never => {
			throw new Error("on purpose");
		};
		const refusing = dependency(refuse, { name: "refusing" });
		const stage = await start(
			t,
			[
				route.get("/", { upstream, dependencies: { slow } }),
				route.get("/refused", { upstream, dependencies: { slow, refusing } }),
			],
			{ timesSteps: true, onRequest: () => undefined },
		);
		await fetch(stage.url);
		const steps = (await stage.next()).steps ?? [];
		const names = ["onRequest test", "dependency slow", "outgoing"];
		assert.deepEqual(
			steps.map(({ name }) => name),
			[...names, `forward ${new URL(upstream).host}`],
		);
		near(steps[1]?.ms, pauseMs);
		near(steps[3]?.ms, pauseMs);
		assert.ok((steps[0]?.ms as number) < pauseMs);
		await fetch(`${stage.url}/refused`);
		assert.deepEqual(
			(await stage.next()).steps?.map(({ name }) => name),
			["onRequest test", "dependency slow", "dependency refusing"],
		);
	});
});

test("a service that can not be reached took its time until then", async (t) => {
	const silent = createServer(() => undefined).listen(0, "127.0.0.1");
	await once(silent, "listening");
	t.after(() => void silent.close());
	const { port } = silent.address() as { port: number };
	const stage = await start(t, [
		route.get("/", {
			upstream: `http://127.0.0.1:${port}`,
			timeout: { headersMs: 100 },
		}),
	]);
	assert.equal((await fetch(stage.url)).status, 504);
	const { upstreamMs, upstreamHeadMs, upstreamStatus } = await stage.next();
	near(upstreamMs, 100);
	assert.deepEqual([upstreamHeadMs, upstreamStatus], [null, null]);
});
