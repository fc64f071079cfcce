import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { type Context, createGateway, reply, route } from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { KeptLog } from "../helpers/kept-log.ts";

test("ctx.whenOver calls all it was given once, in their order, and at once when the request has ended", async (t) => {
	const calls: string[] = [];
	const log = new KeptLog();
	let kept: Context | null = null;
	const gateway = createGateway({
		docs: false,
		logger: log,
		routes: [
			route.get("/", {
				handler: (ctx) => {
					kept = ctx as Context;
					ctx.whenOver(() => calls.push("first"));
					ctx.whenOver(() => {
						throw new Error("on purpose");
					});
					ctx.whenOver(() => calls.push("second"));
					calls.push("handler");
					return reply(204);
				},
			}),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	await gateway.inject("/");
	while (calls.length < 3) await new Promise(setImmediate);
	(kept as Context | null)?.whenOver(() => calls.push("late"));
	assert.match(JSON.stringify(log), /whenOver failed/);
	assert.deepEqual(calls, ["handler", "first", "second", "late"]);
});

test("ctx.whenOver calls when the client has left", async (t) => {
	const over = Promise.withResolvers<boolean>();
	const waiting = Promise.withResolvers<void>();
	const gateway = createGateway({
		docs: false,
		routes: [
			route.get("/", {
				handler: async (ctx) => {
					ctx.whenOver(() => over.resolve(ctx.res.writableFinished));
					waiting.resolve();
					await over.promise;
					return null;
				},
			}),
		],
	});
	const { url } = await startGateway(t, gateway);
	const req = request(url).on("error", () => undefined);
	req.end();
	await waiting.promise;
	req.destroy();
	assert.equal(await over.promise, false);
});
