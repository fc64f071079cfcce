import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type ResponseOptions,
	route,
	upstream,
} from "../../src/index.ts";
import { startGateway, startUpstream } from "../../src/testing.ts";
import { KeptLog } from "../helpers/kept-log.ts";
import { connectRaw } from "../helpers/raw-client.ts";

suite("response.location", () => {
	/** What becomes of a header in which `ORIGIN` and `HOST` stand for the service's own. */
	async function located(
		t: TestContext,
		value: string,
		{
			name = "location",
			path = "/api/*",
			upstreamPath = "/v1/*" as string | null,
			response = {} as ResponseOptions,
			url = "/api/x",
		} = {},
	): Promise<string | undefined> {
		const service = await startUpstream(t, (_req, res) => {
			const { host } = new URL(service.url);
			const text = value.replace("ORIGIN", service.url).replace("HOST", host);
			res.writeHead(302, { [name]: text }).end();
		});
		const target = upstream([service.url, "http://orders:8003"]);
		// Both targets are asked in turn: only the first is there.
		const gateway = createGateway({
			docs: false,
			logger: new KeptLog(),
			routes: [
				route.all(path, {
					upstream: target,
					...(upstreamPath === null ? {} : { upstreamPath }),
					response,
				} as never),
			],
		});
		t.after(() => gateway.close());
		let got = await gateway.inject({ url, headers: { host: "api.test" } });
		if (got.status !== 302) {
			got = await gateway.inject({ url, headers: { host: "api.test" } });
		}
		assert.equal(got.status, 302);
		return got.headers[name] as string | undefined;
	}

	const rows: readonly [string, string, string?][] = [
		["ORIGIN/v1/login?a=1#b", "http://api.test/api/login?a=1#b"],
		["http://HOST/v1/a%2Fb//c/../d;x", "http://api.test/api/a%2Fb//c/../d;x"],
		["HTTP://HOST/v1/x", "http://api.test/api/x"],
		["https://HOST/v1/x", "http://api.test/api/x"],
		["//HOST/v1/x", "http://api.test/api/x"],
		["http://ORDERS:8003/v1/x", "http://api.test/api/x"],
		["http://user:pw@orders:8003/v1/x", "http://api.test/api/x"],
		["http:\\\\orders:8003/v1/x", "http://api.test/api/x"],
		["http:/orders:8003/v1/x", "http://api.test/api/x"],
		["ORIGIN/v1", "http://api.test/api"],
		["ORIGIN/v1?a", "http://api.test/api?a"],
		["ORIGIN/v10/x", "http://api.test/v10/x"],
		["ORIGIN", "http://api.test"],
		["http://orders:8004/v1/x", "http://orders:8004/v1/x"],
		["https://id.test/?next=ORIGIN/", "https://id.test/?next=ORIGIN/"],
		["/v1/login", "/v1/login"],
		["login", "login"],
		["5; url=ORIGIN/v1/x", "5; url=http://api.test/api/x", "refresh"],
		["0;URL='ORIGIN/v1/x'", "0;URL='http://api.test/api/x'", "refresh"],
		["5", "5", "refresh"],
		["ORIGIN/v1/x", "http://api.test/api/x", "content-location"],
	];
	for (const [value, wanted, name = "location"] of rows) {
		test(`${name}: ${value}`, async (t) => {
			const got = await located(t, value, { name });
			if (wanted.includes("ORIGIN")) assert.match(got ?? "", /^https:\/\/id/);
			else assert.equal(got, wanted);
		});
	}

	test("the prefix may hold parameters, and may be absent", async (t) => {
		assert.equal(
			await located(t, "ORIGIN/v1/7/b", {
				path: "/t/:id/*",
				upstreamPath: "/v1/:id/*",
				url: "/t/7/a",
			}),
			"http://api.test/t/7/b",
		);
		assert.equal(
			await located(t, "ORIGIN/v1/7/b", { upstreamPath: null }),
			"http://api.test/v1/7/b",
		);
	});

	test("a client that names no host gets a path alone", async (t) => {
		const service = await startUpstream(t, (req, res) => {
			const rest = decodeURIComponent(req.url?.slice(4) ?? "");
			res.writeHead(302, { location: service.url + rest }).end();
		});
		const gateway = createGateway({
			docs: false,
			routes: [
				route.all("/api/*", { upstream: service.url, upstreamPath: "/v1/*" }),
			],
		});
		const { port } = await startGateway(t, gateway);
		for (const [rest, wanted] of [
			["/v1/x", "/api/x"],
			["", "/"],
			["?a", "/?a"],
			["//evil.test/", "/.//evil.test/"],
		]) {
			await using client = await connectRaw({ port });
			const target = `/api/${encodeURIComponent(rest ?? "")}`;
			void client.send(`GET ${target} HTTP/1.0\r\n\r\n`);
			const answer = await client.readResponse();
			assert.equal(answer.header("location"), wanted);
		}
	});

	test("'keep' leaves it alone", async (t) => {
		const got = await located(t, "http://orders:8003/v1/x", {
			response: { location: "keep" },
		});
		assert.equal(got, "http://orders:8003/v1/x");
	});
});
