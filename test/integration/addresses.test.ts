import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type Listening,
	type ListenOptions,
	route,
	type UpstreamOptions,
	upstream,
} from "../../src/index.ts";
import {
	connectRaw,
	type RawAddress,
	type RawResponse,
} from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import {
	type RawUpstream,
	type RawUpstreamOptions,
	startRawUpstream,
} from "../helpers/raw-upstream.ts";

function temporaryPath(t: TestContext, name: string): string {
	const directory = mkdtempSync(join(tmpdir(), "headgate-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	return join(directory, name);
}

async function serve(
	t: TestContext,
	options: RawUpstreamOptions = {},
): Promise<RawUpstream> {
	const service = await startRawUpstream(options);
	t.after(() => service.close());
	return service;
}

async function listen(
	t: TestContext,
	origins: string | readonly string[],
	options: UpstreamOptions = {},
	address: ListenOptions = {},
): Promise<Listening> {
	const gateway = createGateway({
		docs: false,
		routes: [route.all("/*", { upstream: upstream(origins, options) })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return gateway.listen(address);
}

async function ask(address: RawAddress, path = "/"): Promise<RawResponse> {
	await using client = await connectRaw(address);
	return await client.exchange(head(`GET ${path} HTTP/1.1`, "Host: x"));
}

suite("the gateway listens", () => {
	test("on a Unix socket, which is gone afterwards", async (t) => {
		const service = await serve(t);
		const path = temporaryPath(t, "gateway.sock");
		const gateway = createGateway({
			docs: false,
			routes: [route.all("/*", { upstream: service.url })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const { url, port, host } = await gateway.listen({ path });
		assert.deepEqual([url, port, host], [`http+unix://${path}`, 0, path]);
		assert.equal((await ask({ path })).status, 200);
		const [request] = service.requests;
		// RFC 7239 section 6: there is no address to name.
		assert.match(request?.header("forwarded") ?? "", /^for=unknown;/);
		assert.equal(request?.header("x-forwarded-for"), "unknown");
		await gateway.close();
		assert.equal(existsSync(path), false);
	});

	test("on IPv6", async (t) => {
		const service = await serve(t);
		const listening = await listen(t, service.url, {}, { host: "::1" });
		const { url, port } = listening;
		assert.equal(url, `http://[::1]:${port}`);
		assert.equal((await ask({ host: "::1", port })).status, 200);
		const [request] = service.requests;
		assert.equal(request?.header("x-forwarded-for"), "::1");
		// RFC 7239 section 6: an address of IPv6 is bracketed and quoted.
		assert.match(request?.header("forwarded") ?? "", /^for="\[::1\]";/);
	});

	test("on both families, where a client of IPv4 has an address of IPv4", async (t) => {
		const service = await serve(t);
		const { port } = await listen(t, service.url, {}, { host: "::" });
		assert.equal((await ask({ host: "127.0.0.1", port })).status, 200);
		assert.equal(service.requests[0]?.header("x-forwarded-for"), "127.0.0.1");
		assert.equal((await ask({ host: "::1", port })).status, 200);
		assert.equal(service.requests[1]?.header("x-forwarded-for"), "::1");
	});

	test("or says why not", async (t) => {
		const { port } = await listen(t, "http://127.0.0.1:1");
		const taken = { code: "EADDRINUSE" };
		await assert.rejects(listen(t, "http://a", {}, { port }), taken);
	});
});

suite("the gateway connects", () => {
	test("to a Unix socket", async (t) => {
		const path = temporaryPath(t, "service.sock");
		const service = await serve(t, { path });
		const options = { socketPath: path };
		const { port } = await listen(t, "http://service", options);
		assert.equal((await ask({ port })).status, 200);
		assert.equal(service.requests[0]?.header("host"), "service");
	});

	test("to a Unix socket that is not there: 503 without its path", async (t) => {
		const socketPath = temporaryPath(t, "absent.sock");
		const { port } = await listen(t, "http://service", { socketPath });
		const answer = await ask({ port });
		assert.equal(answer.status, 503);
		assert.doesNotMatch(answer.body.toString(), /sock|ENOENT|service"/);
	});

	test("to IPv6", async (t) => {
		const service = await serve(t, { host: "::1" });
		const { port } = await listen(t, `http://[::1]:${service.port}`);
		assert.equal((await ask({ port })).status, 200);
		const [request] = service.requests;
		assert.equal(request?.header("host"), `[::1]:${service.port}`);
	});

	for (const host of ["127.0.0.1", "::1"])
		test(`to localhost where only ${host} listens`, async (t) => {
			const service = await serve(t, { host });
			const { port } = await listen(t, `http://localhost:${service.port}`);
			for (const path of ["/1", "/2"]) {
				assert.equal((await ask({ port }, path)).status, 200);
			}
			assert.equal(service.requests.length, 2);
		});

	test("to nothing: localhost where no family listens is a 503", async (t) => {
		const service = await serve(t);
		await service.stopListening();
		const { port } = await listen(t, `http://localhost:${service.port}`);
		assert.equal((await ask({ port })).status, 503);
	});

	test("to a name that does not resolve: 503", async (t) => {
		const { port } = await listen(t, "http://nowhere.invalid");
		const answer = await ask({ port });
		assert.equal(answer.status, 503);
		assert.doesNotMatch(answer.body.toString(), /nowhere|ENOTFOUND/);
	});
});

suite("several origins", () => {
	test("share the calls, each under its own name", async (t) => {
		const services = [await serve(t), await serve(t), await serve(t)];
		const { port } = await listen(
			t,
			services.map(({ url }) => url),
		);
		await using kept = await connectRaw({ port });
		for (let n = 0; n < 60; n++) {
			const bytes = head(`GET /${n} HTTP/1.1`, "Host: x");
			if (n % 2 === 0) await kept.exchange(bytes);
			else await ask({ port }, `/${n}`);
		}
		const counts = services.map(({ requests }) => requests.length);
		assert.ok(Math.min(...counts) >= 5, `they got ${counts}`);
		for (const { requests, port: own } of services) {
			for (const request of requests) {
				assert.equal(request.header("host"), `127.0.0.1:${own}`);
			}
		}
	});

	test("serve on when one of them refuses connections", async (t) => {
		const services = [await serve(t), await serve(t)];
		await services[0]?.stopListening();
		const { port } = await listen(
			t,
			services.map(({ url }) => url),
		);
		const statuses = [];
		for (let n = 0; n < 4; n++) statuses.push((await ask({ port })).status);
		assert.deepEqual(statuses, [200, 200, 200, 200]);
	});
});
