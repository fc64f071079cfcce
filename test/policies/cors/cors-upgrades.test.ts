import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { suite, test } from "node:test";
import { createGateway, route } from "../../../src/index.ts";
import { type CorsOptions, cors } from "../../../src/policies/cors/cors.ts";
import { startGateway, type TestScope } from "../../../src/testing.ts";

/** The status line's number of an upgrade with those header lines. */
async function upgradeStatus(
	t: TestScope,
	options: CorsOptions,
	lines: string,
): Promise<number> {
	const service = http.createServer().listen(0, "127.0.0.1");
	t.after(() => void service.close());
	service.on("upgrade", (_req, socket) => {
		socket.end(
			"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
		);
	});
	await once(service, "listening");
	const { port } = service.address() as net.AddressInfo;
	const gateway = createGateway({
		docs: false,
		policies: [cors(options)],
		routes: [route.get("/ws", { upstream: `http://127.0.0.1:${port}` })],
	});
	const { url } = await startGateway(t, gateway);
	const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
	t.after(() => void socket.destroy());
	socket.write(
		`GET /ws HTTP/1.1\r\nhost: gateway.example\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\ncookie: session=1\r\n${lines}\r\n`,
	);
	const [head] = (await once(socket, "data")) as [Buffer];
	return Number(String(head).split(" ")[1]);
}

const listed: CorsOptions = {
	origins: ["https://app.example"],
	credentials: true,
};
const byFunction: CorsOptions = {
	origins: async (origin) => origin === "https://app.example",
};

suite("an upgrade", () => {
	for (const [name, options, lines, status] of [
		[
			"of an allowed origin passes",
			listed,
			"origin: https://app.example\r\n",
			101,
		],
		["without an origin passes", listed, "", 101],
		[
			"of the gateway's own pages passes",
			listed,
			"origin: https://gateway.example\r\n",
			101,
		],
		[
			"of another origin is 403",
			listed,
			"origin: https://evil.example\r\n",
			403,
		],
		[
			"of another port is 403",
			listed,
			"origin: http://gateway.example:81\r\n",
			403,
		],
		["of an opaque origin is 403", listed, "origin: null\r\n", 403],
		["with an empty origin is 403", listed, "origin:\r\n", 403],
		[
			"with two origins is 403",
			listed,
			"origin: https://app.example\r\norigin: https://evil.example\r\n",
			403,
		],
		[
			"that a function does not allow is 403",
			byFunction,
			"origin: https://evil.example\r\n",
			403,
		],
		[
			"that a function allows passes",
			byFunction,
			"origin: https://app.example\r\n",
			101,
		],
		[
			"of any origin passes where that is asked for",
			{ ...listed, upgrades: "any" },
			"origin: https://evil.example\r\n",
			101,
		],
		[
			"of any origin passes where all may read",
			{ origins: "*" },
			"origin: https://evil.example\r\n",
			101,
		],
	] as const) {
		test(name, async (t) => {
			assert.equal(await upgradeStatus(t, options, lines), status);
		});
	}
});
