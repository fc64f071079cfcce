import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type Gateway,
	HttpError,
	type PolicyHooks,
	reply,
	route,
} from "../../src/index.ts";
import { startUpstream } from "../../src/testing.ts";
import { within } from "../helpers/byte-reader.ts";

/** A gateway whose two routes have these hooks, and what it logs. */
async function startHooked(
	t: TestContext,
	hooks: PolicyHooks,
): Promise<{ gateway: Gateway; logged: string[] }> {
	const service = await startUpstream(t, (_req, res) => res.end("well"));
	const logged: string[] = [];
	const gateway = createGateway({
		policies: [{ name: "tested", forRoute: () => hooks }],
		logger: {
			error: (_details, message) => logged.push(message),
			warn: () => undefined,
			info: () => undefined,
		},
		routes: [
			route.get("/forwarded", { upstream: service.url }),
			route.get("/local", { handler: () => reply(200, "well") }),
			route.get("/refused", {
				handler: () => {
					throw new HttpError(409);
				},
			}),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return { gateway, logged };
}

async function ask(gateway: Gateway, url: string): Promise<[number, string]> {
	const answer = await within(gateway.inject(url), 5_000, url);
	return [answer.status, answer.headers["content-type"] as string];
}

const problem = "application/problem+json";

suite("a hook that fails", () => {
	test("in onUpstreamResponse may refuse with a status of its own", async (t) => {
		const { gateway, logged } = await startHooked(t, {
			onUpstreamResponse() {
				throw new HttpError(451);
			},
		});
		assert.deepEqual(await ask(gateway, "/forwarded"), [451, problem]);
		assert.deepEqual(logged, []);
	});

	test("in onUpstreamResponse with anything else is a 500", async (t) => {
		const { gateway, logged } = await startHooked(t, {
			onUpstreamResponse() {
				throw new TypeError("a mistake");
			},
		});
		assert.deepEqual(await ask(gateway, "/forwarded"), [500, problem]);
		assert.equal(logged.length, 1);
	});

	test("in an asynchronous onFinish is logged", async (t) => {
		const { promise, resolve } = Promise.withResolvers<string>();
		const gateway = createGateway({
			policies: [
				{
					name: "tested",
					forRoute: () => ({
						async onFinish() {
							await once(process, "never", { signal: AbortSignal.abort() });
						},
					}),
				},
			],
			logger: {
				error: (_details, message) => resolve(message),
				warn: () => undefined,
				info: () => undefined,
			},
			routes: [route.get("/", { handler: () => "well" })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		assert.equal((await gateway.inject("/")).status, 200);
		assert.equal(await within(promise, 5_000, "the log"), "onFinish failed");
	});

	for (const url of ["/forwarded", "/local", "/refused"]) {
		test(`by a header that can not be sent leaves a 500 and no hang: ${url}`, async (t) => {
			const { gateway, logged } = await startHooked(t, {
				onRequest: (ctx) => ctx.setResponseHeader("x-broken", "a\r\nb"),
			});
			assert.deepEqual(await ask(gateway, url), [500, problem]);
			assert.ok(logged.length > 0);
		});
	}
});

test("an asynchronous onUpstreamResponse is refused at start-up", () => {
	const onUpstreamResponse = async (): Promise<void> => undefined;
	assert.throws(
		() =>
			createGateway({
				routes: [
					route.get("/", {
						upstream: "http://127.0.0.1:1",
						policies: [
							{
								name: "tested",
								forRoute: () =>
									({ onUpstreamResponse }) as unknown as PolicyHooks,
							},
						],
					}),
				],
			}),
		/GET \/: onUpstreamResponse must be synchronous/,
	);
});
