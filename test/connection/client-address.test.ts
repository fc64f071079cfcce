import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { createGateway, route } from "../../src/index.ts";
import { own, startStage as start } from "./stage.ts";

suite("ipHeader", () => {
	const options = { ipHeader: "CF-Connecting-IP" };

	test("names the client where a trusted peer sends it", async (t) => {
		const ask = await start(t, options);
		const got = await ask(
			"cf-connecting-ip: 203.0.113.9",
			"X-Forwarded-For: 6.6.6.6",
			"X-Forwarded-Proto: https",
		);
		assert.equal(got.address, "203.0.113.9");
		assert.equal(got.headers["x-forwarded-for"], `203.0.113.9, ${own}`);
		assert.match(got.headers.forwarded ?? "", /^for=203\.0\.113\.9;/);
		assert.equal(got.headers["cf-connecting-ip"], "203.0.113.9");
		assert.equal(got.origin, "https://gate.example");
	});

	test("keeps the chain that has its address", async (t) => {
		const ask = await start(t, options);
		const got = await ask(
			"CF-Connecting-IP: 203.0.113.9",
			"X-Forwarded-For: 203.0.113.9, 198.51.100.1",
		);
		assert.equal(got.address, "203.0.113.9");
		const chain = `203.0.113.9, 198.51.100.1, ${own}`;
		assert.equal(got.headers["x-forwarded-for"], chain);
	});

	test("may be x-real-ip", async (t) => {
		const ask = await start(t, { ipHeader: "x-real-ip" });
		const got = await ask("X-Real-IP: 2001:db8::1");
		assert.equal(got.address, "2001:db8::1");
	});

	test("gives way to the chain where it is absent or in doubt", async (t) => {
		const ask = await start(t, options);
		const chain = "X-Forwarded-For: 203.0.113.7";
		for (const lines of [
			[],
			["CF-Connecting-IP: nobody"],
			["CF-Connecting-IP: 6.6.6.6, 7.7.7.7"],
			["CF-Connecting-IP: 6.6.6.6", "CF-Connecting-IP: 7.7.7.7"],
		]) {
			assert.equal((await ask(chain, ...lines)).address, "203.0.113.7");
		}
	});

	test("is dropped from any other peer, in every spelling, and cannot be taken off", async (t) => {
		const other = await start(t, {
			...options,
			trustedProxies: ["10.0.0.0/8"],
		});
		const spellings = [
			"CF-Connecting-IP",
			"cf_connecting_ip",
			"CF.Connecting.IP",
		];
		const lines = spellings.map((name) => `${name}: 6.6.6.6`);
		const got = await other(...lines);
		assert.equal(got.address, own);
		assert.ok(!got.rawHeaders.includes("6.6.6.6"));
		const ask = await start(t, options);
		const named = await ask(
			"CF-Connecting-IP: 203.0.113.9",
			"CF_Connecting_IP: 6.6.6.6",
			"Connection: cf-connecting-ip",
		);
		assert.equal(named.address, "203.0.113.9");
		assert.ok(!named.rawHeaders.includes("6.6.6.6"));
	});

	test("is checked at the start", () => {
		const make = (more: object) => () => createGateway({ routes: [], ...more });
		assert.throws(make(options), /ipHeader needs trustedProxies/);
		const trustedProxies = ["10.0.0.1"];
		assert.throws(
			make({ ipHeader: "a b", trustedProxies }),
			/ipHeader must be the name of one header/,
		);
	});
});

suite("a peer on a Unix socket", () => {
	const listen = async (
		t: TestContext,
		trustedProxies: readonly string[],
	): Promise<(lines: Record<string, string>) => Promise<string>> => {
		const directory = mkdtempSync(join(tmpdir(), "headgate-"));
		t.after(() => rmSync(directory, { recursive: true, force: true }));
		const path = join(directory, "gateway.sock");
		const gateway = createGateway({
			docs: false,
			trustedProxies,
			routes: [
				route.get("/", {
					handler: (ctx) => [ctx.address, ctx.origin, ctx.isPeerTrusted],
				}),
			],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		await gateway.listen({ path });
		return (headers) =>
			new Promise((resolve, reject) => {
				const options = { socketPath: path, path: "/", headers, agent: false };
				const request = httpRequest(options, async (response) => {
					let text = "";
					for await (const chunk of response) text += chunk;
					resolve(text);
				});
				request.on("error", reject).end();
			});
	};
	const lines = {
		host: "a.example",
		"x-forwarded-for": "203.0.113.7",
		"x-forwarded-proto": "https",
	};

	test("is believed where 'unix' is trusted", async (t) => {
		const ask = await listen(t, ["unix"]);
		assert.deepEqual(JSON.parse(await ask(lines)), [
			...["203.0.113.7", "https://a.example", true],
		]);
	});

	test("and not otherwise", async (t) => {
		const ask = await listen(t, ["0.0.0.0/0", "::/0"]);
		assert.deepEqual(JSON.parse(await ask(lines)), [
			...["unknown", "http://a.example", false],
		]);
	});

	test("while 'unix' believes nobody who comes over TCP", async (t) => {
		const ask = await start(t, { trustedProxies: ["unix"] });
		const got = await ask("X-Forwarded-For: 203.0.113.7");
		assert.equal(got.address, own);
	});
});
