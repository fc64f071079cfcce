import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Outcome } from "../../src/index.ts";
import { problem, type Stage, start } from "../helpers/outcome-stage.ts";
import { connectRaw, type RawClient } from "../helpers/raw-client.ts";

/** Waits for the outcome, and until nothing is left that could tell another. */
async function outcomeOf(stage: Stage): Promise<Outcome> {
	await stage.finished.opened;
	await stage.close();
	assert.equal(stage.outcomes.length, 1, "told more than once");
	return stage.outcomes[0] as Outcome;
}

function requestOf(line: string, ...fields: readonly string[]): string {
	return [`${line} HTTP/1.1`, "host: a", ...fields, "", ""].join("\r\n");
}

type Expected = Partial<Omit<Outcome, "durationMs" | "upstream">> & {
	readonly upstream?: "service" | "elsewhere" | null;
};

function assertOutcome(
	outcome: Outcome,
	stage: Stage,
	expected: Expected,
): void {
	const { durationMs, overheadMs, upstreamMs, upstreamHeadMs, ...told } =
		outcome;
	const { error, bytesIn, bytesOut, ...rest } = told;
	const { upstream: target = null, error: cause, ...others } = expected;
	assert.deepEqual(rest, {
		source: "gateway",
		code: null,
		complete: true,
		attempts: target === null ? 0 : 1,
		upstreamStatus: null,
		...others,
		upstream:
			target === "service"
				? stage.origin
				: target === "elsewhere"
					? "http://127.0.0.1:1"
					: null,
	});
	assert.ok(durationMs > 0 && durationMs < 5_000, `${durationMs} ms`);
	assert.ok(overheadMs > 0 && overheadMs <= durationMs, `${overheadMs} ms`);
	assert.equal(upstreamMs === null, target === null);
	assert.ok(overheadMs + (upstreamMs ?? 0) <= durationMs + 0.1);
	assert.equal(upstreamHeadMs === null, rest.upstreamStatus === null);
	assert.ok(bytesIn >= 0 && bytesOut >= 0);
	assert.equal(outcome.steps, null);
	if (rest.code === null) assert.equal(error, null);
	else if (cause !== undefined) assert.equal(error, cause);
	else assert.ok(error instanceof Error);
}

suite("onFinish is told once, of", () => {
	const cases: Record<string, [string, Expected]> = {
		"an answer of a handler": [requestOf("GET /local"), { status: 200 }],
		"an answer without its body": [requestOf("HEAD /local"), { status: 200 }],
		"an answer of the service": [
			requestOf("GET /up/ok"),
			{
				status: 200,
				upstreamStatus: 200,
				source: "upstream",
				upstream: "service",
			},
		],
		"a 404 of the service": [
			requestOf("GET /up/missing"),
			{
				status: 404,
				upstreamStatus: 404,
				source: "upstream",
				upstream: "service",
			},
		],
		"a 500 of the service": [
			requestOf("GET /up/failing"),
			{
				status: 500,
				upstreamStatus: 500,
				source: "upstream",
				upstream: "service",
			},
		],
		"a path without a route": [
			requestOf("GET /nowhere"),
			{ status: 404, code: "ERR_NO_ROUTE" },
		],
		"a method without a route": [
			requestOf("PUT /local"),
			{ status: 405, code: "ERR_METHOD_NOT_ALLOWED" },
		],
		"a list of methods": [requestOf("OPTIONS /local"), { status: 204 }],
		"a malformed request": [
			"GET /local HTTP/1.1\r\nhost: a b\r\n\r\n",
			{ status: 400, code: "ERR_BAD_REQUEST" },
		],
		"a path that is not allowed": [
			requestOf("GET /up/../local"),
			{ status: 400, code: "ERR_BAD_PATH" },
		],
		"a value that is refused": [
			requestOf("GET /users/x"),
			{ status: 422, code: "ERR_VALIDATION" },
		],
		"a dependency that refuses": [
			requestOf("GET /refused"),
			{ status: 401, code: "ERR_NO_KEY" },
		],
		"a policy that replies": [
			requestOf("GET /up/ok", "x-reply: 1"),
			{ status: 418 },
		],
		"a policy that replies in the service's stead": [
			requestOf("GET /up/ok", "x-replace: 1"),
			{ status: 203, upstreamStatus: 200, upstream: "service" },
		],
		"a handler that throws": [
			requestOf("GET /throws"),
			{ status: 500, code: "ERR_INTERNAL", error: problem },
		],
		"a service that can not be reached": [
			requestOf("GET /gone"),
			{
				status: 503,
				code: "ERR_UPSTREAM_UNREACHABLE",
				upstream: "elsewhere",
			},
		],
		"a service that ends without an answer": [
			requestOf("POST /up/reset", "content-length: 0"),
			{ status: 502, code: "ERR_UPSTREAM_RESET", upstream: "service" },
		],
		"a service that is late": [
			requestOf("GET /up/late"),
			{
				status: 504,
				code: "ERR_UPSTREAM_HEADERS_TIMEOUT",
				upstream: "service",
			},
		],
		"an answer that is not what was declared": [
			requestOf("GET /up/invalid"),
			{
				status: 502,
				code: "ERR_UPSTREAM_INVALID",
				upstreamStatus: 200,
				upstream: "service",
			},
		],
	};
	for (const [what, [request, expected]] of Object.entries(cases)) {
		test(what, async (t) => {
			const stage = await start(t);
			await using client = await connectRaw({ port: stage.port });
			void client.send(request);
			const method = request.slice(0, request.indexOf(" "));
			const answer = await client.readResponse(method, 4_000);
			assert.equal(answer.status, expected.status);
			assertOutcome(await outcomeOf(stage), stage, expected);
		});
	}

	test("an answer that the service breaks off", async (t) => {
		const stage = await start(t);
		await using client = await connectRaw({ port: stage.port });
		const answer = await client.exchange(requestOf("GET /up/cut"));
		assert.equal(answer.complete, false);
		assertOutcome(await outcomeOf(stage), stage, {
			status: 200,
			upstreamStatus: 200,
			source: "upstream",
			code: "ERR_UPSTREAM_RESET",
			complete: false,
			upstream: "service",
		});
	});

	const gone: Expected = {
		status: 499,
		source: "client",
		code: "ERR_CLIENT_GONE",
		complete: false,
		upstream: "service",
	};
	const leaving: Record<
		string,
		[string, (client: RawClient, stage: Stage) => Promise<unknown>, Expected?]
	> = {
		"before the answer": [
			requestOf("GET /up/never"),
			(_client, { reached }) => reached.opened,
		],
		"within the answer": [
			requestOf("GET /up/endless"),
			(client) => client.readHead(),
			{ ...gone, upstreamStatus: 200 },
		],
		"within its own body": [
			`${requestOf("POST /up/never", "content-length: 100")}first`,
			(_client, { reached }) => reached.opened,
		],
	};
	for (const [when, [request, wait, expected = gone]] of Object.entries(
		leaving,
	)) {
		test(`a client that leaves ${when}`, async (t) => {
			const stage = await start(t);
			const client = await connectRaw({ port: stage.port });
			void client.send(request);
			await wait(client, stage);
			client.reset();
			assertOutcome(await outcomeOf(stage), stage, expected);
		});
	}

	test("each of many requests on one connection", async (t) => {
		const stage = await start(t);
		await using client = await connectRaw({ port: stage.port });
		for (const path of ["/local", "/up/ok", "/nowhere", "/up/missing"]) {
			await client.exchange(requestOf(`GET ${path}`));
		}
		assert.deepEqual(
			stage.outcomes.map(({ status }) => status),
			[200, 200, 404, 404],
		);
	});
});
