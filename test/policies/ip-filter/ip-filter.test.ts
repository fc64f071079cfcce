import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type Decision,
	decisionsOf,
	type Policy,
	reply,
	route,
} from "../../../src/index.ts";
import {
	type IpFilterOptions,
	ipFilter,
} from "../../../src/policies/ip-filter/ip-filter.ts";
import { startGateway } from "../../../src/testing.ts";
import { checkDocument, operationAt } from "../../openapi/document-of.ts";

const decisions: Decision[] = [];
const keep: Policy = {
	name: "keep",
	forRoute: () => ({
		onFinish: (ctx) => void decisions.push(...decisionsOf(ctx)),
	}),
};

/** Tells of each address whether a gateway behind a trusted proxy lets it in. */
async function passing(
	t: TestContext,
	options: IpFilterOptions,
	addresses: readonly string[],
): Promise<string[]> {
	const gateway = createGateway({
		docs: false,
		policies: [keep, ipFilter(options)],
		trustedProxies: ["127.0.0.1"],
		routes: [route.get("/", { handler: () => reply(204) })],
	});
	const { url } = await startGateway(t, gateway);
	const passed: string[] = [];
	for (const address of addresses) {
		const headers = { "x-forwarded-for": address };
		const { status } = await fetch(url, { headers });
		assert.ok(status === 204 || status === 403, `${address}: ${status}`);
		if (status === 204) passed.push(address);
	}
	return passed;
}

suite("an IP filter", () => {
	test("lets in the networks that are allowed, to the bit", async (t) => {
		const allow = ["203.0.113.128/25", "198.51.100.7", "2001:db8:8000::/33"];
		const inside = [
			"203.0.113.128",
			"203.0.113.255",
			"198.51.100.7",
			"2001:db8:8000::1",
			"2001:db8:ffff:ffff::",
		];
		const outside = [
			"203.0.113.127",
			"203.0.114.128",
			"198.51.100.8",
			"2001:db8:7fff::1",
			"2001:db9:8000::1",
			"::1",
		];
		const passed = await passing(t, { allow }, [...inside, ...outside]);
		assert.deepEqual(passed, inside);
	});

	test("lets all in but those that are denied", async (t) => {
		const deny = ["10.0.0.0/8", "::/0"];
		const passed = await passing(t, { deny }, ["9.1.1.1", "10.1.1.1", "::1"]);
		assert.deepEqual(passed, ["9.1.1.1"]);
	});

	test("denies what is both allowed and denied", async (t) => {
		const lists = { allow: ["10.0.0.0/8"], deny: ["10.9.0.0/16"] };
		const passed = await passing(t, lists, ["10.8.1.1", "10.9.1.1"]);
		assert.deepEqual(passed, ["10.8.1.1"]);
	});

	test("takes an IPv4 address for the same one however it is written", async (t) => {
		const spellings = [
			"10.1.2.3",
			"::ffff:10.1.2.3",
			"::ffff:a01:203",
			"::FFFF:0a01:0203",
			"0:0:0:0:0:ffff:10.1.2.3",
		];
		for (const network of ["10.0.0.0/8", "::ffff:10.0.0.0/104"]) {
			const allow = [network];
			assert.deepEqual(await passing(t, { allow }, spellings), spellings);
			assert.deepEqual(await passing(t, { deny: allow }, spellings), []);
		}
	});

	test("does not let IPv4 in with all of IPv6, or the other way round", async (t) => {
		const all = ["10.1.2.3", "::ffff:a01:203", "::1"];
		assert.deepEqual(await passing(t, { allow: ["::/0"] }, all), ["::1"]);
		const passed = await passing(t, { allow: ["0.0.0.0/0"] }, all);
		assert.deepEqual(passed, all.slice(0, 2));
	});

	test("looks at the address of an interface without its zone", async (t) => {
		const passed = await passing(t, { deny: ["fe80::/10"] }, ["fe80::1%eth0"]);
		assert.deepEqual(passed, []);
	});

	test("does not believe a client that no proxy speaks for", async (t) => {
		const gateway = createGateway({
			docs: false,
			policies: [ipFilter({ allow: ["203.0.113.1"] })],
			routes: [route.get("/", { handler: () => reply(204) })],
		});
		const { url } = await startGateway(t, gateway);
		const headers = { "x-forwarded-for": "203.0.113.1" };
		const res = await fetch(url, { headers });
		assert.equal(res.status, 403);
		const body = (await res.json()) as Record<string, unknown>;
		assert.equal(body.code, "ERR_FORBIDDEN");
	});

	test("is told of where it refuses", async (t) => {
		decisions.length = 0;
		const lists = { allow: ["10.0.0.0/8"], deny: ["10.9.0.0/16"] };
		await passing(t, lists, ["10.8.1.1", "10.9.1.1", "11.1.1.1"]);
		assert.deepEqual(
			decisions.map(({ kind, outcome, reason }) => [kind, outcome, reason]),
			[
				["ip-filter", "refused", "denied"],
				["ip-filter", "refused", "not-allowed"],
			],
		);
	});

	test("is in the docs of its routes", async () => {
		const policies = [ipFilter({ deny: ["10.0.0.0/8"] })];
		const gateway = createGateway({
			routes: [route.get("/", { policies, handler: () => 1 })],
		});
		await checkDocument(gateway.openapi());
		const { responses } = operationAt(gateway.openapi(), "GET", "/");
		assert.ok("403" in responses);
	});
});

suite("lists that can not be meant fail at start-up:", () => {
	const cases: readonly [string, IpFilterOptions, RegExp][] = [
		["none", {}, /give it allow, deny or both/],
		["an empty allow", { allow: [] }, /lets nobody in/],
		["a name", { deny: ["localhost"] }, /deny: "localhost"/],
		["nothing", { deny: [""] }, /deny\[0\] must be a string that is not empty/],
		[
			"a prefix too long",
			{ allow: ["10.0.0.0/33"] },
			/"10.0.0.0\/33" .*0\.\.32/,
		],
		["a prefix too long", { allow: ["::/129"] }, /0\.\.128/],
		[
			"a misspelt list",
			{ denied: ["10.0.0.0/8"], allow: ["::/0"] } as never,
			/"denied"/,
		],
		["no prefix", { allow: ["10.0.0.0/"] }, /prefix/],
		["a prefix that is no number", { allow: ["10.0.0.0/1e1"] }, /prefix/],
		["two prefixes", { allow: ["10.0.0.0/8/8"] }, /no network/],
		["three parts", { allow: ["10.0.0/24"] }, /no network/],
		["octal parts", { allow: ["010.0.0.1"] }, /no address/],
		["a zone", { allow: ["fe80::1%eth0"] }, /no address/],
		["bits behind it", { allow: ["10.0.0.1/8"] }, /bits behind its prefix/],
		["bits behind it", { allow: ["2001:db8::1/64"] }, /bits behind its prefix/],
		["a mask", { allow: ["10.0.0.0/255.0.0.0"] }, /prefix/],
	];
	for (const [name, options, expected] of cases) {
		test(`${name}, ${JSON.stringify(options)}`, () => {
			assert.throws(() => ipFilter(options), expected);
		});
	}
});
