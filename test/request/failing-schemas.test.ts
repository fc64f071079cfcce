import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import { createGateway, route, type StandardSchema } from "../../src/index.ts";
import { KeptLog } from "../helpers/kept-log.ts";

const urlencoded = { "content-type": "application/x-www-form-urlencoded" };

suite("a schema that fails instead of telling what is wrong", () => {
	const problem = new Error("on purpose");
	const throwing = z.string().transform((): string => {
		throw problem;
	});
	// zod tries without waiting first, and leaves the promise of that attempt unhandled: not with zod.
	const rejecting = v.pipeAsync(
		v.string(),
		v.checkAsync(async () => {
			throw problem;
		}),
	);

	for (const [how, schema] of Object.entries({ throwing, rejecting })) {
		test(`is a failure of the gateway, wherever it stands: ${how}`, async () => {
			const log = new KeptLog();
			const gateway = createGateway({
				docs: false,
				logger: log,
				routes: [
					route.get("/query", { query: { a: schema }, handler: () => 1 }),
					route.post("/body", { body: schema, handler: () => 1 }),
					route.post("/form", { form: { a: schema }, handler: () => 1 }),
				],
			});
			const statuses = [
				await gateway.inject("/query?a=b"),
				await gateway.inject({
					method: "POST",
					url: "/body",
					headers: { "content-type": "application/json" },
					body: '"a"',
				}),
				await gateway.inject({
					method: "POST",
					url: "/form",
					headers: urlencoded,
					body: "a=b",
				}),
			].map(({ status }) => status);
			assert.deepEqual(statuses, [500, 500, 500]);
			assert.deepEqual(
				log.lines.map(({ details }) => details.err),
				[problem, problem, problem],
			);
		});
	}

	test("with others at the same time is one failure, and no unhandled rejection", async () => {
		const log = new KeptLog();
		const late = v.pipeAsync(
			v.string(),
			v.checkAsync(async () => {
				await new Promise((resolve) => setImmediate(resolve));
				throw problem;
			}),
		);
		const gateway = createGateway({
			docs: false,
			logger: log,
			routes: [
				route.get("/", {
					query: { a: late, b: rejecting, c: rejecting },
					handler: () => 1,
				}),
				route.get("/both", {
					query: { a: rejecting, b: throwing },
					handler: () => 1,
				}),
			],
		});
		for (const url of ["/?a=1&b=2&c=3", "/both?a=1&b=2"]) {
			const { status } = await gateway.inject(url);
			assert.equal(status, 500);
		}
		assert.equal(log.lines.length, 2);
	});

	test("at start-up is no reason not to start", () => {
		const fragile = {
			"~standard": {
				version: 1,
				vendor: "test",
				validate: (value: unknown) => ({ value: (value as string).trim() }),
			},
		} satisfies StandardSchema<string>;
		assert.doesNotThrow(() =>
			createGateway({
				docs: false,
				routes: [
					route.get("/", { query: { a: fragile }, handler: () => null }),
				],
			}),
		);
	});
});
