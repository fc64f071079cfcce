import assert from "node:assert/strict";
import { test } from "node:test";
import { createGateway, dependency, reply, route } from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";

const circular: { self?: unknown } = {};
circular.self = circular;
const thrown: readonly unknown[] = [
	circular,
	{ big: 1n },
	undefined,
	null,
	Symbol("x"),
	{
		toJSON() {
			throw new Error("no");
		},
	},
];

for (const value of thrown) {
	for (const isAsync of [false, true]) {
		test(`what is thrown is a 500 even where it can not be written as JSON: ${typeof value} ${isAsync}`, {
			timeout: 5_000,
		}, async (t) => {
			const bad = isAsync
				? dependency(async () => {
						throw value;
					})
				: dependency(() => {
						throw value;
					});
			const gateway = createGateway({
				routes: [
					route.get("/", { dependencies: { bad }, handler: () => reply(200) }),
				],
			});
			const { url } = await startGateway(t, gateway);
			assert.equal(
				(await fetch(url, { signal: AbortSignal.timeout(2_000) })).status,
				500,
			);
		});
	}
}

test("a logger that throws takes no answer with it", {
	timeout: 5_000,
}, async (t) => {
	const logger = {
		error() {
			throw new Error("disk full");
		},
		warn() {},
		info() {},
	};
	const bad = dependency(() => {
		throw new Error("x");
	});
	const gateway = createGateway({
		logger,
		routes: [
			route.get("/", { dependencies: { bad }, handler: () => reply(200) }),
		],
	});
	const { url } = await startGateway(t, gateway);
	assert.equal(
		(await fetch(url, { signal: AbortSignal.timeout(2_000) })).status,
		500,
	);
});
