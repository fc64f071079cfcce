import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { reply, route, type Upstream } from "../../src/index.ts";
import { policyOf } from "../helpers/policed-gateway.ts";
import { connectRaw } from "../helpers/raw-client.ts";
import { valuesOf } from "../helpers/raw-http.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

const utf8 = (text: string): string => Buffer.from(text).toString("latin1");
const texts = [
	...["caf\xe9", "x\x98y", utf8("café"), utf8("☃"), utf8("日本.pdf")],
	...[utf8("“quoted”"), utf8("Łódź"), "\xff\xfe"],
];
const name = "Content-Disposition";
const disposition = (text: string): string => `attachment; filename="${text}"`;

/** A service that answers with these header lines, a body of two bytes, whole or in two parts. */
async function start(
	t: TestContext,
	lines: readonly string[],
	framing: "length" | "late" | "chunked" | "none",
): Promise<WireStage> {
	const stage = await startWireStage(t);
	stage.upstream.script = async (_request, connection) => {
		const head = ["HTTP/1.1 200 OK", "Content-Type: text/plain", ...lines];
		const isLength = framing === "length" || framing === "late";
		if (isLength) head.splice(1, 0, "Content-Length: 2");
		if (framing === "chunked") head.splice(1, 0, "Transfer-Encoding: chunked");
		if (framing === "none") head.splice(1, 0, "Content-Length: 0");
		await connection.send(`${head.join("\r\n")}\r\n\r\n`);
		if (framing === "none") return;
		if (framing !== "length") await new Promise((go) => setTimeout(go, 30));
		await connection.send(isLength ? "ok" : "2\r\nok\r\n0\r\n\r\n");
	};
	return stage;
}

suite("a service's header values reach the client byte for byte", () => {
	for (const framing of ["length", "late", "chunked", "none"] as const) {
		test(`with a body of framing "${framing}"`, async (t) => {
			for (const text of texts) {
				const lines = [
					`${name}: ${disposition(text)}`,
					`X-Name: ${text}`,
					`Set-Cookie: a=${text}`,
				];
				const stage = await start(t, lines, framing);
				const client = await stage.connect();
				const { status, startLine, headers, body } = await client.exchange(
					request("GET /"),
				);
				assert.deepEqual([status, startLine], [200, "HTTP/1.1 200 OK"]);
				assert.deepEqual(valuesOf(headers, name), [disposition(text)]);
				assert.deepEqual(valuesOf(headers, "x-name"), [text]);
				assert.deepEqual(valuesOf(headers, "set-cookie"), [`a=${text}`]);
				assert.equal(String(body), framing === "none" ? "" : "ok");
			}
		});
	}

	test("and so do 103, HEAD and two lines of one name", async (t) => {
		const lines = [disposition(utf8("☃")), disposition("caf\xe9")];
		const stage = await start(
			t,
			lines.map((line) => `${name}: ${line}`),
			"none",
		);
		const client = await stage.connect();
		const { headers } = await client.exchange(request("HEAD /"), "HEAD");
		assert.deepEqual(valuesOf(headers, name), lines);
	});
});

suite("what the gateway says itself is UTF-8 on the wire", () => {
	const text = "Łódź.pdf";
	const routes = (upstream: Upstream) => [
		route.get("/text", {
			handler: () =>
				reply(200, "naïve ☃", { [name]: disposition(text), "x-name": text }),
		}),
		route.get("/ascii", {
			handler: () =>
				reply(200, "ok", { [name]: disposition(text), "x-name": text }),
		}),
		route.get("/bytes", {
			handler: () =>
				reply(200, Buffer.alloc(100_000), {
					[name]: disposition(text),
					"x-name": text,
				}),
		}),
		route.get("/stream", {
			handler: () =>
				reply(
					200,
					(async function* () {
						await new Promise((go) => setTimeout(go, 20));
						yield "ok";
					})(),
					{ [name]: disposition(text), "x-name": text },
				),
		}),
		route.get("/flat", {
			handler: () =>
				reply(200, "ok", [
					"content-length",
					"2",
					name,
					disposition(text),
					"x-name",
					text,
				]),
		}),
		route.get("/set", {
			upstream,
			policies: [
				policyOf({
					onRequest: (ctx) => ctx.setResponseHeader(name, disposition(text)),
					onUpstreamResponse: (_ctx, { headers }) =>
						void headers.push("x-name", text),
				}),
			],
		}),
	];
	for (const path of ["text", "ascii", "bytes", "stream", "flat", "set"]) {
		test(`/${path}`, async (t) => {
			const stage = await startWireStage(t, { routes });
			const client = await stage.connect();
			const got = await client.exchange(request(`GET /${path}`));
			assert.equal(got.status, 200, String(got.body));
			assert.deepEqual(valuesOf(got.headers, name), [utf8(disposition(text))]);
			assert.deepEqual(valuesOf(got.headers, "x-name"), [utf8(text)]);
			if (path === "text") assert.equal(got.body.toString(), "naïve ☃");
		});
	}
});

test("a head that is replaced does not leave its reason phrase behind", async (t) => {
	const stage = await startWireStage(t, {
		routes: (upstream) => [
			route.get("/replaced", {
				upstream,
				policies: [
					policyOf({
						onUpstreamResponse: (_ctx, response) => {
							response.headers.push("x-a", "a\r\nb");
						},
					}),
				],
			}),
			route.get("/local", {
				handler: () => reply(201, "ok", { "x-a": "a\r\nb" }),
			}),
			route.all("/*", { upstream }),
		],
	});
	stage.upstream.script = (asked, connection) =>
		connection.send(
			`HTTP/1.1 299 Odd Phrase\r\ncontent-length: 2\r\nx-a: ${asked.target === "/bad" ? "\x01" : "1"}\r\n\r\nok`,
		);
	const lines: string[] = [];
	for (const path of ["/replaced", "/local", "/bad", "/"]) {
		const client = await stage.connect();
		lines.push((await client.exchange(request(`GET ${path}`))).startLine);
	}
	assert.deepEqual(lines, [
		"HTTP/1.1 502 Bad Gateway",
		"HTTP/1.1 500 Internal Server Error",
		"HTTP/1.1 502 Bad Gateway",
		"HTTP/1.1 299 Unknown",
	]);
});

test("nor its headers, in a server that has set some of its own", async (t) => {
	const spoil = policyOf({
		onUpstreamResponse: (ctx, { headers }) => {
			if (ctx.url === "/bad") headers.push("x-a", "a\r\nb");
		},
	});
	const stage = await startWireStage(t, { gateway: { policies: [spoil] } });
	stage.upstream.script = (_asked, connection) =>
		connection.send(
			`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n${name}: ${utf8("☃")}\r\n\r\nok`,
		);
	const server = createServer((req, res) => {
		res.setHeader("x-outer", "1");
		stage.gateway.handler(req, res);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => server.close());
	const { port } = server.address() as AddressInfo;
	for (const [path, status, coding] of [
		["/", 200, "gzip"],
		["/bad", 502, undefined],
	] as const) {
		await using client = await connectRaw({ port });
		const got = await client.exchange(request(`GET ${path}`));
		assert.equal(got.status, status);
		assert.deepEqual(valuesOf(got.headers, "x-outer"), ["1"]);
		assert.equal(valuesOf(got.headers, "content-encoding")[0], coding);
		if (status === 200) {
			assert.deepEqual(valuesOf(got.headers, name), [utf8("☃")]);
		}
	}
});

test("trailers that name what the gateway set are dropped", async (t) => {
	const stage = await startWireStage(t, {
		gateway: {
			policies: [
				policyOf({
					onRequest: (ctx) => ctx.setResponseHeader("x-user", "ada"),
				}),
			],
		},
	});
	stage.upstream.script = (_asked, connection) =>
		connection.send(
			"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-user, x-sum\r\n\r\n2\r\nok\r\n0\r\nX-User: eve\r\nx-sum: 1\r\n\r\n",
		);
	const client = await stage.connect();
	const { headers, trailers } = await client.exchange(request("GET /"));
	assert.deepEqual(valuesOf(headers, "x-user"), ["ada"]);
	assert.deepEqual(
		trailers.map(([one]) => one.toLowerCase()),
		["x-sum"],
	);
});
