import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type GatewayOptions,
	route,
} from "../../../src/index.ts";
import {
	type ConsumerSource,
	type PlansOptions,
	plans,
} from "../../../src/policies/plans/plans.ts";
import { startGateway } from "../../../src/testing.ts";
import { type Echo, startEcho } from "../../helpers/echo.ts";
import { connectRaw } from "../../helpers/raw-client.ts";
import { callers } from "./plans-stage.ts";

const consumers = [
	{ id: "bob", plan: "free" },
	{ id: "café 100%\n", plans: ["free", "pro"] },
];

/** A gateway with plans in front of a service that answers with what it got. */
async function start(
	t: TestContext,
	options: Partial<PlansOptions> = {},
	more: Partial<GatewayOptions> = {},
): Promise<string> {
	const service = await startEcho(t);
	const caller = callers([
		consumers[0] as { id: string },
		{ ...(consumers[1] as { id: string }), id: "odd" },
	]);
	const gateway = createGateway({
		docs: false,
		...more,
		policies: [
			plans({
				anonymous: "open",
				consumer: caller,
				plans: {
					open: { limits: [{ limit: 1, window: "hour" }] },
					free: {},
					pro: {},
				},
				...options,
			}),
		],
		routes: [
			route.all("/*", { upstream: service.url, dependencies: { caller } }),
		],
	});
	return (await startGateway(t, gateway)).url;
}

type Headers = Readonly<Record<string, string>>;

async function consumerSeen(url: string, headers: Headers): Promise<unknown> {
	const res = await fetch(url, { headers });
	const { headers: got } = (await res.json()) as Echo;
	return [got["x-consumer-id"] ?? null, got["x-consumer-plan"] ?? null];
}

suite("the service is told", () => {
	test("who calls and by which plan, whatever the client says of itself", async (t) => {
		const url = await start(t);
		const lies = { "X-Consumer-Id": "admin", "x-consumer-plan": "pro" };
		const key = { "x-api-key": "bob", ...lies };
		assert.deepEqual(await consumerSeen(url, key), ["bob", "free"]);
		assert.deepEqual(await consumerSeen(url, lies), [null, null]);
	});

	test("who calls, though the client writes the names as CGI has them", async (t) => {
		const url = await start(t);
		const lies = { x_consumer_id: "admin", "X-Consumer_Plan": "pro" };
		for (const key of [{ "x-api-key": "bob" }, {}]) {
			const res = await fetch(url, { headers: { ...key, ...lies } });
			assert.doesNotMatch(await res.text(), /admin|pro"/);
		}
	});

	test("all of the plans, in the order in which they are written", async (t) => {
		const url = await start(t);
		const seen = await consumerSeen(url, { "x-api-key": "odd" });
		assert.deepEqual(seen, ["odd", "free, pro"]);
	});

	test("an id that no header can carry, percent-encoded", async (t) => {
		const consumer: ConsumerSource = () => consumers[1];
		const url = await start(t, { consumer });
		const [id] = (await consumerSeen(url, {})) as string[];
		assert.equal(id, "caf%C3%A9%20100%25%0A");
		assert.equal(decodeURIComponent(id as string), consumers[1]?.id);
	});

	test("nothing where that is off, and nothing by the client either", async (t) => {
		const url = await start(t, { tellService: false });
		const headers = { "x-api-key": "bob", "x-consumer-id": "admin" };
		assert.deepEqual(await consumerSeen(url, headers), [null, null]);
	});

	test("who calls, though the client names the headers as its connection's own", async (t) => {
		const url = await start(t);
		const text = await answerTo(
			url,
			"GET / HTTP/1.1\r\nhost: a\r\nx-api-key: bob\r\nconnection: x-consumer-id, x-consumer-plan\r\nx-consumer-id: admin\r\n\r\n",
		);
		assert.match(text, /"x-consumer-id":"bob"/);
		assert.match(text, /"x-consumer-plan":"free"/);
		assert.doesNotMatch(text, /admin/);
	});
});

suite("nobody is counted", () => {
	async function statuses(
		url: string,
		chains: readonly string[],
	): Promise<number[]> {
		const found: number[] = [];
		for (const chain of chains) {
			const headers = { "x-forwarded-for": chain };
			const res = await fetch(url, { headers });
			await res.arrayBuffer();
			found.push(res.status);
		}
		return found;
	}

	test("by address, which a client can not invent", async (t) => {
		const url = await start(t);
		const chains = ["192.0.2.1", "192.0.2.2"];
		assert.deepEqual(await statuses(url, chains), [200, 429]);
	});

	test("by the address that a trusted proxy tells, of IPv6 by its network", async (t) => {
		const url = await start(t, {}, { trustedProxies: ["127.0.0.1"] });
		const chains = [
			...["192.0.2.1", "192.0.2.2", "192.0.2.1"],
			...["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"],
		];
		assert.deepEqual(
			await statuses(url, chains),
			[200, 200, 429, 200, 429, 200],
		);
	});

	test("apart from a consumer whose id is an address", async (t) => {
		const consumer: ConsumerSource = (ctx) =>
			ctx.req.headers["x-as"] === undefined
				? null
				: { id: "127.0.0.1", plan: "open" };
		const url = await start(t, { consumer });
		const [nobody, somebody] = [
			await fetch(url),
			await fetch(url, { headers: { "x-as": "1" } }),
		];
		assert.deepEqual([nobody.status, somebody.status], [200, 200]);
		assert.equal((await fetch(url)).status, 429);
	});
});

test("a refused upload is answered before its first byte is sent", async (t) => {
	const url = await start(t, {
		plans: { open: { routes: { "ALL /*": { deny: true } } } },
	});
	const text = await answerTo(
		url,
		"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000000\r\n\r\n",
	);
	assert.match(text, /ERR_FORBIDDEN/);
});

/** The body of the answer to what stands there, byte for byte. */
async function answerTo(url: string, text: string): Promise<string> {
	await using client = await connectRaw({ port: Number(new URL(url).port) });
	await client.send(text);
	return (await client.readResponse()).body.toString();
}
