import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { dependency, route } from "../../src/index.ts";
import { head } from "../helpers/raw-http.ts";
import { ways } from "./abort-scenes.ts";
import { request, startWireStage } from "./wire-stage.ts";

const gateway = { limits: { pipelined: 3 } };

suite("pipelined requests (RFC 9112 section 9.3.2)", () => {
	for (const [i, way] of ways.entries())
		test(`of a client that leaves, by a ${["FIN", "reset"][i]}, all end, not only the one whose turn it is`, async (t) => {
			let cleaned = 0;
			const lease = dependency(async function* lease() {
				try {
					yield 1;
				} finally {
					cleaned++;
				}
			});
			const stage = await startWireStage(t, {
				gateway,
				routes: (target) => [
					route.all("/*", { upstream: target, dependencies: { lease } }),
				],
			});
			stage.upstream.script = () => undefined;
			const client = await stage.connect();
			await client.send(
				["/1", "/2", "/3"].map((path) => request(`GET ${path}`)).join(""),
			);
			await stage.upstream.request(2);
			way(client);
			await stage.ended(3, 500);
			assert.deepEqual(
				stage.outcomes.map((one) => one.status),
				[499, 499, 499],
			);
			assert.equal(cleaned, 3);
			for (const connection of stage.upstream.connections) {
				await connection.until(
					() => !connection.isOpen,
					"the end of the call",
					500,
				);
			}
		});

	test("whose answer breaks behind one that is still under way wait for that, and then end the connection", async (t) => {
		const stage = await startWireStage(t, { gateway });
		stage.upstream.script = async (one, connection) => {
			await connection.send(
				`${head("HTTP/1.1 200 OK", "Content-Length: 10")}hello`,
			);
			if (one.target === "/2") connection.reset();
		};
		const client = await stage.connect();
		await client.send(request("GET /1") + request("GET /2"));
		await client.waitForText("hello");
		await stage.upstream.request(1);
		const first = stage.upstream.connections.find(
			(one) => one.requests[0]?.target === "/1",
		);
		const second = stage.upstream.connections.find((one) => one !== first);
		await second?.until(() => !second.isOpen, "the end of the second call");
		await first?.send("world");
		const whole = await client.readResponse();
		assert.deepEqual(
			[whole.body.toString(), whole.complete],
			["helloworld", true],
		);
		assert.notEqual(
			(await client.readResponse().catch(() => null))?.complete,
			true,
		);
		await client.closed(500);
	});

	for (const version of ["1.0", "1.1"])
		test(`of HTTP/${version} whose answer breaks while another is under way are cut when their turn comes`, async (t) => {
			const stage = await startWireStage(t, { gateway });
			stage.upstream.script = (one, connection) => {
				if (one.target === "/1") return;
				return connection
					.send(`${head("HTTP/1.1 200 OK", "Content-Length: 10")}hello`)
					.then(() => connection.reset());
			};
			const client = await stage.connect();
			const lines = `HTTP/${version}\r\nHost: g\r\nConnection: keep-alive\r\n\r\n`;
			await client.send(`GET /1 ${lines}GET /2 ${lines}`);
			await stage.upstream.request(1);
			const second = stage.upstream.connections.find(
				(one) => one.requests[0]?.target === "/2",
			);
			await second?.until(() => !second.isOpen, "the end of the second call");
			// The gateway reads it in one of the next turns; nothing tells of it before the first has ended.
			for (let turn = 0; turn < 20; turn++) {
				await new Promise((resolve) => setImmediate(resolve));
			}
			const first = stage.upstream.connections.find((one) => one !== second);
			await first?.reply(200, "whole");
			const whole = await client.readResponse();
			assert.deepEqual(
				[whole.body.toString(), whole.complete],
				["whole", true],
			);
			await client.closed(500);
			await stage.ended(2, 500);
		});

	test("that can not be read are told so once, behind the answer before them", async (t) => {
		const stage = await startWireStage(t, { gateway });
		stage.upstream.script = () => undefined;
		const client = await stage.connect();
		const broken = request("POST /2", "Transfer-Encoding: chunked");
		await client.send(`${request("GET /1")}${broken}x\r\n`);
		await stage.upstream.request(0);
		// node fails to read these as well, and says so again.
		await client.sendPieces(["more\r\n", "and more\r\n"]);
		await stage.upstream.connections[0]?.reply(200, "whole");
		const whole = await client.readResponse();
		assert.equal(whole.body.toString(), "whole");
		const refused = await client.readResponse();
		assert.deepEqual([refused.status, refused.complete], [400, true]);
		await client.closed(500);
		await stage.ended(2, 500);
		const statuses = stage.outcomes.map((one) => one.status);
		assert.deepEqual(statuses.sort(), [200, 400]);
	});
});
