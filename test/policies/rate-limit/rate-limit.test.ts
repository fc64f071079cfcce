import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isInnerList, parseList } from "structured-headers";
import { createGateway, route } from "../../../src/index.ts";
import {
	type RateLimitOptions,
	rateLimit,
} from "../../../src/policies/rate-limit/rate-limit.ts";
import { startGateway } from "../../../src/testing.ts";
import { keyed, startLimited } from "./stage.ts";

/** The items of a structured list: name and parameters. */
function itemsOf(text: unknown): [unknown, Record<string, unknown>][] {
	return parseList(String(text)).map((item) => {
		assert.ok(!isInnerList(item));
		const [name, parameters] = item;
		return [name, Object.fromEntries(parameters)];
	});
}

suite("an answer says", () => {
	test("what is left of each limit, as structured fields, whether it passes or not", async (t) => {
		const { ask } = startLimited(t, {
			limits: [
				{ name: "burst", limit: 2, windowMs: 1_000 },
				{ name: "day", algorithm: "fixed-window", limit: 9, window: "day" },
			],
		});
		const first = await ask();
		assert.deepEqual(itemsOf(first.headers["ratelimit-policy"]), [
			["burst", { q: 2, w: 1 }],
			["day", { q: 9, w: 86_400 }],
		]);
		assert.deepEqual(itemsOf(first.headers.ratelimit), [
			["burst", { r: 1, t: 1 }],
			["day", { r: 8, t: 86_400 }],
		]);
		await ask();
		const refused = await ask();
		assert.equal(refused.status, 429);
		assert.deepEqual(itemsOf(refused.headers.ratelimit)[0], [
			"burst",
			{ r: 0, t: 1 },
		]);
		assert.equal(refused.headers["retry-after"], "1");
	});

	test("why it was refused, as a problem", async (t) => {
		const { ask } = startLimited(t, { limit: 0, windowMs: 1_000 });
		const { status, headers, body } = await ask();
		assert.equal(status, 429);
		assert.equal(headers["content-type"], "application/problem+json");
		assert.equal(JSON.parse(body).code, "ERR_RATE_LIMITED");
	});

	test("no to all where the limit is 0, also to what costs nothing", async (t) => {
		for (const cost of [0, () => 0]) {
			const { ask } = startLimited(t, { limit: 0, windowMs: 1_000, cost });
			const { status, headers } = await ask();
			assert.equal(status, 429);
			assert.equal(headers["retry-after"], undefined);
		}
	});

	test("why it was refused, as FastAPI does", async (t) => {
		const options = { limit: 0, windowMs: 1_000 };
		const { ask } = startLimited(t, options, { errorFormat: "fastapi" });
		const { status, body } = await ask();
		assert.equal(status, 429);
		assert.deepEqual(Object.keys(JSON.parse(body)), ["detail"]);
	});

	test("the older headers where they are asked for", async (t) => {
		const options = { limit: 5, windowMs: 60_000, legacyHeaders: true };
		const { headers } = await startLimited(t, options).ask();
		assert.equal(headers["x-ratelimit-limit"], "5");
		assert.equal(headers["x-ratelimit-remaining"], "4");
		assert.equal(headers["x-ratelimit-reset"], "12");
	});
});

test("a client that waits as long as Retry-After says succeeds at once", async (t) => {
	const { clock, ask } = startLimited(t, { limit: 3, windowMs: 7_000 });
	for (let i = 0; i < 20; i++) {
		const { status, headers } = await ask();
		if (status === 200) continue;
		clock.move(Number(headers["retry-after"]) * 1_000);
		assert.equal((await ask()).status, 200);
	}
});

suite("a limit counts", () => {
	const two = { limit: 2, window: "minute" } as const;

	test("everything from one address on all routes together", async (t) => {
		const { statuses } = startLimited(t, two);
		assert.deepEqual(await statuses(2), [200, 200]);
		assert.deepEqual(await statuses(1, "/other"), [429]);
	});

	test("each route by itself", async (t) => {
		const { statuses } = startLimited(t, { ...two, partition: "route" });
		assert.deepEqual(await statuses(3), [200, 200, 429]);
		assert.deepEqual(await statuses(1, "/other"), [200]);
	});

	test("each user, and addresses where there is none", async (t) => {
		const { statuses } = startLimited(t, { ...two, by: "user" });
		assert.deepEqual(await statuses(3, keyed("ada")), [200, 200, 429]);
		assert.deepEqual(await statuses(3, keyed("bob")), [200, 200, 429]);
		assert.deepEqual(await statuses(3), [200, 200, 429]);
	});

	test("by a text of one's own, and not where there is none", async (t) => {
		const { statuses } = startLimited(t, {
			...two,
			key: (ctx) => ctx.req.headers["x-tenant"]?.toString(),
		});
		const tenant = (name: string) => ({
			url: "/",
			headers: { "x-tenant": name },
		});
		assert.deepEqual(await statuses(3, tenant("a")), [200, 200, 429]);
		assert.deepEqual(await statuses(3, tenant("b")), [200, 200, 429]);
		assert.deepEqual(await statuses(3), [200, 200, 200]);
	});

	test("what a call costs", async (t) => {
		const { statuses } = startLimited(t, {
			limit: 10,
			window: "minute",
			cost: (ctx) => (ctx.url === "/other" ? 5 : 1),
		});
		assert.deepEqual(await statuses(2, "/other"), [200, 200]);
		assert.deepEqual(await statuses(1), [429]);
	});

	test("no call that another limit of the policy refused", async (t) => {
		const { statuses, clock } = startLimited(t, {
			limits: [
				{ name: "slow", limit: 1, windowMs: 1_000 },
				{ name: "all", algorithm: "fixed-window", limit: 3, window: "hour" },
			],
		});
		assert.deepEqual(await statuses(5), [200, 429, 429, 429, 429]);
		clock.move(1_000);
		assert.deepEqual(await statuses(1), [200]);
		clock.move(1_000);
		assert.deepEqual(await statuses(1), [200]);
		clock.move(1_000);
		assert.deepEqual(await statuses(1), [429], "three were counted, no more");
	});

	test("no call that another policy refused later", async (t) => {
		const { statuses, clock } = startLimited(t, [
			{ name: "quota", algorithm: "fixed-window", limit: 2, window: "hour" },
			{ name: "slow", limit: 1, windowMs: 1_000 },
		]);
		assert.deepEqual(await statuses(4), [200, 429, 429, 429]);
		clock.move(1_000);
		assert.deepEqual(await statuses(1), [200]);
	});

	test("no call that failed, where failures are refunded", async (t) => {
		const { statuses } = startLimited(t, { ...two, refund: true });
		const failures = await statuses(5, "/fails");
		assert.deepEqual(failures, [502, 502, 502, 502, 502]);
		assert.deepEqual(await statuses(3), [200, 200, 429]);
	});

	test("but refuses nothing in shadow, and tells", async (t) => {
		const { statuses, decisions } = startLimited(t, {
			...two,
			enforce: "shadow",
		});
		assert.deepEqual(await statuses(3), [200, 200, 200]);
		const told = decisions.map(({ outcome }) => outcome);
		assert.deepEqual(told, ["allowed", "allowed", "shadowed"]);
	});
});

test("each decision is told, with whom it is about", async (t) => {
	const { ask, decisions } = startLimited(t, {
		name: "per-user",
		by: "user",
		limits: undefined as never,
		limit: 1,
		window: "minute",
	} as RateLimitOptions);
	await ask(keyed("ada"));
	await ask(keyed("ada"));
	const limits = decisions.filter(({ kind }) => kind === "limit");
	assert.deepEqual(
		limits.map(({ name, outcome, subject }) => [name, outcome, subject]),
		[
			["per-user", "allowed", "ada"],
			["per-user", "refused", "ada"],
		],
	);
});

test("calls at the same time are as many as the limit, each place freed once", async (t) => {
	const waiting: (() => void)[] = [];
	let arrived = (): void => undefined;
	const gateway = createGateway({
		docs: false,
		policies: [rateLimit({ algorithm: "concurrency", limit: 2 })],
		routes: [
			route.get("/wait", {
				handler: () =>
					new Promise<string>((resolve) => {
						waiting.push(() => resolve("well"));
						arrived();
					}),
			}),
		],
	});
	const { url } = await startGateway(t, gateway);
	const reached = (count: number): Promise<void> =>
		new Promise((resolve) => {
			arrived = () => {
				if (waiting.length === count) resolve();
			};
			arrived();
		});
	const controller = new AbortController();
	const { signal } = controller;
	const first = fetch(`${url}/wait`, { signal }).catch(() => null);
	await reached(1);
	const second = fetch(`${url}/wait`);
	await reached(2);
	assert.equal((await fetch(`${url}/wait`)).status, 429);
	controller.abort();
	await first;
	// The place of a client that left is free as soon as the gateway has seen it leave.
	const third = (async () => {
		for (;;) {
			const answer = await fetch(`${url}/wait`);
			if (answer.status === 200) return answer;
		}
	})();
	await reached(3);
	assert.equal((await fetch(`${url}/wait`)).status, 429);
	for (const answer of waiting) answer();
	assert.equal((await second).status, 200);
	assert.equal((await third).status, 200);
});
