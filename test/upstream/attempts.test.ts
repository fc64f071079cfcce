import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { interceptors } from "undici";
import {
	type AttemptEnd,
	createGateway,
	type Gateway,
	type PolicyHooks,
	route,
	type UpstreamAttempt,
	upstream,
} from "../../src/index.ts";
import { startGateway, startUpstream } from "../../src/testing.ts";
import { createGate } from "../helpers/gate.ts";
import { KeptLog } from "../helpers/kept-log.ts";
import { policyOf } from "../helpers/policed-gateway.ts";

interface Seen extends UpstreamAttempt {
	end?: AttemptEnd;
}

/** Notes each call, and marks it with its number. */
function watching(seen: Seen[]): PolicyHooks {
	return {
		onUpstreamAttempt(_ctx, attempt) {
			const entry: Seen = { ...attempt };
			seen.push(entry);
			attempt.headers.push("x-attempt", String(attempt.number));
			return (end) => {
				assert.equal(entry.end, undefined, "told once");
				entry.end = end;
			};
		},
	};
}

function gatewayTo(
	t: TestContext,
	target: ReturnType<typeof upstream> | string,
	hooks: PolicyHooks,
	log: KeptLog = new KeptLog(),
): Gateway {
	const gateway = createGateway({
		docs: false,
		logger: log,
		policies: [policyOf(hooks)],
		routes: [route.all("/*", { upstream: target })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return gateway;
}

suite("onUpstreamAttempt", () => {
	test("sees a call and how it ended, and adds a header to it", async (t) => {
		const { url, requests } = await startUpstream(t, (_req, res) => {
			res.writeHead(404).end("no");
		});
		const seen: Seen[] = [];
		await gatewayTo(t, url, watching(seen)).inject("/a?b=c");
		const [attempt] = seen;
		assert.deepEqual(
			[attempt?.number, attempt?.origin, attempt?.method, attempt?.path],
			[1, url, "GET", "/a?b=c"],
		);
		assert.deepEqual(attempt?.end, { status: 404, code: null, error: null });
		assert.equal(requests[0]?.headers["x-attempt"], "1");
	});

	test("sees each call of an interceptor that retries, and none of the headers of the one before", async (t) => {
		let calls = 0;
		const { url, requests } = await startUpstream(t, (_req, res) => {
			res.writeHead(++calls < 3 ? 503 : 200).end();
		});
		const retrying = upstream(url, {
			interceptors: [interceptors.retry({ maxRetries: 3, minTimeout: 1 })],
		});
		const seen: Seen[] = [];
		let attempts = 0;
		const gateway = gatewayTo(t, retrying, {
			...watching(seen),
			onFinish: (_ctx, outcome) => {
				attempts = outcome.attempts;
			},
		});
		assert.equal((await gateway.inject("/")).status, 200);
		assert.deepEqual(
			seen.map(({ number, end }) => [number, end?.status]),
			[
				[1, 503],
				[2, 503],
				[3, 200],
			],
		);
		assert.deepEqual(
			requests.map(({ headers }) => headers["x-attempt"]),
			["1", "2", "3"],
		);
		assert.equal(attempts, 3);
	});

	test("sees the gateway's own retry after a stale connection", async (t) => {
		let connections = 0;
		const server = createServer((req, res) => {
			// The second request on the first connection finds it gone.
			if (connections === 1 && req.url === "/second") req.socket.destroy();
			else res.end();
		}).listen(0, "127.0.0.1");
		server.on("connection", () => connections++);
		await once(server, "listening");
		t.after(() => void server.close());
		const { port } = server.address() as AddressInfo;
		const seen: Seen[] = [];
		const url = `http://127.0.0.1:${port}`;
		const gateway = gatewayTo(t, url, watching(seen));
		await gateway.inject("/first");
		assert.equal((await gateway.inject("/second")).status, 200);
		assert.deepEqual(
			seen.map(({ number, end }) => [number, end?.status, end?.code]),
			[
				[1, 200, null],
				[1, null, "ERR_UPSTREAM_RESET"],
				[2, 200, null],
			],
		);
	});

	test("is told of a service that can not be reached, of one that breaks off, and of a client that leaves", async (t) => {
		const reached = createGate();
		const ended = createGate();
		const { url } = await startUpstream(t, (req, res) => {
			if (req.url === "/cut") {
				res.writeHead(200, { "content-length": "100" });
				res.write("first", () => res.destroy());
			} else reached.open();
		});
		const seen: Seen[] = [];
		const { onUpstreamAttempt } = watching(seen);
		const hooks: PolicyHooks = {
			onUpstreamAttempt(ctx, attempt) {
				const end = onUpstreamAttempt?.(ctx, attempt);
				return (how) => {
					end?.(how);
					if (how.code === "ERR_CLIENT_GONE") ended.open();
				};
			},
		};
		await gatewayTo(t, "http://127.0.0.1:1", hooks).inject("/");
		const gateway = gatewayTo(t, url, hooks);
		await assert.rejects(gateway.inject("/cut"));
		const { url: front } = await startGateway(t, gateway);
		const leaving = new AbortController();
		const left = fetch(`${front}/never`, { signal: leaving.signal });
		await reached.opened;
		leaving.abort();
		await assert.rejects(left);
		await ended.opened;
		assert.deepEqual(
			seen.map(({ end }) => [end?.status, end?.code]),
			[
				[null, "ERR_UPSTREAM_UNREACHABLE"],
				[200, "ERR_UPSTREAM_RESET"],
				[null, "ERR_CLIENT_GONE"],
			],
		);
	});

	test("is logged when it fails, and fails nothing", async (t) => {
		const { url } = await startUpstream(t, (_req, res) => res.end("ok"));
		for (const hook of [
			() => {
				throw new Error("on purpose");
			},
			() => () => {
				throw new Error("on purpose");
			},
		]) {
			const log = new KeptLog();
			const gateway = gatewayTo(t, url, { onUpstreamAttempt: hook }, log);
			assert.equal((await gateway.inject("/")).body, "ok");
			assert.equal(log.lines.length, 1);
		}
	});
});
