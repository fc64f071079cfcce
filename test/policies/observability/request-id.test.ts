import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { createGateway, reply, route } from "../../../src/index.ts";
import {
	type RequestIdOptions,
	requestId,
} from "../../../src/policies/observability/request-id.ts";
import { startGateway, startUpstream } from "../../../src/testing.ts";

interface Told {
	/** What the service got; null where it got none. */
	readonly upstream: string | null;
	/** What the answer carries; null where it carries none. */
	readonly answer: string | null;
}

/** Sends an id through a gateway that takes the client for one of its trusted proxies, or does not. */
async function ask(
	t: TestContext,
	options: RequestIdOptions,
	sent: string | null,
	isTrusted = true,
): Promise<Told> {
	const { header = "x-request-id" } = options;
	const service = await startUpstream(t, (req, res) => {
		res.end(String(req.headers[header] ?? ""));
	});
	const gateway = createGateway({
		docs: false,
		policies: [requestId(options)],
		trustedProxies: isTrusted ? ["127.0.0.1"] : [],
		routes: [route.get("/", { upstream: service.url })],
	});
	const { url } = await startGateway(t, gateway);
	const headers = sent === null ? {} : { [header]: sent };
	const response = await fetch(url, { headers });
	const upstream = await response.text();
	return {
		upstream: upstream === "" ? null : upstream,
		answer: response.headers.get(header),
	};
}

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

suite("the id of a request", () => {
	test("is a new one, told to the service and the client", async (t) => {
		const { upstream, answer } = await ask(t, {}, null);
		assert.match(answer ?? "", uuid);
		assert.equal(upstream, answer);
	});

	test("is kept from a trusted peer", async (t) => {
		const told = await ask(t, {}, "from-the-edge.1");
		assert.deepEqual(told, {
			upstream: "from-the-edge.1",
			answer: "from-the-edge.1",
		});
	});

	test("is not taken from anybody else", async (t) => {
		const { upstream, answer } = await ask(t, {}, "chosen", false);
		assert.match(answer ?? "", uuid);
		assert.equal(upstream, answer);
	});

	test("is taken from every client where that is asked for, or from none", async (t) => {
		const all = await ask(t, { accept: "all" }, "chosen", false);
		assert.equal(all.upstream, "chosen");
		const none = await ask(t, { accept: "none" }, "chosen");
		assert.match(none.upstream ?? "", uuid);
	});

	for (const bad of ["a b", "a,b", "<script>", "x".repeat(129)]) {
		test(`is a new one in place of ${bad.slice(0, 12)}`, async (t) => {
			assert.match((await ask(t, {}, bad)).upstream ?? "", uuid);
		});
	}

	test("stays with the gateway where that is asked for", async (t) => {
		const told = await ask(t, { echo: false, forward: false }, "from-the-edge");
		assert.deepEqual(told, { upstream: null, answer: null });
	});

	test("is made and carried as the options say", async (t) => {
		const options = { header: "X-Correlation-Id", generate: () => "made" };
		const gateway = createGateway({
			docs: false,
			policies: [requestId(options)],
			routes: [route.get("/", { handler: (ctx) => reply(200, ctx.id) })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const { body, headers } = await gateway.inject("/");
		assert.equal(body, "made");
		assert.equal(headers["x-correlation-id"], "made");
	});
});

test("options that make no sense are refused", () => {
	assert.throws(
		() => requestId({ header: "a b" }),
		/header must be a header name, got "a b"/,
	);
	assert.throws(
		() => requestId({ accept: "some" } as unknown as RequestIdOptions),
		/accept must be/,
	);
});
