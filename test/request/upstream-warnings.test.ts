import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { failure } from "../../src/http/errors.ts";
import { createGateway, route } from "../../src/index.ts";
import { accessLog } from "../../src/policies/observability/log/access-log.ts";
import { UpstreamWarnings } from "../../src/request/upstream-warnings.ts";

test("why a service cannot be reached is in the log, and in no response", async () => {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	const warnings: object[] = [];
	const lines: string[] = [];
	const gateway = createGateway({
		docs: false,
		routes: [route.get("/x", { upstream: `http://127.0.0.1:${port}` })],
		policies: [
			accessLog({ destination: { write: (line) => lines.push(line) } }),
		],
		logger: {
			error: () => undefined,
			info: () => undefined,
			warn: (details, message) => warnings.push({ ...details, message }),
		},
	});
	const replies = [await gateway.inject("/x"), await gateway.inject("/x")];
	await gateway.close();
	for (const { status, body } of replies) {
		assert.equal(status, 503);
		assert.doesNotMatch(String(body), /ECONNREFUSED|127\.0\.0\.1/);
	}
	assert.deepEqual(warnings, [
		{
			upstream: `127.0.0.1:${port}`,
			code: "ERR_UPSTREAM_UNREACHABLE",
			cause: "ECONNREFUSED",
			reason: `connect ECONNREFUSED 127.0.0.1:${port}`,
			message: "calls to an upstream fail",
		},
	]);
	const entries = lines
		.join("")
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	assert.deepEqual(
		entries.map(({ cause }) => cause),
		Array(2).fill(`ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:${port}`),
	);
});

test("each upstream and cause is warned of once a minute", () => {
	let nowMs = 0;
	const warned: unknown[] = [];
	const warnings = new UpstreamWarnings(
		{
			error: () => undefined,
			info: () => undefined,
			warn: (details) =>
				warned.push(Object.values(details).slice(0, 3).join(" ")),
		},
		() => nowMs,
	);
	const fail = (upstream: string, code: string): void => {
		const cause = Object.assign(new Error(code), { code });
		warnings.onFailure(upstream, failure("ERR_UPSTREAM_RESET", { cause }));
	};
	fail("a", "ECONNRESET");
	fail("a", "ECONNRESET");
	fail("a", "EPIPE");
	fail("b", "ECONNRESET");
	nowMs = 59_999;
	fail("a", "ECONNRESET");
	nowMs = 60_000;
	fail("a", "ECONNRESET");
	assert.deepEqual(warned, [
		"a ERR_UPSTREAM_RESET ECONNRESET",
		"a ERR_UPSTREAM_RESET EPIPE",
		"b ERR_UPSTREAM_RESET ECONNRESET",
		"a ERR_UPSTREAM_RESET ECONNRESET",
	]);
	warnings.onFailure("a", failure("ERR_CLIENT_GONE"));
	assert.equal(warned.length, 4);
});
