import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { after, type TestContext, test } from "node:test";
import type { TLSSocket, TlsOptions } from "node:tls";
import {
	createGateway,
	type Outcome,
	route,
	type UpstreamOptions,
	upstream,
} from "../../src/index.ts";
import { Authority } from "../helpers/certificates.ts";
import { connectRaw, type RawResponse } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import { type RawUpstream, startRawUpstream } from "../helpers/raw-upstream.ts";

const authority = new Authority();
const stranger = new Authority("unknown authority");
after(() => {
	authority.close();
	stranger.close();
});
const { ca } = authority;
const good = authority.issue("good");
const member = authority.issue("member");
const get = head("GET / HTTP/1.1", "Host: x");

interface Scene {
	readonly answer: RawResponse;
	readonly outcome: Outcome;
}

/** Asks once through a gateway of its own. */
async function ask(
	t: TestContext,
	origin: string,
	options: UpstreamOptions = {},
	bytes = get,
): Promise<Scene> {
	const outcomes: Outcome[] = [];
	const gateway = createGateway({
		docs: false,
		routes: [route.all("/*", { upstream: upstream(origin, options) })],
		policies: [
			{
				name: "watcher",
				forRoute: () => ({ onFinish: (_, outcome) => outcomes.push(outcome) }),
			},
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const { port } = await gateway.listen();
	const client = await connectRaw({ port });
	t.after(() => client.close());
	const answer = await client.exchange(bytes);
	await gateway.close({ timeoutMs: 500 });
	return { answer, outcome: outcomes[0] as Outcome };
}

async function serve(t: TestContext, tls: TlsOptions): Promise<RawUpstream> {
	const service = await startRawUpstream({ tls });
	t.after(() => service.close());
	return service;
}

test("an authority of one's own is believed where it is given", async (t) => {
	const service = await serve(t, good);
	const { answer } = await ask(t, service.url, { tls: { ca } });
	assert.equal(answer.status, 200);
	const byName = `https://localhost:${service.port}`;
	assert.equal((await ask(t, byName, { tls: { ca } })).answer.status, 200);
});

interface Row {
	readonly what: string;
	readonly serves: TlsOptions;
	readonly options: UpstreamOptions;
	/** What the log may know, and the client must not. */
	readonly cause: RegExp;
}

const otherName = authority.issue("other", { names: "DNS:other.internal" });

const rows: readonly Row[] = [
	{
		what: "of an unknown authority",
		serves: stranger.issue("stranger"),
		options: {},
		cause: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/,
	},
	{
		what: "of another authority than the one given",
		serves: stranger.issue("stranger"),
		options: { tls: { ca } },
		cause: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/,
	},
	{
		what: "that has expired",
		serves: authority.issue("late", { days: -1 }),
		options: { tls: { ca } },
		cause: /CERT_HAS_EXPIRED/,
	},
	{
		what: "for another host",
		serves: otherName,
		options: { tls: { ca } },
		cause: /ERR_TLS_CERT_ALTNAME_INVALID/,
	},
	{
		what: "for another host than the server name asked for",
		serves: good,
		options: { tls: { ca, servername: "other.internal" } },
		cause: /ERR_TLS_CERT_ALTNAME_INVALID/,
	},
	{
		what: "and no version in common",
		serves: { ...good, maxVersion: "TLSv1.2" },
		options: { tls: { ca, minVersion: "TLSv1.3" } },
		cause: /ERR_SSL_|ECONNRESET/,
	},
];

for (const { what, serves, options, cause } of rows)
	test(`a service with a certificate ${what} is a 503 that tells nothing`, async (t) => {
		const service = await serve(t, serves);
		const { answer, outcome } = await ask(t, service.url, options);
		assert.equal(answer.status, 503);
		assert.deepEqual(JSON.parse(answer.body.toString()), {
			type: "about:blank",
			title: "Service Unavailable",
			status: 503,
			detail: "The service can not be reached.",
			code: "ERR_UPSTREAM_UNREACHABLE",
		});
		assert.equal(service.requests.length, 0);
		const { code, message } = outcome.error as NodeJS.ErrnoException;
		assert.match(`${code} ${message}`, cause);
	});

test("verification is off only where that is said", async (t) => {
	const service = await serve(t, stranger.issue("stranger"));
	const tls = { rejectUnauthorized: false };
	assert.equal((await ask(t, service.url, { tls })).answer.status, 200);
});

// RFC 6066 section 3
test("the server name is the origin's host, or what the upstream says", async (t) => {
	const asked: string[] = [];
	const service = await serve(t, {
		...good,
		SNICallback: (name, done) => {
			asked.push(name);
			done(null);
		},
	});
	const byName = `https://localhost:${service.port}`;
	await ask(t, byName, { tls: { ca } });
	// An address is no server name.
	await ask(t, service.url, { tls: { ca } });
	await ask(t, service.url, { tls: { ca, servername: "localhost" } });
	assert.deepEqual(asked, ["localhost", "localhost"]);
});

test("a client certificate proves the gateway to the service", async (t) => {
	const asking = { requestCert: true, rejectUnauthorized: true };
	const service = await serve(t, { ...good, ca, ...asking });
	const names: unknown[] = [];
	service.onConnection = ({ socket }) =>
		names.push((socket as TLSSocket).getPeerCertificate().subject?.CN);
	const { answer } = await ask(t, service.url, { tls: { ca, ...member } });
	assert.equal(answer.status, 200);
	assert.deepEqual(names, ["member"]);
});

// RFC 8446 section 4.4.2.4: the refusal comes when the gateway has begun to send, and looks like an end.
test("a client certificate that the service asks for in vain is a 502", async (t) => {
	const asking = { requestCert: true, rejectUnauthorized: true };
	const service = await serve(t, { ...good, ca, ...asking });
	const { answer } = await ask(t, service.url, { tls: { ca } });
	assert.equal(answer.status, 502);
	assert.equal(service.requests.length, 0);
});

test("a service that does not finish its handshake is a 504", async (t) => {
	const silent = createTcpServer().listen(0, "127.0.0.1");
	await once(silent, "listening");
	t.after(() => silent.close());
	silent.on("connection", (socket) => t.after(() => socket.destroy()));
	const { port } = silent.address() as { port: number };
	const timeout = { connectMs: 200 };
	const origin = `https://127.0.0.1:${port}`;
	const { answer } = await ask(t, origin, { timeout, tls: { ca } });
	assert.equal(answer.status, 504);
});

test("a service without TLS is a 503", async (t) => {
	const plain = await startRawUpstream();
	t.after(() => plain.close());
	const origin = `https://127.0.0.1:${plain.port}`;
	assert.equal((await ask(t, origin, { tls: { ca } })).answer.status, 503);
});

test("an upgrade goes through to a service with TLS", async (t) => {
	const service = await serve(t, good);
	service.script = (_request, connection) =>
		connection.send(
			head(
				"HTTP/1.1 101 Switching Protocols",
				"Connection: upgrade",
				"Upgrade: websocket",
			),
		);
	const bytes = head(
		"GET /ws HTTP/1.1",
		"Host: x",
		"Connection: Upgrade",
		"Upgrade: websocket",
	);
	const { answer } = await ask(t, service.url, { tls: { ca } }, bytes);
	assert.equal(answer.status, 101);
});

for (const [what, origin, tls, serves, sni] of [
	[
		"the server name asked for",
		"127.0.0.1",
		{ servername: "other.internal" },
		otherName,
		"other.internal",
	],
	["the target's host", "localhost", {}, good, "localhost"],
	["an address, which has no name to send", "127.0.0.1", {}, good, false],
] as const) {
	test(`whatever Host goes out, a certificate is for ${what}: one handshake`, async (t) => {
		const names: unknown[] = [];
		const service = createTlsServer(serves, (req, res) => {
			res.end(req.headers.host);
		});
		service.on("secureConnection", (socket: TLSSocket) =>
			names.push(socket.servername),
		);
		service.listen(0, "127.0.0.1");
		await once(service, "listening");
		const { port } = service.address() as AddressInfo;
		const target = upstream(`https://${origin}:${port}`, {
			preserveHost: true,
			tls: { ca, ...tls },
		});
		const gateway = createGateway({
			docs: false,
			routes: [
				route.get("/set", {
					upstream: target,
					forward: { headers: () => ({ host: "set.example" }) },
				}),
				route.all("/*", { upstream: target }),
			],
		});
		t.after(async () => {
			await gateway.close({ timeoutMs: 0 });
			service.close();
		});
		for (const [url, host] of [
			["/", "a.example"],
			["/", "b.example:8443"],
			["/", "[::1]"],
			["/set", "set.example"],
			["/", "10.0.0.1"],
		] as const) {
			const got = await gateway.inject({ url, headers: { host } });
			assert.deepEqual([got.status, got.body], [200, host]);
		}
		assert.deepEqual(names, [sni]);
	});
}
