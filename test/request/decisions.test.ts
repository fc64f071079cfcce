import assert from "node:assert/strict";
import { test } from "node:test";
import {
	createGateway,
	type Decision,
	decisionsOf,
	dependency,
	HttpError,
	noteDecision,
	type Policy,
	route,
} from "../../src/index.ts";

const decision: Decision = {
	kind: "auth",
	name: "test",
	outcome: "accepted",
	reason: null,
	subject: "ada",
};

test("what was decided about a request is there for those behind, refusals included", async () => {
	const seen: (readonly Decision[])[] = [];
	const log: Policy = {
		name: "log",
		forRoute: () => ({
			onFinish: (ctx) => void seen.push(decisionsOf(ctx)),
		}),
	};
	const first = dependency((ctx) => noteDecision(ctx, decision));
	const second = dependency((ctx): never => {
		noteDecision(ctx, { ...decision, outcome: "refused", subject: null });
		throw new HttpError(403);
	});
	const gateway = createGateway({
		policies: [log],
		routes: [
			route.get("/two", {
				dependencies: { first, second },
				handler: () => "never",
			}),
			route.get("/none", { handler: () => "here" }),
		],
	});
	assert.equal((await gateway.inject("/two")).status, 403);
	assert.equal((await gateway.inject("/none")).status, 200);
	assert.deepEqual(
		seen.map((decisions) => decisions.map((one) => one.outcome)),
		[["accepted", "refused"], []],
	);
});

test("asking what was decided makes nothing where nothing was", async () => {
	const seen: unknown[] = [];
	const asks: Policy = {
		name: "asks",
		forRoute: () => ({
			onFinish(ctx) {
				seen.push(decisionsOf(ctx).length);
				seen.push((ctx as { hasState?: boolean }).hasState);
			},
		}),
	};
	const gateway = createGateway({
		policies: [asks],
		routes: [route.get("/", { handler: () => "well" })],
	});
	await gateway.inject("/");
	assert.deepEqual(seen, [0, false]);
	await gateway.close();
});
