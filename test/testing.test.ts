import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createGateway, route } from "../src/index.ts";
import { startGateway, startUpstream, type TestScope } from "../src/testing.ts";

/** A test of which we say when it is over. */
class Scope implements TestScope {
	readonly #cleanups: (() => void | Promise<void>)[] = [];

	after(clean: () => void | Promise<void>): void {
		this.#cleanups.push(clean);
	}

	async end(): Promise<void> {
		for (const clean of this.#cleanups.reverse()) await clean();
	}
}

suite("startUpstream", () => {
	test("answers until the test is over, and keeps what it was asked", async () => {
		const scope = new Scope();
		const { url, requests } = await startUpstream(scope, (req, res) => {
			res.end(req.url);
		});
		assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
		assert.equal(await (await fetch(`${url}/a`)).text(), "/a");
		await (await fetch(`${url}/b`, { method: "POST" })).text();
		assert.deepEqual(
			requests.map(({ method, url: path }) => [method, path]),
			[
				["GET", "/a"],
				["POST", "/b"],
			],
		);
		await scope.end();
		await assert.rejects(fetch(url));
	});

	test("is closed though a client still waits", async () => {
		const scope = new Scope();
		const asked = Promise.withResolvers<void>();
		const { url } = await startUpstream(scope, () => asked.resolve());
		const pending = fetch(url);
		await asked.promise;
		await scope.end();
		await assert.rejects(pending);
	});
});

suite("startGateway", () => {
	test("listens on a free port until the test is over, in front of a real service", async () => {
		const scope = new Scope();
		const service = await startUpstream(scope, (_req, res) =>
			res.end("served"),
		);
		const gateway = createGateway({
			routes: [route.get("/", { upstream: service.url })],
		});
		const { url, port, host } = await startGateway(scope, gateway);
		assert.equal(url, `http://${host}:${port}`);
		assert.equal(await (await fetch(url)).text(), "served");
		await scope.end();
		await assert.rejects(fetch(url));
	});

	test("takes what listen takes", async (t) => {
		const gateway = createGateway({
			routes: [route.get("/", { handler: () => "here" })],
		});
		const { host } = await startGateway(t, gateway, { host: "127.0.0.2" });
		assert.equal(host, "127.0.0.2");
	});
});
