import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	dependency,
	HttpError,
	input,
	type Route,
	reply,
	route,
	Type,
} from "../../../../src/index.ts";
import {
	type StatusOptions,
	status,
} from "../../../../src/policies/observability/status/status.ts";

import { start } from "./pages.ts";

const admin = dependency(
	{ key: input.header("x-admin", Type.Optional(Type.String())) },
	({ key }) => {
		if (key !== "secret") throw new HttpError(401);
	},
	{ name: "admin" },
);

const hello = route.get("/hello/:name", { handler: () => reply(200, "hello") });

/** Every path of the page. */
function pathsOf(routes: readonly Route[]): string[] {
	return routes.map(({ path }) => path);
}

suite("the status page", () => {
	test("shows none of its files, figures or events to whom a dependency refuses", async (t) => {
		const { url } = await start(t, [hello], { dependencies: { admin } });
		const paths = pathsOf(status({ dependencies: {} }).routes);
		assert.ok(paths.length > 8);
		for (const path of paths) {
			const refused = await fetch(url + path);
			await refused.body?.cancel();
			assert.equal(refused.status, 401, path);
			const headers = { "x-admin": "secret" };
			const shown = await fetch(url + path, { headers });
			await shown.body?.cancel();
			assert.equal(shown.status, 200, path);
		}
	});

	test("is nowhere unless its routes are added, and costs a route nothing without its policy", async () => {
		const page = status({ dependencies: {} });
		const gateway = createGateway({ docs: false, routes: [hello] });
		assert.equal((await gateway.inject("/_gateway")).status, 404);
		assert.equal(gateway.explain("GET", "/hello/x").length, 1);
		await gateway.close();
		await page.close?.();
	});

	test("allows no script, style or connection but its own, and no frame", async (t) => {
		const { url } = await start(t, [hello]);
		const res = await fetch(`${url}/_gateway`);
		const html = await res.text();
		const policy = res.headers.get("content-security-policy") ?? "";
		assert.match(
			policy,
			/default-src 'none'; script-src 'self'; style-src 'self'/,
		);
		assert.match(policy, /frame-ancestors 'none'/);
		assert.doesNotMatch(policy, /unsafe|http|\*/);
		assert.doesNotMatch(
			html,
			/<style|style=|<script(?![^>]*src=)|\son\w+=|https?:/,
		);
		assert.equal(res.headers.get("x-content-type-options"), "nosniff");
	});

	test("answers 304 for a file that the browser has", async (t) => {
		const { url } = await start(t, [hello]);
		const first = await fetch(`${url}/_gateway/status.js`);
		const etag = first.headers.get("etag") ?? "";
		await first.body?.cancel();
		const headers = { "if-none-match": etag };
		const again = await fetch(`${url}/_gateway/status.js`, { headers });
		assert.equal(again.status, 304);
	});

	test("moves with its path, and its title is text", async (t) => {
		const { url } = await start(t, [hello], {
			path: "/ops/gate",
			title: 'A & <b>"$&',
		});
		const html = await (await fetch(`${url}/ops/gate`)).text();
		assert.ok(html.includes("A &amp; &lt;b&gt;&quot;$&amp;"));
		assert.ok(html.includes('src="gate/status.js"'));
		const script = await fetch(`${url}/ops/gate/status.js`);
		await script.body?.cancel();
		assert.equal(script.status, 200);
	});
});

for (const [what, options] of Object.entries({
	dependencies: undefined,
	path: { dependencies: {}, path: "/:id" },
	maxViewers: { dependencies: {}, maxViewers: 0 },
	maxRoutes: { dependencies: {}, maxRoutes: 1.5 },
})) {
	test(`a status page with a wrong ${what} does not start`, () => {
		const create = () => status((options ?? {}) as StatusOptions);
		assert.throws(create, { name: "TypeError", message: new RegExp(what) });
	});
}
