import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	dependency,
	HttpError,
	type Outcome,
	type Route,
	reply,
	route,
} from "../../src/index.ts";
import { startGateway, startUpstream } from "../../src/testing.ts";
import { KeptLog } from "../helpers/kept-log.ts";
import { connectRaw } from "../helpers/raw-client.ts";

/** A dependency that yields, and the outcomes that it was given. */
function watching() {
	const outcomes: Outcome[] = [];
	const waiting: ((outcome: Outcome) => void)[] = [];
	const note = (outcome: Outcome): void => {
		outcomes.push(outcome);
		waiting.shift()?.(outcome);
	};
	const transaction = dependency(async function* () {
		const outcome = yield { name: "tx" };
		note(outcome);
	});
	return {
		transaction,
		note,
		next: () => new Promise<Outcome>((resolve) => waiting.push(resolve)),
	};
}

async function started(
	t: TestContext,
	routes: readonly Route[],
): Promise<{ url: string; port: number }> {
	const gateway = createGateway({ docs: false, logger: new KeptLog(), routes });
	return startGateway(t, gateway);
}

const boom = new Error("insert failed");

suite("a dependency that yields learns", () => {
	const rows: Record<
		string,
		[() => unknown, Pick<Outcome, "status" | "code" | "error">]
	> = {
		success: [() => 1, { status: 200, code: null, error: null }],
		"a failure of the handler": [
			() => {
				throw boom;
			},
			{ status: 500, code: "ERR_INTERNAL", error: boom },
		],
		"a failure later": [
			async () => {
				throw boom;
			},
			{ status: 500, code: "ERR_INTERNAL", error: boom },
		],
		"a reply that tells of an error": [
			() => reply(409),
			{ status: 409, code: null, error: null },
		],
	};
	for (const [what, [handler, wanted]] of Object.entries(rows)) {
		test(what, async (t) => {
			const { transaction, next } = watching();
			const { url } = await started(t, [
				route.get("/", {
					dependencies: { transaction },
					handler: handler as () => string,
				}),
			]);
			const outcome = next();
			await (await fetch(url)).text();
			const { status, code, error, complete, durationMs } = await outcome;
			assert.deepEqual({ status, code, error }, wanted);
			assert.equal(complete, true);
			assert.ok(durationMs > 0);
		});
	}

	test("a rejection by a dependency behind it", async (t) => {
		const { transaction, next } = watching();
		const rejecting = dependency({ transaction }, () => {
			throw new HttpError(403, "No.");
		});
		const { url } = await started(t, [
			route.get("/", { dependencies: { rejecting }, handler: () => 1 }),
		]);
		const outcome = next();
		await fetch(url);
		const { status, error } = await outcome;
		assert.equal(status, 403);
		assert.ok(error instanceof HttpError);
	});

	test("a service that is not there", async (t) => {
		const { transaction, next } = watching();
		const { url } = await started(t, [
			route.get("/", {
				dependencies: { transaction },
				upstream: "http://127.0.0.1:1",
			}),
		]);
		const outcome = next();
		await fetch(url);
		const { status, source, code } = await outcome;
		assert.deepEqual([status, source], [503, "gateway"]);
		assert.equal(code, "ERR_UPSTREAM_UNREACHABLE");
	});

	for (const when of ["before the head", "within the body"]) {
		test(`a client that leaves ${when}`, async (t) => {
			const { transaction, next } = watching();
			const service = await startUpstream(t, (_req, res) => {
				if (when === "within the body") res.write("first");
			});
			const { port } = await started(t, [
				route.get("/", {
					dependencies: { transaction },
					upstream: service.url,
				}),
			]);
			const client = await connectRaw({ port });
			const outcome = next();
			void client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
			if (when === "within the body") await client.readHead();
			else {
				while (service.requests.length === 0) {
					await new Promise((resolve) => setTimeout(resolve, 5));
				}
			}
			await client.close();
			const { status, source, code, complete } = await outcome;
			assert.deepEqual(
				[status, source, code, complete],
				[499, "client", "ERR_CLIENT_GONE", false],
			);
		});
	}

	test("whoever wrote the generator", async (t) => {
		const { note, next } = watching();
		async function* written(): AsyncGenerator<number, void, Outcome> {
			note(yield 1);
		}
		const wrapped = dependency(() => written());
		const { url } = await started(t, [
			route.get("/", { dependencies: { wrapped }, handler: () => 1 }),
		]);
		const outcome = next();
		await fetch(url);
		assert.equal((await outcome).status, 200);
	});
});

test("all of a request's generators are given one outcome, before gateway.close ends", async (t) => {
	const { note } = watching();
	const seen: Outcome[] = [];
	const first = dependency(async function* () {
		seen.push(yield 1);
	});
	const second = dependency({ first }, async function* ({ first: value }) {
		const outcome = yield value + 1;
		await once(AbortSignal.timeout(20), "abort");
		seen.push(outcome);
		note(outcome);
	});
	const gateway = createGateway({
		docs: false,
		routes: [
			route.get("/", {
				dependencies: { second },
				handler: (ctx) => ctx.deps.second.toFixed(),
			}),
		],
	});
	t.after(() => gateway.close());
	assert.equal((await gateway.inject("/")).body, '"2"');
	await gateway.close();
	assert.equal(seen.length, 2);
	assert.equal(seen[0], seen[1]);
});
