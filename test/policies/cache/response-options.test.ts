import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { suite, test } from "node:test";
import { type ResponseOptions, route, Type } from "../../../src/index.ts";
import { policyOf } from "../../helpers/policed-gateway.ts";
import { startCache } from "./stage.ts";

/** A service that counts its responses and knows their versions. */
function versions(control: string) {
	let count = 0;
	return (req: IncomingMessage, res: ServerResponse): void => {
		count++;
		res.setHeader("cache-control", control);
		res.setHeader("etag", '"v"');
		res.setHeader("x-internal", "1");
		if (req.headers["if-none-match"] !== undefined && count < 3) {
			res.writeHead(304).end();
			return;
		}
		res.setHeader("content-type", "application/json");
		res.setHeader("content-location", `http://${req.headers.host}/v1/a`);
		res.end(JSON.stringify({ count, secret: "s" }));
	};
}

const Counted = Type.Object({ count: Type.Integer() });
const groups: Record<string, ResponseOptions> = {
	select: { schema: Counted, mode: "select" },
	body: { body: (value) => ({ count: (value as { count: number }).count }) },
};

suite("the cache and the route option response", () => {
	for (const [what, group] of Object.entries(groups)) {
		test(`${what}: what is stored, validated and refreshed is what the first client got`, async (t) => {
			const stage = await startCache(
				t,
				versions("max-age=10, stale-while-revalidate=60"),
				{
					route: {
						response: {
							...group,
							keepHeaders: ["etag", "cache-control"],
							headers: () => ({ "x-own": "1" }),
						},
					} as never,
				},
			);
			const shown = (got: Awaited<ReturnType<typeof stage.get>>) => [
				got.body,
				got.headers.etag,
				got.headers["x-own"],
				got.headers["x-internal"],
				got.headers["content-location"],
			];
			const first = await stage.get("/a");
			const tag = what === "body" ? 'W/"v"' : undefined;
			const rest = [tag, "1", undefined, "http://gateway/v1/a"];
			assert.deepEqual(shown(first), ['{"count":1}', ...rest]);
			assert.deepEqual(shown(await stage.get("/a")), ['{"count":1}', ...rest]);
			for (const count of [1, 3]) {
				stage.clock.ms += 20_000;
				const asked = stage.asked();
				assert.match((await stage.get("/a", {}, "HEAD")).how, /hit/);
				while (stage.asked() === asked) await new Promise(setImmediate);
				let got = await stage.get("/a");
				for (let i = 0; i < 100 && !/ttl=\d/.test(got.how); i++) {
					await new Promise(setImmediate);
					got = await stage.get("/a");
				}
				assert.deepEqual(shown(got), [`{"count":${count}}`, ...rest]);
			}
		});
	}

	for (const order of ["before", "behind"] as const) {
		test(`a transform by a policy ${order} the cache is stored, and never refreshed without it`, async (t) => {
			const hiding = policyOf({
				onUpstreamResponse: (_ctx, response) =>
					response.transform((value) => ({ ...(value as object), secret: 0 })),
			});
			const stage = await startCache(
				t,
				versions("max-age=10, stale-while-revalidate=60"),
				{
					routes: (upstream, cache) => [
						route.get("/*", {
							upstream,
							policies: order === "before" ? [hiding, cache] : [cache, hiding],
						}),
					],
				},
			);
			for (let i = 0; i < 4; i++) {
				const got = await stage.get("/a");
				assert.match(got.body, /^\{"count":\d,"secret":0\}$/);
				assert.equal(got.headers.etag, 'W/"v"');
				assert.equal(got.headers["content-length"], String(got.body.length));
				if (i % 2 === 1) stage.clock.ms += 20_000;
				await new Promise((resolve) => setTimeout(resolve, 20));
			}
		});
	}

	test("a change drops what its Location names, as the client knows it", async (t) => {
		const stage = await startCache(
			t,
			(req, res) => {
				res.setHeader("cache-control", "max-age=60");
				if (req.method === "GET") res.end("x");
				else {
					const location = `http://${req.headers.host}/v1/made`;
					res.writeHead(201, { location }).end();
				}
			},
			{
				routes: (upstream, cache) => [
					route.all("/api/*", {
						upstream,
						upstreamPath: "/v1/*",
						policies: [cache],
					}),
				],
			},
		);
		await stage.get("/api/made");
		assert.match((await stage.get("/api/made")).how, /hit/);
		const made = await stage.get("/api/list", {}, "POST");
		assert.equal(made.headers.location, "http://gateway/api/made");
		assert.doesNotMatch((await stage.get("/api/made")).how, /hit/);
	});
});
