import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { createGateway, reply, route, Type } from "../../src/index.ts";
import { connectRaw } from "../helpers/raw-client.ts";
import { startRawUpstream } from "../helpers/raw-upstream.ts";
import { request } from "./wire-stage.ts";

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

test("one that leaves the 100 to the gateway has it sent when the body is wanted, and nothing executed behind a request without one", async (t) => {
	const service = await startRawUpstream();
	t.after(() => service.close());
	const gateway = createGateway({
		docs: false,
		routes: [route.all("/*", { upstream: service.url })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const server = createServer(gateway.handler);
	server.on("checkContinue", gateway.handler);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	t.after(() => server.close());
	const { port } = server.address() as AddressInfo;
	const expect = "Expect: 100-continue";
	await using client = await connectRaw({ port });
	await client.send(request("POST /a", expect, "Content-Length: 2"));
	assert.equal((await client.readAnyHead()).status, 100);
	await client.send("{}");
	assert.equal((await client.readResponse("POST")).status, 200);
	await client.send(
		request("GET /b", expect) + request("POST /c", "Content-Length: 0"),
	);
	assert.equal((await client.readResponse()).header("connection"), "close");
	await client.closed();
	assert.deepEqual(
		service.requests.map((one) => one.target),
		["/a", "/b"],
	);
});
