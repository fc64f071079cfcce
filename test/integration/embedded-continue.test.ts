import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { createGateway, reply, route, Type } from "../../src/index.ts";

test("an embedding server that has sent the 100 itself is not made to send another", async (t) => {
	const gateway = createGateway({
		docs: false,
		routes: [
			route.post("/", {
				body: Type.Object({}),
				handler: () => reply(200, "ok"),
			}),
		],
	});
	const server = createServer(gateway.handler);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	t.after(() => server.close());
	const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
	let text = "";
	socket.setEncoding("latin1").on("data", (chunk) => {
		text += chunk;
	});
	socket.write(
		"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n",
	);
	socket.once("data", () => socket.write("{}"));
	await new Promise((resolve) => socket.on("close", resolve));
	assert.equal(text.split("HTTP/1.1 100").length - 1, 1);
	assert.match(text, /HTTP\/1\.1 200/);
});
