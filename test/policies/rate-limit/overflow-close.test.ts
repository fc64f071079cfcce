import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { createGateway, type Gateway, route } from "../../../src/index.ts";
import { rateLimit } from "../../../src/policies/rate-limit/rate-limit.ts";
import { startGateway } from "../../../src/testing.ts";
import { Clock } from "../auth/stage.ts";

/** One call a quarter of an hour, under a clock that stands: whoever comes second waits for as long as a test lasts. */
function slow(arrive: () => void): Gateway {
	return createGateway({
		docs: false,
		policies: [
			{
				name: "keeper",
				forRoute: () => ({ onRequest: () => arrive() }),
			},
			rateLimit({
				...{ limit: 1, windowMs: 900_000, now: new Clock().now },
				overflow: { queueMs: 1_000_000, max: 5 },
			}),
		],
		routes: [route.get("/", { handler: () => "well" })],
	});
}

function timers(): number {
	return process.getActiveResourcesInfo().filter((one) => one === "Timeout")
		.length;
}

/** A call that waits, and how it ended. */
async function startWaiting(
	t: TestContext,
	url: string,
	arrived: () => Promise<void>,
): Promise<{ readonly ended: Promise<number | string> }> {
	assert.equal((await fetch(url)).status, 200);
	const req = request(url, { agent: false });
	t.after(() => req.destroy());
	const ended = new Promise<number | string>((resolve) => {
		req.on("response", (res) => resolve(res.resume().statusCode ?? 0));
		req.on("error", (error: NodeJS.ErrnoException) =>
			resolve(error.code ?? ""),
		);
	});
	req.end();
	await arrived();
	return { ended };
}

function counter(): { arrive(): void; reached(count: number): Promise<void> } {
	let count = 0;
	let look = (): void => undefined;
	return {
		arrive() {
			count++;
			look();
		},
		reached: (expected) =>
			new Promise((resolve) => {
				look = () => void (count >= expected && setImmediate(resolve));
				look();
			}),
	};
}

suite("a gateway that closes while somebody waits for his turn", () => {
	test("lets no timer behind, over its own sockets", async (t) => {
		const { arrive, reached } = counter();
		const gateway = slow(arrive);
		const { url } = await startGateway(t, gateway);
		const before = timers();
		const { ended } = await startWaiting(t, url, () => reached(2));
		assert.equal(timers(), before + 1, "one timer for who waits");
		await gateway.close({ timeoutMs: 0 });
		assert.equal(await ended, "ECONNRESET");
		assert.ok(timers() <= before, "none when nobody waits");
	});

	test("answers 503 where the sockets are not its own", async (t) => {
		const { arrive, reached } = counter();
		const gateway = slow(arrive);
		const server = createServer(gateway.handler).listen(0, "127.0.0.1");
		t.after(() => server.close());
		await once(server, "listening");
		const { port } = server.address() as AddressInfo;
		const url = `http://127.0.0.1:${port}`;
		const { ended } = await startWaiting(t, url, () => reached(2));
		await gateway.close({ timeoutMs: 0 });
		assert.equal(await ended, 503);
	});
});

test("nobody who waits has a timer of his own", async (t) => {
	const { arrive, reached } = counter();
	const gateway = slow(arrive);
	const { url } = await startGateway(t, gateway);
	await (await fetch(url)).text();
	const before = timers();
	const calls = [1, 2, 3, 4].map(() => request(url, { agent: false }).end());
	t.after(() => {
		for (const call of calls) call.destroy();
	});
	for (const call of calls) call.on("error", () => undefined);
	await reached(5);
	assert.equal(timers(), before + 1);
});
