import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { suite, type TestContext, test } from "node:test";
import express from "express";
import { createGateway, file, route, Type } from "../../src/index.ts";
import { startUpstream } from "../../src/testing.ts";

const json = { "content-type": "application/json" };
const urlencoded = { "content-type": "application/x-www-form-urlencoded" };

/** A gateway behind a listener that may read bodies: what it responds, what its service got, and what it logged. */
async function start(
	t: TestContext,
	mount: (handler: RequestListener) => RequestListener,
) {
	const service = await startUpstream(t, (req, res) => {
		req.pipe(res);
	});
	const logged: string[] = [];
	const upstream = service.url;
	const gateway = createGateway({
		routes: [
			route.post("/raw", { upstream }),
			route.post("/json", { upstream, body: Type.Any() }),
			route.post("/form", {
				upstream,
				form: { a: Type.Optional(Type.Any()), f: file({ optional: true }) },
			}),
			route.post("/handler", (ctx) => ({
				parsed: (ctx.req as { body?: unknown }).body ?? null,
			})),
		],
		logger: {
			error: ({ err }: { err?: Error }) => logged.push(String(err?.message)),
			warn: () => {},
			info: () => {},
		},
	});
	t.after(() => gateway.close());
	const server = createServer(mount(gateway.handler)).listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		server.closeAllConnections();
		server.close();
	});
	const { port } = server.address() as AddressInfo;
	const ask = async (
		path: string,
		body: RequestInit["body"],
		headers: Record<string, string> = json,
	): Promise<[number, string]> => {
		const url = `http://127.0.0.1:${port}${path}`;
		const response = await fetch(url, {
			method: "POST",
			body: body ?? null,
			headers,
		});
		return [response.status, await response.text()];
	};
	return { ask, logged, requests: service.requests };
}

suite("a body that a parser in front has read", () => {
	const parsers: Record<string, (handler: RequestListener) => RequestListener> =
		{
			"express.json()": (handler) =>
				express().use(express.json(), express.urlencoded(), handler),
			"one of its own": (handler) => async (req, res) => {
				await buffer(req);
				handler(req, res);
			},
			"one that reads a part": (handler) => (req, res) => {
				req.once("data", () => {
					req.pause();
					handler(req, res);
				});
			},
		};
	for (const [name, mount] of Object.entries(parsers)) {
		test(`is a 500 whose cause is logged, behind ${name}`, async (t) => {
			const { ask, logged, requests } = await start(t, mount);
			const bodies = [
				["/raw", '{"a":1}', json],
				["/json", '{"a":1}', json],
				["/form", "a=1", urlencoded],
			] as const;
			for (const [path, body, headers] of bodies) {
				const [status, text] = await ask(path, body, headers);
				assert.equal(status, 500, path);
				assert.doesNotMatch(text, /express/);
				assert.match(logged.pop() ?? "", /the request body was read before/);
			}
			assert.equal(requests.length, 0);
		});
	}

	test("may be used by a handler that does not ask for it again", async (t) => {
		const { ask } = await start(t, parsers["express.json()"] as never);
		const [status, text] = await ask("/handler", '{"a":1}');
		assert.equal(status, 200);
		assert.deepEqual(JSON.parse(text), { parsed: { a: 1 } });
	});

	test("goes on where the parser left it alone", async (t) => {
		const { ask } = await start(t, parsers["express.json()"] as never);
		const plain = { "content-type": "text/plain" };
		assert.deepEqual(await ask("/raw", "text", plain), [200, "text"]);
		assert.deepEqual(await ask("/raw", null), [200, ""]);
	});

	test("is told of a multipart form too", async (t) => {
		const { ask, logged } = await start(t, parsers["one of its own"] as never);
		const type = { "content-type": "multipart/form-data; boundary=B" };
		const body =
			"--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B--\r\n";
		assert.equal((await ask("/form", body, type))[0], 500);
		assert.match(logged[0] ?? "", /the request body was read before/);
	});
});
