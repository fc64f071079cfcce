import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { suite, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import {
	createGateway,
	dependency,
	type Policy,
	type PolicyHooks,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { startGateway, startUpstream } from "../../src/testing.ts";
import { gatewayOf, policyOf } from "../helpers/policed-gateway.ts";

const storage = new AsyncLocalStorage<string>();
const store = (): string => storage.getStore() ?? "none";

/** Puts the request's path around its steps. */
const around: Policy = {
	name: "around",
	forRoute: () => ({
		runWithin: ({ url }, run) => storage.run(url, run),
	}),
};

suite("runWithin", () => {
	test("holds for steps, dependencies and a handler, whatever they wait for", async (t) => {
		const seen: string[] = [];
		const note = (what: string): void => void seen.push(`${what} ${store()}`);
		const noting: PolicyHooks = {
			async onRequest() {
				await turn();
				note("onRequest");
			},
			onAdmit: () => note("onAdmit"),
		};
		const gateway = createGateway({
			docs: false,
			policies: [around, policyOf(noting, "noting")],
			routes: [
				route.post("/:n", {
					dependencies: {
						waited: dependency(async () => {
							note("dependency");
							await turn();
						}),
					},
					body: Type.Object({ a: Type.Integer() }),
					handler: async () => {
						note("handler");
						await turn();
						return reply(200, store());
					},
				}),
			],
		});
		const { url } = await startGateway(t, gateway);
		const ask = async (n: number): Promise<string> => {
			const res = await fetch(`${url}/${n}`, {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: '{"a":1}',
			});
			return res.text();
		};
		assert.deepEqual(await Promise.all([1, 2, 3].map(ask)), ["/1", "/2", "/3"]);
		assert.deepEqual(
			seen.filter((line) => line.endsWith("/2")),
			["onRequest /2", "dependency /2", "onAdmit /2", "handler /2"],
		);
		assert.equal(seen.length, 12);
	});

	test("of several policies nests, the first outermost, and forwards too", async (t) => {
		const { url } = await startUpstream(t, (_req, res) => res.end("well"));
		const told: string[] = [];
		const named = (name: string): Policy =>
			policyOf({
				runWithin(_ctx, run) {
					told.push(`${name} begins`);
					run();
					told.push(`${name} ends`);
				},
			});
		const gateway = createGateway({
			docs: false,
			policies: [named("a"), named("b")],
			routes: [route.get("/", { upstream: url })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		assert.equal((await gateway.inject("/")).body, "well");
		assert.deepEqual(told, ["a begins", "b begins", "b ends", "a ends"]);
	});

	test("that throws is logged, and the steps run once all the same", async (t) => {
		let runs = 0;
		const { gateway, log } = await gatewayOf(
			t,
			policyOf({
				runWithin() {
					throw new Error("a mistake");
				},
			}),
			policyOf({
				runWithin(_ctx, run) {
					run();
					run();
					throw new Error("another mistake");
				},
				onRequest: () => void runs++,
			}),
			policyOf({ runWithin: () => undefined }),
		);
		assert.equal((await gateway.inject("/local")).body, "local");
		assert.equal(runs, 1);
		assert.deepEqual(
			log.lines.map(({ message }) => message),
			["runWithin failed", "runWithin failed"],
		);
	});
});
