import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { suite, test } from "node:test";
import { createGateway, route, Type } from "../../src/index.ts";
import {
	startGateway,
	startUpstream,
	type TestScope,
} from "../../src/testing.ts";

const whole = '{"a":1,"secret":"s"}';

/** A service that knows ranges and lengths, behind a route that selects from what it says. */
async function startSelect(scope: TestScope): Promise<string> {
	const service = await startUpstream(scope, answer);
	const gateway = createGateway({
		routes: [
			route.get("/*", {
				upstream: service.url,
				response: {
					schema: Type.Object({ a: Type.Integer() }),
					mode: "select",
				},
			}),
		],
	});
	return (await startGateway(scope, gateway)).url;
}

function answer(req: IncomingMessage, res: ServerResponse): void {
	const isRange = req.headers.range !== undefined;
	const body = isRange ? whole.slice(0, 5) : whole;
	res.writeHead(isRange ? 206 : 200, {
		"content-type": "application/json",
		"content-length": body.length,
		"accept-ranges": "bytes",
		etag: '"1"',
	});
	res.end(body);
}

suite("an answer that is selected from", () => {
	test("has the length and the fields of what is sent, to HEAD as to GET", async (t) => {
		const url = await startSelect(t);
		const got = await fetch(`${url}/x`);
		assert.equal(await got.text(), '{"a":1}');
		assert.equal(got.headers.get("content-length"), "7");
		const head = await fetch(`${url}/x`, { method: "HEAD" });
		assert.equal(head.status, 200);
		assert.equal(head.headers.get("content-type"), "application/json");
		for (const res of [got, head]) {
			assert.notEqual(res.headers.get("content-length"), String(whole.length));
			assert.equal(res.headers.get("etag"), null);
			assert.equal(res.headers.get("accept-ranges"), null);
		}
	});

	test("is never asked for in part: a part can not be read", async (t) => {
		const url = await startSelect(t);
		const headers = { range: "bytes=0-4", "if-range": '"1"' };
		const res = await fetch(`${url}/x`, { headers });
		assert.equal(res.status, 200);
		assert.equal(await res.text(), '{"a":1}');
	});
});
