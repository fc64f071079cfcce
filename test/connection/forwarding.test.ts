import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { own, startStage as start } from "./stage.ts";

interface Case {
	readonly name: string;
	readonly lines: readonly string[];
	readonly address: string;
	readonly origin: string;
	readonly sent: readonly [
		xForwardedFor: string,
		host: string,
		proto: string,
		forwarded: string,
	];
}

const cases: readonly Case[] = [
	{
		name: "x-forwarded-* alone",
		lines: [
			"X-Forwarded-For: 203.0.113.7",
			"X-Forwarded-Proto: https",
			"X-Forwarded-Host: App.example",
		],
		address: "203.0.113.7",
		origin: "https://app.example",
		sent: [
			`203.0.113.7, ${own}`,
			"App.example",
			"https",
			`for=203.0.113.7;host=App.example;proto=https, for=${own};host=App.example;proto=https`,
		],
	},
	{
		name: "forwarded alone",
		lines: ["Forwarded: for=203.0.113.7;proto=https;host=app.example"],
		address: "203.0.113.7",
		origin: "https://app.example",
		sent: [
			`203.0.113.7, ${own}`,
			"app.example",
			"https",
			`for=203.0.113.7;host=app.example;proto=https, for=${own};host=app.example;proto=https`,
		],
	},
	{
		name: "both: forwarded is discarded",
		lines: [
			"Forwarded: for=6.6.6.6;proto=http;host=evil.example",
			"X-Forwarded-For: 203.0.113.7",
			"X-Forwarded-Proto: https",
		],
		address: "203.0.113.7",
		origin: "https://gate.example",
		sent: [
			`203.0.113.7, ${own}`,
			"gate.example",
			"https",
			`for=203.0.113.7;host=gate.example;proto=https, for=${own};host=gate.example;proto=https`,
		],
	},
	{
		name: "forwarded beside a host of the other family, which is discarded",
		lines: [
			"Forwarded: for=203.0.113.7",
			"X-Forwarded-Host: evil.example",
			"X-Forwarded-Proto: https",
		],
		address: "203.0.113.7",
		origin: "http://gate.example",
		sent: [
			`203.0.113.7, ${own}`,
			"gate.example",
			"http",
			`for=203.0.113.7;host=gate.example;proto=http, for=${own};host=gate.example;proto=http`,
		],
	},
	{
		name: "lists as long as the addresses: the values of the client's place",
		lines: [
			"X-Forwarded-For: 6.6.6.6, 203.0.113.7",
			"X-Forwarded-For: 10.0.0.1",
			"X-Forwarded-Proto: http, https, http",
			"X-Forwarded-Host: evil.example, app.example, inner",
		],
		address: "203.0.113.7",
		origin: "https://app.example",
		sent: [
			`6.6.6.6, 203.0.113.7, 10.0.0.1, ${own}`,
			"app.example",
			"https",
			["6.6.6.6", "203.0.113.7", "10.0.0.1", own]
				.map((hop) => `for=${hop};host=app.example;proto=https`)
				.join(", "),
		],
	},
	{
		name: "lists of another length: the last value",
		lines: [
			"X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.1",
			"X-Forwarded-Proto: http, https",
			"X-Forwarded-Host: evil.example, app.example",
		],
		address: "203.0.113.7",
		origin: "https://app.example",
		sent: [
			`6.6.6.6, 203.0.113.7, 10.0.0.1, ${own}`,
			"app.example",
			"https",
			["6.6.6.6", "203.0.113.7", "10.0.0.1", own]
				.map((hop) => `for=${hop};host=app.example;proto=https`)
				.join(", "),
		],
	},
	{
		name: "invalid values: the socket's",
		lines: [
			"X-Forwarded-For: 203.0.113.7",
			"X-Forwarded-Proto: javascript",
			"X-Forwarded-Host: a/b@c",
		],
		address: "203.0.113.7",
		origin: "http://gate.example",
		sent: [
			`203.0.113.7, ${own}`,
			"gate.example",
			"http",
			`for=203.0.113.7;host=gate.example;proto=http, for=${own};host=gate.example;proto=http`,
		],
	},
	{
		name: "a scheme and a host without addresses",
		lines: ["X-Forwarded-Proto: wss", "X-Forwarded-Host: app.example:8443"],
		address: own,
		origin: "https://app.example:8443",
		sent: [
			own,
			"app.example:8443",
			"https",
			`for=${own};host="app.example:8443";proto=https`,
		],
	},
	{
		name: "an address of IPv6 with a port",
		lines: ['Forwarded: For="[2001:db8::7]:4711";Proto=HTTPS'],
		address: "2001:db8::7",
		origin: "https://gate.example",
		sent: [
			`2001:db8::7, ${own}`,
			"gate.example",
			"https",
			`for="[2001:db8::7]";host=gate.example;proto=https, for=${own};host=gate.example;proto=https`,
		],
	},
	{
		name: "a hop without an address: what is left of it is not believed",
		lines: ["X-Forwarded-For: 203.0.113.7, not an address, 10.0.0.1"],
		address: "10.0.0.1",
		origin: "http://gate.example",
		sent: [
			`203.0.113.7, not an address, 10.0.0.1, ${own}`,
			"gate.example",
			"http",
			["203.0.113.7", "unknown", "10.0.0.1", own]
				.map((hop) => `for=${hop};host=gate.example;proto=http`)
				.join(", "),
		],
	},
	{
		name: "a quotation of the client's that swallows what the proxy appended",
		lines: ['Forwarded: host=evil;proto=https;for="x, for=203.0.113.7'],
		address: own,
		origin: "http://gate.example",
		sent: [
			`unknown, ${own}`,
			"gate.example",
			"http",
			`for=unknown;host=gate.example;proto=http, for=${own};host=gate.example;proto=http`,
		],
	},
];

suite("the chain of a trusted peer", () => {
	for (const { name, lines, address, origin, sent } of cases) {
		test(name, async (t) => {
			const ask = await start(t);
			const got = await ask(...lines);
			assert.deepEqual([got.address, got.origin], [address, origin]);
			const names = [
				...["x-forwarded-for", "x-forwarded-host"],
				...["x-forwarded-proto", "forwarded"],
			];
			assert.deepEqual(
				names.map((header) => got.headers[header]),
				sent,
			);
			const lower = got.rawHeaders.map((part) => part.toLowerCase());
			for (const header of names) {
				assert.equal(lower.filter((one) => one === header).length, 1, header);
			}
		});
	}

	test("a chain of thousands stays small on its way to the service", async (t) => {
		const ask = await start(t);
		const { headers } = await ask(
			`X-Forwarded-For: ${"1,".repeat(5_000)}203.0.113.7`,
			`X-Forwarded-Host: ${"a".repeat(1_000)}`,
		);
		assert.match(
			headers["x-forwarded-for"] ?? "",
			/^(1, ){49}203\.0\.113\.7, /,
		);
		assert.equal(headers["x-forwarded-host"], "gate.example");
		assert.ok((headers.forwarded ?? "").length < 5_000);
	});

	test("every other x-forwarded-* header and x-real-ip are kept as received", async (t) => {
		const ask = await start(t);
		const kept = [
			...["Port", "Prefix", "User", "Email", "Access-Token", "Client-Cert"],
			...["Ssl", "Uri", "Groups", "Tls-Client-Cert"],
		].map((name) => `X-Forwarded-${name}`);
		const lines = [...kept, "X-Real-IP"].map((name) => `${name}: v`);
		const { rawHeaders } = await ask(...lines, "X-Forwarded-User: w");
		for (const name of [...kept, "X-Real-IP"]) {
			assert.ok(rawHeaders.includes(name), name);
		}
		const users = rawHeaders.filter(
			(_, i) => rawHeaders[i - 1] === "X-Forwarded-User",
		);
		assert.deepEqual(users, ["v", "w"]);
	});

	test("a spelling with other separators is dropped", async (t) => {
		const ask = await start(t);
		const names = [
			...["X_Forwarded_For", "X.Forwarded.For", "X-Forwarded_User"],
			...["x-forwarded.proto", "X_Real_IP", "x!forwarded!host"],
		];
		const { rawHeaders, address } = await ask(
			...names.map((name) => `${name}: 6.6.6.6`),
		);
		assert.ok(!rawHeaders.includes("6.6.6.6"));
		assert.equal(address, own);
	});

	test("an untrusted peer is not believed in any of it", async (t) => {
		const ask = await start(t, { trustedProxies: ["10.0.0.0/8"] });
		const { rawHeaders, address, origin } = await ask(
			"X-Forwarded-For: 6.6.6.6",
			"X-Forwarded-Host: 6.6.6.6",
			"X-Forwarded-User: 6.6.6.6",
			"X-Real-IP: 6.6.6.6",
			"Forwarded: for=6.6.6.6;host=6.6.6.6",
		);
		assert.ok(!rawHeaders.some((part) => part.includes("6.6.6.6")));
		assert.deepEqual([address, origin], [own, "http://gate.example"]);
	});
});

suite("the upstream option forwarded", () => {
	const lines = ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-Port: 444"];
	for (const [forwarded, names] of [
		["x-forwarded", ["x-forwarded-for", "x-forwarded-host"]],
		["forwarded", ["forwarded"]],
		["none", []],
	] as const) {
		test(forwarded, async (t) => {
			const ask = await start(t, {}, { forwarded });
			const { headers } = await ask(...lines);
			const all = ["forwarded", "x-forwarded-for", "x-forwarded-host"];
			assert.deepEqual(
				all.filter((name) => headers[name] !== undefined),
				names,
			);
			assert.equal(headers["x-forwarded-port"], "444");
		});
	}
});
