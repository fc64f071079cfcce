import assert from "node:assert/strict";
import { test } from "node:test";
import { createGateway, route } from "../../../src/index.ts";
import { cache } from "../../../src/policies/cache/cache.ts";
import { cors } from "../../../src/policies/cors/cors.ts";
import { startGateway, startUpstream } from "../../../src/testing.ts";

test("an answer out of a cache behind it is for each origin anew", async (t) => {
	const service = await startUpstream(t, (_req, res) => {
		res.setHeader("cache-control", "public, max-age=60");
		res.setHeader("access-control-allow-origin", "https://service.example");
		res.end("cached");
	});
	const pages = ["https://a.example", "https://b.example"];
	const gateway = createGateway({
		docs: false,
		policies: [cors({ origins: pages }), cache()],
		routes: [route.get("/", { upstream: service.url })],
	});
	const { url } = await startGateway(t, gateway);
	const allowed: (string | null)[] = [];
	for (const origin of [...pages, "https://evil.example", ...pages]) {
		const res = await fetch(url, { headers: { origin } });
		assert.equal(await res.text(), "cached");
		allowed.push(res.headers.get("access-control-allow-origin"));
		assert.match(res.headers.get("vary") ?? "", /Origin/);
	}
	assert.deepEqual(allowed, [...pages, null, ...pages]);
	assert.equal(service.requests.length, 1);
});
