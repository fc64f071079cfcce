import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	HttpError,
	type Outcome,
	type Policy,
	reply,
	route,
} from "../../../src/index.ts";
import {
	type RateLimitOptions,
	rateLimit,
} from "../../../src/policies/rate-limit/rate-limit.ts";
import { startGateway, startUpstream } from "../../../src/testing.ts";
import { KeptLog } from "../../helpers/kept-log.ts";

interface Stage {
	readonly url: string;
	/** The status of one call, which it waits for. */
	ask(path: string): Promise<number>;
	/** Sends one that is held until its client leaves; back when it is held. */
	hold(): Promise<{ leave(): Promise<void> }>;
	/** As many outcomes as ended. */
	readonly outcomes: readonly Outcome[];
}

/** A gateway whose calls end in many ways. */
async function startEnds(
	t: TestContext,
	options: RateLimitOptions,
): Promise<Stage> {
	const outcomes: Outcome[] = [];
	let onHeld = (): void => undefined;
	let onEnd = (): void => undefined;
	const service = await startUpstream(t, (req, res) => {
		if (req.url === "/reset") req.socket.resetAndDestroy();
		else if (req.url === "/cut") {
			res.writeHead(200, { "content-length": "100" });
			res.write("first", () => res.destroy());
		} else if (req.url === "/fails") res.writeHead(503).end("no");
		else if (req.url === "/endless") res.write("first", () => onHeld());
		else res.end("well");
	});
	// The last of them hears of an end last.
	const keeper: Policy = {
		name: "keeper",
		forRoute: () => ({
			onFinish: (_ctx, outcome) => {
				outcomes.push(outcome);
				onEnd();
			},
		}),
	};
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		policies: [rateLimit(options), keeper],
		routes: [
			route.get("/throws", {
				handler: () => {
					throw new Error("broken");
				},
			}),
			route.get("/refuses", {
				handler: () => {
					throw new HttpError(404);
				},
			}),
			route.get("/slow", {
				handler: async () => {
					await new Promise(setImmediate);
					throw new Error("broken later");
				},
			}),
			route.get("/teapot", { handler: () => reply(418, "short") }),
			route.get("/held", {
				handler: () => {
					onHeld();
					return new Promise<string>(() => undefined);
				},
			}),
			route.get("/*", { upstream: service.url }),
		],
	});
	const { url } = await startGateway(t, gateway);
	const hold = async (path = "/held"): Promise<{ leave(): Promise<void> }> => {
		const { promise: held, resolve, reject } = Promise.withResolvers<void>();
		onHeld = resolve;
		const req = request(`${url}${path}`, { agent: false });
		req.on("response", ({ statusCode }) => {
			if (statusCode !== 200) reject(new Error(`refused: ${statusCode}`));
		});
		t.after(() => req.destroy());
		req.on("error", () => undefined);
		req.end();
		await held;
		return {
			leave: async () => {
				const ended = new Promise<void>((resolve) => {
					onEnd = resolve;
				});
				req.destroy();
				await ended;
			},
		};
	};
	return {
		url,
		outcomes,
		hold,
		async ask(path) {
			const count = outcomes.length;
			const ended = new Promise<void>((resolve) => {
				onEnd = () => outcomes.length > count && resolve();
			});
			if (path === "/leaves") {
				await (await hold("/endless")).leave();
				return 499;
			}
			const req = request(`${url}${path}`, { agent: false }).end();
			const [res] = await once(req, "response");
			res.on("error", () => undefined).resume();
			await ended;
			return res.statusCode;
		},
	};
}

suite("a place of concurrency is freed exactly once after", () => {
	const ends: readonly [string, string, number][] = [
		["an answer", "/well", 200],
		["a handler that throws", "/throws", 500],
		["a handler that throws later", "/slow", 500],
		["a refusal of the handler's", "/refuses", 404],
		["a service that resets the connection", "/reset", 502],
		["a service that fails", "/fails", 503],
		["an answer that breaks off", "/cut", 200],
		["a client that leaves", "/leaves", 499],
	];
	for (const [name, path, status] of ends) {
		test(name, async (t) => {
			const limit = { algorithm: "concurrency", limit: 2 } as const;
			const { ask, hold } = await startEnds(t, limit);
			// Freed twice, it would make room beside this one.
			await hold();
			for (let i = 0; i < 3; i++) assert.equal(await ask(path), status);
			await hold();
			assert.equal(await ask("/well"), 429);
		});
	}
});

suite("a call is not counted after all", () => {
	const two = { algorithm: "fixed-window", limit: 2, window: "day" } as const;

	test("where its client leaves, with refund", async (t) => {
		const { ask, outcomes } = await startEnds(t, { ...two, refund: true });
		for (let i = 0; i < 4; i++) await ask("/leaves");
		assert.deepEqual(
			outcomes.map(({ status }) => status),
			[499, 499, 499, 499],
		);
		assert.equal(await ask("/well"), 200);
		assert.equal(await ask("/well"), 200);
		assert.equal(await ask("/well"), 429);
	});

	test("but is where there is no refund", async (t) => {
		const { ask } = await startEnds(t, two);
		for (const path of ["/leaves", "/throws"]) await ask(path);
		assert.equal(await ask("/well"), 429);
	});

	test("where one's own function says so, and only there", async (t) => {
		const told: number[] = [];
		const { ask } = await startEnds(t, {
			...two,
			refund: ({ status, source }) => {
				told.push(status);
				return status === 418 && source === "gateway";
			},
		});
		for (let i = 0; i < 4; i++) assert.equal(await ask("/teapot"), 418);
		assert.equal(await ask("/throws"), 500);
		assert.equal(await ask("/reset"), 502);
		assert.equal(await ask("/well"), 429);
		assert.deepEqual(told, [418, 418, 418, 418, 500, 502], "once each");
	});
});

test("a charge that can never fit says nothing of when to come again", async (t) => {
	const cost = ({ url }: { readonly url: string }): number => url.length;
	for (const limit of [
		{ limit: 7, window: "hour" },
		{ limit: 7, window: "hour", algorithm: "sliding-window" },
		{ limit: 7, window: "hour", algorithm: "fixed-window" },
		{ limit: 7, algorithm: "concurrency" },
		{ limit: 100, window: "hour", burst: 7 },
		{
			limit: 7,
			window: "hour",
			overflow: { queueMs: 9_000, max: 9 },
		},
	] as const) {
		const { url } = await startEnds(t, { ...limit, cost });
		const never = await fetch(`${url}/far-too-long`);
		assert.equal(never.status, 429);
		assert.equal(never.headers.get("retry-after"), null);
		assert.equal((await fetch(`${url}/well`)).status, 200);
	}
	const { url } = await startEnds(t, { limit: 0, window: "hour" });
	assert.equal((await fetch(url)).headers.get("retry-after"), null);
});
