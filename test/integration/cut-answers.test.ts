import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type ListenOptions,
	route,
	upstream,
} from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { Authority } from "../helpers/certificates.ts";
import { connectRaw, type RawAddress } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import { startRawUpstream } from "../helpers/raw-upstream.ts";

/** Ways to reach a gateway. */
const places: Readonly<Record<string, (t: TestContext) => ListenOptions>> = {
	TCP: () => ({}),
	"a Unix socket": (t) => {
		const directory = mkdtempSync(join(tmpdir(), "headgate-cut-"));
		t.after(() => rmSync(directory, { recursive: true }));
		return { path: join(directory, "socket") };
	},
	TLS: () => ({ tls: new Authority().issue("localhost") }),
};

function toAddress(options: ListenOptions, port: number): RawAddress {
	if (options.path !== undefined) return { path: options.path };
	return options.tls === undefined
		? { port }
		: { port, tls: { rejectUnauthorized: false } };
}

const bodies = {
	"a body that ends with the connection": head("HTTP/1.1 200 OK"),
	"a body with a length": head("HTTP/1.1 200 OK", "Content-Length: 10"),
	"a body in chunks": `${head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")}5\r\n`,
} as const;

suite("an answer that breaks off", () => {
	for (const [place, listen] of Object.entries(places))
		for (const [what, bytes] of Object.entries(bodies))
			for (const version of ["1.0", "1.1"])
				test(`within ${what} is cut for a client of HTTP/${version} over ${place}, and the next is served`, async (t) => {
					const service = await startRawUpstream();
					t.after(() => service.close());
					service.script = async (one, connection) => {
						if (one.target !== "/cut") return connection.reply(200, "next");
						await connection.send(`${bytes}hello`);
						connection.reset();
					};
					const gateway = createGateway({
						docs: false,
						routes: [route.get("/*", { upstream: upstream(service.url) })],
					});
					const options = listen(t);
					const { port } = await startGateway(t, gateway, options);
					const address = toAddress(options, port);
					await using client = await connectRaw(address);
					await client.send(`GET /cut HTTP/${version}\r\nHost: g\r\n\r\n`);
					const answer = await client.readResponse().catch(() => null);
					await client.closed();
					const isTold =
						answer?.framing.kind !== "close" ||
						client.state === "reset" ||
						place !== "TCP";
					assert.ok(isTold, "it looks whole");
					assert.ok(
						answer === null || answer.complete === false || place !== "TCP",
					);
					await using next = await connectRaw(address);
					const second = await next.exchange(
						`GET /next HTTP/${version}\r\nHost: g\r\n\r\n`,
					);
					assert.equal(second.body.toString(), "next");
				});
});
