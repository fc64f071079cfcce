import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { dependency, input, Type } from "../../src/index.ts";
import { ask } from "../helpers/ask-dependencies.ts";

suite("overrides", () => {
	const connection = dependency(async function* connection() {
		yield "real connection";
	});
	const caller = dependency(
		{ connection },
		({ connection }) => `real via ${connection}`,
	);

	test("put a value in a dependency's stead, wherever it is needed", async () => {
		const { json } = await ask(
			{ caller, connection },
			{},
			{ overrides: [[connection, "fake"]] },
		);
		assert.deepEqual(json(), { connection: "fake", caller: "real via fake" });
	});

	test("put another dependency there, with needs of its own", async () => {
		const fake = dependency(
			{ name: input.query("as", Type.String({ default: "nobody" })) },
			async ({ name }) => `fake ${name}`,
		);
		const { json } = await ask(
			{ caller },
			{ url: "/x?as=ann" },
			{ overrides: new Map([[caller, fake]]) },
		);
		assert.deepEqual(json(), { caller: "fake ann" });
	});

	test("may stand on what they replace", async () => {
		const louder = dependency({ caller }, ({ caller }) => `${caller}!`);
		const { json } = await ask(
			{ caller, again: dependency({ caller }, ({ caller }) => caller) },
			{},
			{ overrides: [[caller, louder]] },
		);
		assert.deepEqual(json(), {
			caller: "real via real connection!",
			again: "real via real connection!",
		});
	});

	test("take undefined and promises as they are", async () => {
		const { json } = await ask(
			{ caller, connection },
			{},
			{
				overrides: [
					[caller, Promise.resolve("later")],
					[connection, undefined],
				],
			},
		);
		assert.deepEqual(json(), { caller: "later" });
	});
});
