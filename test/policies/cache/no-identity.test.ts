import assert from "node:assert/strict";
import { test } from "node:test";
import { dependency, input } from "../../../src/index.ts";
import { startCache } from "./stage.ts";

const fresh = { "cache-control": "max-age=60" };

test("a dependency that can not be written down is nobody's: its answers are not stored, and a warning says so once", async (t) => {
	class Session {
		readonly #user: string;
		constructor(user: string) {
			this.#user = user;
		}
		get user(): string {
			return this.#user;
		}
	}
	const session = dependency(
		{ who: input.header("x-who") },
		({ who }) => new Session(who),
	);
	const stage = await startCache(
		t,
		(_req, res) => res.writeHead(200, fresh).end(),
		{ route: { dependencies: { session } } as never },
	);
	const warnings: string[] = [];
	const onWarning = ({ message }: Error): void => void warnings.push(message);
	process.on("warning", onWarning);
	t.after(() => process.off("warning", onWarning));
	for (let i = 0; i < 2; i++) {
		const { how } = await stage.get("/", { "x-who": "ann" });
		assert.equal(how, "headgate; fwd=bypass; detail=no-identity");
	}
	await new Promise(setImmediate);
	assert.equal(warnings.length, 1);
	assert.match(warnings[0] as string, /"ALL \/\*" is not cached.*partition/);
});
