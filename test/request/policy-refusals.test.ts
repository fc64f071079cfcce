import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { HttpError, reply } from "../../src/index.ts";
import { gatewayOf, policyOf } from "../helpers/policed-gateway.ts";

const phases = ["onRequest", "onAdmit", "onUpstreamRequest"] as const;

suite("a reply ends the request", () => {
	const replies: Record<string, () => unknown> = {
		"at once": () => reply(418, "stop", { "x-stop": "yes" }),
		later: async () => reply(418, "stop", { "x-stop": "yes" }),
	};
	for (const phase of phases) {
		for (const [when, give] of Object.entries(replies)) {
			test(`in ${phase}, ${when}`, async (t) => {
				let reached = 0;
				const after = policyOf({
					[phase]: () => {
						reached++;
					},
				});
				const { gateway, asked } = await gatewayOf(
					t,
					policyOf({ [phase]: give }),
					after,
				);
				const answer = await gateway.inject("/proxied");
				assert.equal(answer.status, 418);
				assert.equal(answer.body, "stop");
				assert.equal(answer.headers["x-stop"], "yes");
				assert.equal(reached + asked(), 0);
			});
		}
	}

	test("in onUpstreamResponse: it takes the upstream's place", async (t) => {
		const { gateway, asked } = await gatewayOf(
			t,
			policyOf({ onUpstreamResponse: () => reply(203, { replaced: true }) }),
		);
		const answer = await gateway.inject("/proxied");
		assert.equal(answer.status, 203);
		assert.deepEqual(answer.json(), { replaced: true });
		assert.equal(asked(), 1);
	});
});

suite("what is thrown", () => {
	const secret = new Error("redis://:password@cache:6379 is gone");
	for (const phase of [...phases, "onUpstreamResponse"] as const) {
		test(`in ${phase} is the answer where it is an HttpError`, async (t) => {
			const { gateway, log } = await gatewayOf(
				t,
				policyOf({
					[phase]: () => {
						throw new HttpError(429, "Slow down.", {
							headers: { "retry-after": "7" },
						});
					},
				}),
			);
			const answer = await gateway.inject("/proxied");
			assert.equal(answer.status, 429);
			assert.equal(answer.headers["retry-after"], "7");
			assert.match(answer.body, /Slow down\./);
			assert.deepEqual(log.lines, []);
		});

		test(`in ${phase} is a 500 else, logged with its cause`, async (t) => {
			const { gateway, log } = await gatewayOf(
				t,
				policyOf({
					[phase]: () => {
						throw secret;
					},
				}),
			);
			const answer = await gateway.inject("/proxied");
			assert.equal(answer.status, 500);
			assert.doesNotMatch(answer.body, /redis|password|cache/);
			assert.deepEqual(
				log.lines.map(({ level, details }) => [level, details.err]),
				[["error", secret]],
			);
		});
	}

	for (const phase of phases) {
		test(`later in ${phase} is the answer too`, async (t) => {
			const { gateway } = await gatewayOf(
				t,
				policyOf({
					[phase]: async () => {
						throw new HttpError(403);
					},
				}),
			);
			const answer = await gateway.inject("/proxied");
			assert.equal(answer.status, 403);
		});
	}

	test("in onFinish is logged, and the others are told all the same", async (t) => {
		let told = 0;
		const { gateway, log } = await gatewayOf(
			t,
			policyOf({
				onFinish: () => {
					throw secret;
				},
			}),
			policyOf({
				onFinish: () => {
					told++;
				},
			}),
		);
		const { status } = await gateway.inject("/local");
		assert.equal(status, 200);
		assert.equal(told, 1);
		assert.deepEqual(
			log.lines.map(({ details, message }) => [details.err, message]),
			[[secret, "onFinish failed"]],
		);
	});
});
