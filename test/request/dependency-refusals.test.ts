import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { dependency, HttpError, input, reply } from "../../src/index.ts";
import { ask } from "../helpers/ask-dependencies.ts";
import { KeptLog } from "../helpers/kept-log.ts";

suite("a dependency refuses", () => {
	const reached: string[] = [];
	const after = dependency(() => {
		reached.push("after");
	});

	test("by throwing an HttpError", async () => {
		const refusals: (() => unknown)[] = [
			() => {
				throw new HttpError(401, "No key.", {
					headers: { "www-authenticate": "Key" },
				});
			},
			async () => {
				throw new HttpError(401, "No key.", {
					headers: { "www-authenticate": "Key" },
				});
			},
			// biome-ignore lint/correctness/useYield: it refuses before it begins
			async function* (): AsyncGenerator<string> {
				throw new HttpError(401, "No key.", {
					headers: { "www-authenticate": "Key" },
				});
			},
		];
		for (const refuse of refusals) {
			const answer = await ask({ key: dependency(refuse), after });
			assert.equal(answer.status, 401);
			assert.equal(answer.headers["www-authenticate"], "Key");
			assert.deepEqual(answer.json(), {
				type: "about:blank",
				title: "Unauthorized",
				status: 401,
				detail: "No key.",
				code: "ERR_UNAUTHORIZED",
			});
		}
		assert.deepEqual(reached, []);
	});

	test("by giving back a reply", async () => {
		const redirect = reply(302, null, { location: "/login" });
		const gifts: (() => unknown)[] = [
			() => redirect,
			async () => redirect,
			async function* () {
				yield redirect;
			},
		];
		for (const give of gifts) {
			const answer = await ask({ guard: dependency(give), after });
			assert.equal(answer.status, 302);
			assert.equal(answer.headers.location, "/login");
		}
		assert.deepEqual(reached, []);
	});

	test("after the body is read as well", async () => {
		const login = dependency({ name: input.form("name") }, ({ name }) => {
			if (name === "ann") return reply(204);
			throw new HttpError(403);
		});
		const request = {
			method: "POST",
			headers: { "content-type": "application/x-www-form-urlencoded" },
		};
		const taken = await ask({ login }, { ...request, body: "name=ann" });
		assert.equal(taken.status, 204);
		const refused = await ask({ login }, { ...request, body: "name=bob" });
		assert.equal(refused.status, 403);
	});

	test("with anything else it fails: 500, logged once with its cause", async () => {
		const secret = new Error("connect to db:5432 with password x");
		const failures: (() => unknown)[] = [
			() => {
				throw secret;
			},
			async () => {
				throw secret;
			},
			async function* () {
				yield await Promise.reject(secret);
			},
		];
		for (const fail of failures) {
			const logger = new KeptLog();
			const answer = await ask({ broken: dependency(fail) }, {}, { logger });
			assert.equal(answer.status, 500);
			assert.doesNotMatch(answer.body, /db|password/);
			assert.equal(logger.lines.length, 1);
			assert.equal(logger.lines[0]?.details.err, secret);
			assert.equal(logger.lines[0]?.details.route, "ALL /x/:id?");
		}
	});

	test("a generator that yields nothing fails", async () => {
		const logger = new KeptLog();
		const empty = dependency(
			async function* empty(): AsyncGenerator<string> {},
		);
		const answer = await ask({ empty }, {}, { logger });
		assert.equal(answer.status, 500);
		assert.match(
			String(logger.lines[0]?.details.err),
			/dependency empty ended without a value/,
		);
	});
});

test("what is thrown may be anything", async () => {
	for (const thrown of [null, undefined, "text", 7, { status: 401 }]) {
		const logger = new KeptLog();
		const odd = dependency(() => {
			throw thrown;
		});
		const answer = await ask({ odd }, {}, { logger });
		assert.equal(answer.status, 500);
		assert.equal(logger.lines.length, 1);
	}
});
