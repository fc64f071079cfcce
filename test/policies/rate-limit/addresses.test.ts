import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createGateway, route } from "../../../src/index.ts";
import { addressKey } from "../../../src/policies/rate-limit/keys.ts";
import { toLimit } from "../../../src/policies/rate-limit/limit.ts";
import { rateLimit } from "../../../src/policies/rate-limit/rate-limit.ts";
import { memoryStore } from "../../../src/policies/rate-limit/store/memory-store.ts";
import { startGateway } from "../../../src/testing.ts";
import { connectRaw } from "../../helpers/raw-client.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
setFlagsFromString("--no-expose-gc");

suite("an address counts as", () => {
	const same: readonly [string, string, string][] = [
		["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "one network of IPv6"],
		["2001:DB8:1:2::1", "2001:db8:0001:0002::1", "itself however written"],
		["::ffff:192.0.2.1", "192.0.2.1", "the IPv4 address within"],
		["::ffff:c000:201", "192.0.2.1", "the IPv4 address in hexadecimal"],
		["fe80::1%eth0", "fe80::2", "its network without the zone"],
	];
	for (const [one, other, what] of same) {
		test(what, () => assert.equal(addressKey(one), addressKey(other)));
	}

	test("another where it is of another network", () => {
		assert.notEqual(
			addressKey("2001:db8:1:2::1"),
			addressKey("2001:db8:1:3::1"),
		);
		assert.notEqual(addressKey("192.0.2.1"), addressKey("192.0.2.2"));
		assert.notEqual(addressKey("::1"), addressKey("0.0.0.1"));
	});
});

async function statusesBehind(
	t: Parameters<typeof startGateway>[0],
	trustedProxies: readonly string[],
	chains: readonly string[],
): Promise<number[]> {
	const gateway = createGateway({
		docs: false,
		trustedProxies,
		policies: [rateLimit({ limit: 1, window: "hour" })],
		routes: [route.get("/", { handler: () => "well" })],
	});
	const { url } = await startGateway(t, gateway);
	const found: number[] = [];
	for (const chain of chains) {
		const headers = { "x-forwarded-for": chain };
		found.push((await fetch(url, { headers })).status);
	}
	return found;
}

test("a client that invents addresses stays one client", async (t) => {
	const chains = ["192.0.2.1", "192.0.2.2", "192.0.2.3, 192.0.2.4"];
	assert.deepEqual(await statusesBehind(t, [], chains), [200, 429, 429]);
});

test("clients behind a trusted proxy are told apart, by what that proxy saw", async (t) => {
	const chains = ["192.0.2.1", "192.0.2.2", "6.6.6.6, 192.0.2.1"];
	const found = await statusesBehind(t, ["127.0.0.1"], chains);
	assert.deepEqual(found, [200, 200, 429]);
});

test("a million keys stay within the bound, and the busy one is not forgotten", () => {
	let nowMs = 0;
	const store = memoryStore({ maxKeys: 10_000, now: () => nowMs });
	const limit = toLimit({ limit: 5, window: "hour" }, "test");
	const take = (key: string): boolean => {
		const taken = store.take([{ limit, key, cost: 1 }], key);
		assert.ok(!(taken instanceof Promise));
		return taken.isAllowed;
	};
	for (let i = 0; i < 5; i++) assert.ok(take("busy"));
	collectGarbage();
	const before = process.memoryUsage().heapUsed;
	for (let i = 0; i < 1_000_000; i++) {
		take(`key-${i}`);
		if (i % 1_000 === 0) {
			nowMs++;
			assert.ok(!take("busy"), `forgotten after ${i} keys`);
		}
	}
	collectGarbage();
	// 10,000 counters of about 250 bytes, in a map with room for twice as many.
	const grown = process.memoryUsage().heapUsed - before;
	assert.ok(grown < 8 * 1024 * 1024, `${grown} bytes`);
	assert.ok(!take("busy"), "the store is still there to be measured");
});

test("the body of a refused upload of 100 MB is not asked for", async (t) => {
	const gateway = createGateway({
		docs: false,
		policies: [rateLimit({ limit: 0, window: "hour" })],
		routes: [route.post("/", { upstream: "http://127.0.0.1:1" })],
	});
	const { port } = await startGateway(t, gateway);
	const client = await connectRaw({ port });
	await client.send(
		"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000000\r\nexpect: 100-continue\r\n\r\n",
	);
	const { status, informational } = await client.readResponse("POST");
	assert.equal(status, 429);
	assert.equal(informational.length, 0, "the body was asked for");
	await client.close();
});
