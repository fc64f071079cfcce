import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { WebSocket } from "ws";
import { connectRaw } from "../../helpers/raw-client.ts";
import {
	knownKey,
	type LogLine,
	type LogStage,
	startLog,
} from "./log-stage.ts";

/** Sends one request and gives the line about it, after which nothing else may be written. */
async function lineOf(stage: LogStage, request: string): Promise<LogLine> {
	const client = await connectRaw(stage);
	await client.send(request);
	const line = await stage.next();
	client.reset();
	return line;
}

function toRequest(line: string, ...fields: readonly string[]): string {
	return [`${line} HTTP/1.1`, "host: a", ...fields, "", ""].join("\r\n");
}

const json = "content-type: application/json";

suite("one line is written for a request that", () => {
	const cases: Record<string, [string, Partial<LogLine>]> = {
		"the service answers": [
			toRequest("GET /up/well?x=1"),
			{
				level: "info",
				path: "/up/well?x=1",
				route: "/up/*",
				status: 200,
				source: "upstream",
				upstreamStatus: 200,
				bytesOut: 4,
				address: "127.0.0.1",
			},
		],
		"a handler answers": [
			toRequest("GET /local"),
			{ status: 200, source: "gateway", route: "/local", bytesOut: 6 },
		],
		"no route takes": [
			toRequest("GET /nowhere"),
			{ status: 404, code: "ERR_NO_ROUTE", level: "info" },
		],
		"no route takes with this method": [
			toRequest("DELETE /local"),
			{ status: 405, code: "ERR_METHOD_NOT_ALLOWED", method: "DELETE" },
		],
		"is malformed": [
			toRequest("GET /local", "host: b"),
			{ status: 400, code: "ERR_BAD_REQUEST" },
		],
		"has a bad path value": [
			toRequest("GET /users/x"),
			{ status: 422, code: "ERR_VALIDATION", route: "/users/:id" },
		],
		"has a bad body": [
			`${toRequest("POST /body", json, "content-length: 2")}{}`,
			{ status: 422, code: "ERR_VALIDATION", bytesIn: 2 },
		],
		"has too large a body": [
			toRequest("POST /body", json, "content-length: 101"),
			{ status: 413, code: "ERR_BODY_TOO_LARGE", bytesIn: 0 },
		],
		"has no credential": [
			toRequest("GET /mine"),
			{ status: 401, auth: "absent", consumer: undefined },
		],
		"has a credential": [
			toRequest("GET /mine?k=planted-known-key"),
			{ status: 200, consumer: "ada", path: "/mine?k=[redacted]" },
		],
		"a dependency answers": [
			toRequest("GET /teapot?why=1"),
			{ status: 418, source: "gateway" },
		],
		"a limit refuses": [
			toRequest("GET /limited"),
			{ status: 429, limit: "refused", code: "ERR_RATE_LIMITED" },
		],
		"a handler refuses": [toRequest("GET /refuses"), { status: 403 }],
		"a handler fails on": [
			toRequest("GET /throws"),
			{ status: 500, level: "error", code: "ERR_INTERNAL" },
		],
		"the service resets": [
			toRequest("GET /up/reset"),
			{ status: 502, level: "error", upstreamStatus: undefined },
		],
		"reaches no service": [
			toRequest("GET /gone"),
			{ status: 503, upstream: "http://127.0.0.1:1" },
		],
		"the service is silent about": [
			toRequest("GET /up/silent"),
			{ status: 504, level: "error", source: "gateway" },
		],
		"is answered in part": [
			toRequest("GET /up/cut"),
			{ status: 200, incomplete: true, upstreamStatus: 200 },
		],
	};
	for (const [name, [request, expected]] of Object.entries(cases)) {
		test(name, async (t) => {
			const stage = await startLog(t);
			const line = await lineOf(stage, request);
			for (const [field, value] of Object.entries(expected)) {
				assert.equal(line[field as keyof LogLine], value, field);
			}
			assert.match(line.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
			assert.ok(line.durationMs >= line.overheadMs && line.overheadMs > 0);
			assert.equal(line.upstream === undefined, line.upstreamMs === undefined);
			await stage.close();
			assert.equal(stage.lines.length, 1);
		});
	}

	test("its client leaves", async (t) => {
		const stage = await startLog(t);
		const client = await connectRaw(stage);
		await client.send(toRequest("GET /up/silent"));
		setTimeout(() => client.reset(), 50);
		const line = await stage.next();
		assert.equal(line.status, 499);
		assert.equal(line.source, "client");
		assert.equal(line.incomplete, true);
		await stage.close();
		assert.equal(stage.lines.length, 1);
	});

	test("the cache answers", async (t) => {
		const stage = await startLog(t);
		const first = await lineOf(stage, toRequest("GET /cached"));
		const second = await lineOf(stage, toRequest("GET /cached"));
		assert.equal(first.cache, "miss");
		assert.equal(second.cache, "hit");
		assert.equal(second.upstream, undefined);
	});

	test("becomes a WebSocket, when that is closed", async (t) => {
		const stage = await startLog(t);
		const socket = new WebSocket(`ws://127.0.0.1:${stage.port}/chat`);
		await once(socket, "open");
		assert.equal(stage.lines.length, 0);
		socket.send("bye");
		await once(socket, "close");
		const line = await stage.next();
		assert.equal(line.status, 101);
		assert.ok(line.bytesIn > 0);
	});
});

test("no planted secret stands in any line, whatever becomes of the request", async (t) => {
	const stage = await startLog(t, { redactQuery: ["Own"] });
	const secrets = [
		"authorization: Bearer planted-token",
		"proxy-authorization: Basic planted-proxy",
		"cookie: sid=planted-cookie",
		`x-api-key: ${knownKey}`,
	];
	const query =
		"access_token=planted-a&own=planted-b&k=planted-known-key&Pass%77ord=planted-c&id_Token=planted-d";
	const body = '{"name":1,"secret":"planted-body"}';
	const paths = ["up/well", "up/reset", "up/cut", "gone", "local", "nowhere"];
	const more = ["users/x", "mine", "limited", "throws", "cached"];
	for (const path of [...paths, ...more]) {
		await lineOf(stage, toRequest(`GET /${path}?${query}`, ...secrets));
	}
	await lineOf(
		stage,
		`${toRequest(`POST /body?${query}`, ...secrets, json, `content-length: ${body.length}`)}${body}`,
	);
	await lineOf(stage, toRequest("GET /reset/planted-path", ...secrets));
	await stage.close();
	const all = stage.lines.join("") + JSON.stringify(stage.ownLog.lines);
	assert.equal(stage.lines.length, paths.length + more.length + 2);
	assert.doesNotMatch(all, /planted/);
	assert.match(all, /access_token=\[redacted\]/);
});
