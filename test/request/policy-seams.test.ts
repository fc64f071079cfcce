import assert from "node:assert/strict";
import { test } from "node:test";
import {
	createGateway,
	dependency,
	HttpError,
	input,
	reply,
	route,
	type UpstreamReader,
} from "../../src/index.ts";
import { gatewayWith } from "../helpers/hooked-gateway.ts";
import { KeptLog } from "../helpers/kept-log.ts";
import { policyOf } from "../helpers/policed-gateway.ts";

test("what will go out is known in onAdmit, and forward is asked once", async (t) => {
	const seen: unknown[] = [];
	let calls = 0;
	const forward = {
		query: () => ({ a: ++calls }),
		headers: () => ({ "x-a": ++calls }),
	};
	const { gateway } = await gatewayWith(
		t,
		{
			onAdmit(ctx) {
				const { path, headers, method } =
					ctx.previewUpstream() ?? assert.fail();
				seen.push(ctx.upstreamPath, path, method, ctx.forwardHeaders);
				seen.push(headers.includes("x-a"), ctx.origin);
				ctx.setUpstreamHeader("x-b", "c");
			},
			onUpstreamRequest(_ctx, { path, headers }) {
				const own = headers.filter((one) => one === "x-a" || one === "x-b");
				const via = headers.filter((one) => one === "via");
				seen.push(path, own, via.length);
			},
		},
		{ query: "drop", forward },
	);
	await gateway.inject("/p?q=1");
	assert.deepEqual(seen, [
		...["/p?a=1", "/p?a=1", "GET", { "x-a": 2 }],
		...[true, "http://gateway"],
		...["/p?a=1", ["x-b", "x-a"], 0],
	]);
	assert.equal(calls, 2);
});

test("what is withheld later is not in the path that goes out", async (t) => {
	const paths: (string | null)[] = [];
	const { gateway } = await gatewayWith(t, {
		onAdmit(ctx) {
			paths.push(ctx.upstreamPath);
			ctx.withhold("query", "key");
			paths.push(ctx.upstreamPath);
		},
		onUpstreamRequest: (_ctx, { path }) => void paths.push(path),
	});
	await gateway.inject("/p?key=k&a=1");
	assert.deepEqual(paths, ["/p?key=k&a=1", "/p?a=1", "/p?a=1"]);
});

test("a handler's route has nothing that goes out", async (t) => {
	const seen: unknown[] = [];
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		policies: [
			policyOf({
				onAdmit(ctx) {
					seen.push(ctx.upstreamPath, ctx.previewUpstream());
					assert.throws(
						() =>
							ctx.askUpstream({ method: "GET", path: "/", headers: [] }, never),
						TypeError,
					);
				},
			}),
		],
		routes: [route.get("/", { handler: () => "well" })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	assert.equal((await gateway.inject("/")).status, 200);
	assert.deepEqual(seen, [null, null]);
});

const never: UpstreamReader = {
	onHead: () => assert.fail(),
	onChunk: () => assert.fail(),
	onEnd: () => assert.fail(),
	onError: () => assert.fail(),
};

test("onUpstreamError answers in the place of a failure, or lets it be", async (t) => {
	const codes: string[] = [];
	const outcomes: unknown[] = [];
	const { gateway } = await gatewayWith(
		t,
		{
			onUpstreamError(ctx, error) {
				codes.push(error.code);
				if (ctx.url === "/throws") throw new HttpError(418);
				return ctx.url === "/saved" ? reply(200, "saved") : undefined;
			},
			onFinish: (_ctx, { status, source, code }) =>
				void outcomes.push([status, source, code]),
		},
		{},
		(req) => req.socket.destroy(),
	);
	assert.equal((await gateway.inject("/saved")).body, "saved");
	assert.equal((await gateway.inject("/lost")).status, 502);
	assert.equal((await gateway.inject("/throws")).status, 418);
	assert.deepEqual(codes, Array(3).fill("ERR_UPSTREAM_RESET"));
	assert.deepEqual(outcomes[0], [200, "gateway", "ERR_UPSTREAM_RESET"]);
});

test("an asynchronous onUpstreamError is refused at start-up", () => {
	const hooks = { onUpstreamError: async () => undefined } as never;
	const policies = [policyOf(hooks)];
	assert.throws(
		() =>
			createGateway({
				routes: [route.get("/", { upstream: "http://a", policies })],
			}),
		/onUpstreamError must be synchronous/,
	);
});

test("a reply of a flat list may be given many times, whatever is added to it", async (t) => {
	const kept = reply(200, Buffer.from("\xff", "latin1"), ["x-kept", "1"]);
	const { gateway } = await gatewayWith(t, {
		onRequest(ctx) {
			ctx.setResponseHeader("x-own", ctx.url);
			return kept;
		},
	});
	for (const url of ["/a", "/b"]) {
		const { headers, bytes } = await gateway.inject(url);
		assert.deepEqual(
			[headers["x-kept"], headers["x-own"], headers["content-length"]],
			["1", url, "1"],
		);
		assert.deepEqual([...bytes], [255]);
	}
	assert.deepEqual(kept.headers, ["x-kept", "1"]);
});

test("a policy knows all dependencies of its route by name", async () => {
	const names: string[][] = [];
	const one = dependency({ a: input.query("a") }, ({ a }) => a);
	const two = dependency(() => 2);
	createGateway({
		docs: false,
		dependencies: { one },
		policies: [
			{
				name: "noting",
				forRoute({ dependencies, id }) {
					if (id === "GET /") names.push(Object.keys(dependencies).sort());
					return null;
				},
			},
		],
		routes: [route.get("/", { handler: () => "x", dependencies: { two } })],
	});
	assert.deepEqual(names, [["one", "two"]]);
});
