import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, test } from "node:test";
import {
	createGateway,
	dependency,
	type Policy,
	route,
	upstream,
} from "../../src/index.ts";
import { within } from "../helpers/byte-reader.ts";
import { Authority } from "../helpers/certificates.ts";
import { connectRaw } from "../helpers/raw-client.ts";
import { startRawUpstream } from "../helpers/raw-upstream.ts";
import { request, startWireStage } from "./wire-stage.ts";

const soonMs = 500;
const handshake = request(
	"GET /",
	"Connection: Upgrade",
	"Upgrade: websocket",
	"Sec-WebSocket-Version: 13",
);

suite("close()", () => {
	test("cuts an upgrade off at its deadline that the upstream has not answered", async (t) => {
		const stage = await startWireStage(t);
		stage.upstream.script = () => undefined;
		const client = await stage.connect();
		await client.send(handshake);
		await stage.upstream.request();
		await within(
			stage.gateway.close({ timeoutMs: 200 }),
			200 + soonMs,
			"close",
		);
		assert.notEqual(await client.closed(soonMs), "open");
		const [connection] = stage.upstream.connections;
		await connection?.until(
			() => !connection.isOpen,
			"the end of the call",
			soonMs,
		);
	});

	test("ends connections that have yet to begin their TLS handshake", async (t) => {
		const { port: _port, ...authority } = {
			port: 0,
			tls: new Authority().issue("localhost"),
		};
		const gateway = createGateway({
			docs: false,
			routes: [route.get("/", { handler: () => "" })],
		});
		const { port } = await gateway.listen(authority);
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const client = await connectRaw({ port });
		t.after(() => client.close());
		// By the time that another has shaken hands, this one has been accepted.
		const other = await connectRaw({
			port,
			tls: { rejectUnauthorized: false },
		});
		await other.exchange(request("GET /"));
		await other.close();
		await within(gateway.close(), 1_000 + soonMs, "close");
		assert.notEqual(await client.closed(soonMs), "open");
	});

	test("waits for what dependencies clean up, and then closes each policy once, whatever another does", async (t) => {
		const told: string[] = [];
		const closing = (name: string, fails: boolean): Policy => ({
			name,
			forRoute: () => null,
			async close() {
				told.push(name);
				if (fails) throw new Error("it is stuck");
			},
		});
		const cleaned = Promise.withResolvers<void>();
		const lease = dependency(async function* lease() {
			yield 1;
			await cleaned.promise;
			told.push("lease");
		});
		const [shared, first, second] = [
			closing("shared", true),
			closing("first", false),
			closing("second", false),
		];
		const stage = await startWireStage(t, {
			gateway: { policies: [shared] },
			routes: (target) => [
				route.get("/", {
					upstream: target,
					dependencies: { lease },
					policies: [first, second],
				}),
				route.get("/again", { upstream: target, policies: [shared, first] }),
			],
		});
		const client = await stage.connect();
		await client.exchange(request("GET /", "Connection: close"));
		const done = stage.gateway.close();
		await stage.ended();
		assert.deepEqual(told, []);
		cleaned.resolve();
		await within(done, soonMs, "close");
		await stage.gateway.close();
		assert.deepEqual(told, ["lease", "shared", "first", "second"]);
		assert.equal(stage.errors.length, 1);
	});

	test("does not wait for a clean-up longer than its deadline", async (t) => {
		const lease = dependency(async function* lease() {
			yield 1;
			await new Promise(() => undefined);
		});
		const stage = await startWireStage(t, {
			routes: (target) => [
				route.get("/", { upstream: target, dependencies: { lease } }),
			],
		});
		const client = await stage.connect();
		await client.exchange(request("GET /"));
		await within(
			stage.gateway.close({ timeoutMs: 200 }),
			200 + soonMs,
			"close",
		);
	});

	test("lets the requests of a server that embeds the handler finish, and ends their connections", async (t) => {
		const service = await startRawUpstream();
		t.after(() => service.close());
		const gateway = createGateway({
			docs: false,
			routes: [route.all("/*", { upstream: upstream(service.url) })],
		});
		const server = createServer(gateway.handler).listen(0, "127.0.0.1");
		await once(server, "listening");
		t.after(() => server.close());
		const client = await connectRaw({
			port: (server.address() as AddressInfo).port,
		});
		t.after(() => client.close());
		service.script = () => undefined;
		await client.send(request("GET /"));
		await service.request();
		const closing = gateway.close();
		await service.connections[0]?.reply(200, "finished");
		const answer = await client.readResponse();
		assert.deepEqual(
			[answer.body.toString(), answer.header("connection")],
			["finished", "close"],
		);
		await client.closed(soonMs);
		await within(closing, soonMs, "close");
	});
});
