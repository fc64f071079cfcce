import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import {
	type Context,
	type PolicyHooks,
	reply,
	Type,
	type UpstreamHead,
} from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { gatewayWith } from "../helpers/hooked-gateway.ts";

/** Asks as the request would, and tells the outcome. */
function ask(ctx: Context, onHead: (head: UpstreamHead) => boolean) {
	return new Promise<string>((resolve) => {
		let body = "";
		ctx.askUpstream(ctx.previewUpstream() ?? assert.fail(), {
			onHead,
			onChunk: (chunk) => {
				body += Buffer.from(chunk).toString();
				return true;
			},
			onEnd: () => resolve(body),
			onError: ({ code }) => resolve(code),
		});
	});
}

test("the gateway asks on its own account, whoever answers the client, and close waits for it", async (t) => {
	let answer: () => void = () => undefined;
	let asked: Promise<string> | null = null;
	const heads: UpstreamHead[] = [];
	const { gateway } = await gatewayWith(
		t,
		{
			onAdmit(ctx) {
				asked = ask(ctx, (head) => heads.push(head) > 0);
				return reply(200, "at once");
			},
		},
		{ response: { keepHeaders: ["x-shown"] } },
		(_req, res) => {
			res.setHeader("x-shown", "1").setHeader("x-hidden", "2");
			answer = () => res.end("later");
			res.flushHeaders();
		},
	);
	assert.equal((await gateway.inject("/")).body, "at once");
	while (heads.length === 0) await new Promise(setImmediate);
	const closing = gateway.close({ timeoutMs: 5_000 });
	answer();
	await closing;
	assert.equal(await asked, "later");
	assert.ok(heads[0]?.headers.includes("x-shown"));
	assert.ok(!heads[0]?.headers.includes("x-hidden"));
	assert.ok(heads[0]?.received.includes("x-hidden"));
});

test("a call of the gateway's own fails like any other, and within its time", async (t) => {
	let asked: Promise<string> | null = null;
	const hooks: PolicyHooks = {
		onAdmit(ctx) {
			asked = ask(ctx, () => true);
			return reply(204);
		},
	};
	const gone = await gatewayWith(t, hooks, {}, (req) => req.socket.destroy());
	await gone.gateway.inject("/");
	assert.equal(await asked, "ERR_UPSTREAM_RESET");
	const slow = await gatewayWith(
		t,
		hooks,
		{ timeout: { headersMs: 50 } },
		() => undefined,
	);
	await slow.gateway.inject("/");
	assert.equal(await asked, "ERR_UPSTREAM_HEADERS_TIMEOUT");
});

test("an observer that wants the rest gets it when the client has left", async (t) => {
	let finish: () => void = () => undefined;
	let seen = "";
	const over = Promise.withResolvers<string>();
	const { gateway } = await gatewayWith(
		t,
		{
			onUpstreamResponse(_ctx, response) {
				response.observe({
					onChunk: (chunk) => {
						seen += Buffer.from(chunk).toString();
					},
					onEnd: () => over.resolve("whole"),
					onAbort: () => over.resolve("broken"),
					wantsRest: () => true,
				});
			},
		},
		{},
		(_req, res) => {
			res.write("one ");
			finish = () => res.end("two");
		},
	);
	const { url } = await startGateway(t, gateway);
	const req = request(url).on("error", () => undefined);
	req.on("response", (res) =>
		res.once("data", () => {
			req.destroy();
			setTimeout(() => finish(), 50);
		}),
	);
	req.end();
	assert.equal(await over.promise, "whole");
	assert.equal(seen, "one two");
});

test("what reads an answer shows an observer what the client gets", async (t) => {
	let seen = "";
	const { gateway } = await gatewayWith(
		t,
		{
			onUpstreamResponse(_ctx, response) {
				response.observe({
					onChunk: (chunk) => {
						seen += Buffer.from(chunk).toString();
					},
					onEnd: () => {
						seen += ".";
					},
					onAbort: () => {
						seen += "!";
					},
				});
			},
		},
		{
			response: {
				schema: Type.Object({ a: Type.Integer() }),
				mode: "select",
			},
		},
		(req, res) => {
			res.setHeader("content-type", "application/json");
			res.end(req.url === "/bad" ? "{}" : '{"a":1,"b":2}');
		},
	);
	assert.equal((await gateway.inject("/")).body, '{"a":1}');
	assert.equal(seen, '{"a":1}.');
	seen = "";
	assert.equal((await gateway.inject("/bad")).status, 502);
	assert.equal(seen, "!");
});
