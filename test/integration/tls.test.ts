import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { after, suite, type TestContext, test } from "node:test";
import { type ConnectionOptions, connect } from "node:tls";
import {
	createGateway,
	type GatewayOptions,
	type Listening,
	reply,
	route,
} from "../../src/index.ts";
import { Authority } from "../helpers/certificates.ts";
import { connectRaw } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import { startRawUpstream } from "../helpers/raw-upstream.ts";

const authority = new Authority();
after(() => authority.close());
const first = authority.issue("first");
const second = authority.issue("second");
const client = { ca: authority.ca, servername: "localhost" };
const get = head("GET /tls HTTP/1.1", "Host: localhost");

async function listen(
	t: TestContext,
	options: Partial<GatewayOptions> = {},
): Promise<Listening> {
	const gateway = createGateway({
		docs: false,
		routes: [
			route.get("/tls", {
				handler: ({ req }) =>
					reply(200, "encrypted" in req.socket ? "secret" : "plain"),
			}),
		],
		...options,
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return gateway.listen({ tls: first });
}

/** Shakes hands and gives back the certificate's name, the protocol and the session. */
async function shake(port: number, options: ConnectionOptions = {}) {
	const socket = connect({ port, host: "127.0.0.1", ...client, ...options });
	socket.on("error", () => undefined);
	await once(socket, "secureConnect");
	const name = socket.getPeerCertificate().subject?.CN;
	const result = { name, alpn: socket.alpnProtocol, tls: socket.getProtocol() };
	socket.destroy();
	return result;
}

suite("listen({ tls })", () => {
	test("answers over TLS, and says so in its address", async (t) => {
		const { url, port } = await listen(t);
		assert.equal(url, `https://127.0.0.1:${port}`);
		await using raw = await connectRaw({ port, tls: client });
		const answer = await raw.exchange(get);
		assert.equal(answer.body.toString(), "secret");
		const again = await raw.exchange(get);
		assert.equal(again.status, 200);
	});

	// RFC 7301 section 3.2
	test("agrees on http/1.1 by ALPN, and on nothing else", async (t) => {
		const { port } = await listen(t);
		for (const ALPNProtocols of [["http/1.1"], ["h2", "http/1.1"]]) {
			const { alpn } = await shake(port, { ALPNProtocols });
			assert.equal(alpn, "http/1.1");
		}
		assert.equal((await shake(port)).alpn, false);
		await assert.rejects(shake(port, { ALPNProtocols: ["h2"] }));
	});

	// RFC 8996
	test("speaks no TLS before 1.2", async (t) => {
		const { port } = await listen(t);
		const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1" } as const;
		await assert.rejects(shake(port, old));
		const { tls } = await shake(port, { maxVersion: "TLSv1.2" });
		assert.equal(tls, "TLSv1.2");
	});

	test("tells upstreams of https, and takes the strict parser's part over any option", async (t) => {
		await using upstream = await startRawUpstream();
		const gateway = createGateway({
			docs: false,
			routes: [route.all("/*", { upstream: upstream.url })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const lenient = { ...first, insecureHTTPParser: true };
		const { port } = await gateway.listen({ tls: lenient });
		await using raw = await connectRaw({ port, tls: client });
		await raw.exchange(get);
		const [request] = upstream.requests;
		assert.equal(request?.header("x-forwarded-proto"), "https");
		assert.match(request?.header("forwarded") ?? "", /proto=https/);
		await using odd = await connectRaw({ port, tls: client });
		const both = head(
			"POST / HTTP/1.1",
			"Host: x",
			"Content-Length: 3",
			"Transfer-Encoding: chunked",
		);
		assert.equal((await odd.exchange(`${both}0\r\n\r\n`)).status, 400);
		assert.equal(upstream.requests.length, 1);
	});

	test("lets a client that does not finish its handshake go", async (t) => {
		const { port } = await listen(t, { limits: { headersMs: 200 } });
		const socket = connectTcp(port, "127.0.0.1");
		t.after(() => socket.destroy());
		socket.on("error", () => undefined).resume();
		await once(socket, "close", { signal: AbortSignal.timeout(1_500) });
	});

	test("survives bytes that are no TLS", async (t) => {
		const { port } = await listen(t);
		await using plain = await connectRaw({ port });
		await plain.send(get);
		await plain.closed();
		assert.equal((await shake(port)).name, "first");
	});
});

suite("setTls", () => {
	test("swaps the certificate for new connections and leaves open ones alone", async (t) => {
		const listening = await listen(t);
		const { port } = listening;
		await using open = await connectRaw({ port, tls: client });
		assert.equal((await open.exchange(get)).status, 200);
		assert.equal((await shake(port)).name, "first");
		listening.setTls(second);
		assert.equal((await shake(port)).name, "second");
		assert.equal(
			(await shake(port, { ALPNProtocols: ["h2", "http/1.1"] })).alpn,
			"http/1.1",
		);
		assert.equal((await open.exchange(get)).body.toString(), "secret");
	});

	test("keeps what it has when the new one is broken", async (t) => {
		const listening = await listen(t);
		const { port } = listening;
		const broken = { key: second.key, cert: first.cert };
		assert.throws(() => listening.setTls(broken), /key values mismatch/);
		assert.throws(() => listening.setTls({ key: "x", cert: "y" }));
		assert.equal((await shake(port)).name, "first");
	});

	test("is refused where there is no TLS", async (t) => {
		const gateway = createGateway({ docs: false, routes: [] });
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const listening = await gateway.listen();
		assert.throws(() => listening.setTls(first), TypeError);
	});
});
