import assert from "node:assert/strict";
import { test } from "node:test";
import { createGateway, route } from "../../src/index.ts";
import { connectRaw } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import { startRawUpstream } from "../helpers/raw-upstream.ts";

// RFC 9112 section 6.3: a length that goes on as another one cuts or swallows the next request.
for (const length of ["9007199254740993", "10000000000000001", "1".repeat(19)])
	test(`a content-length of ${length} is refused`, async (t) => {
		const upstream = await startRawUpstream();
		t.after(() => upstream.close());
		const gateway = createGateway({
			docs: false,
			routes: [route.all("/*", { upstream: upstream.url })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const { port } = await gateway.listen();
		await using client = await connectRaw({ port });
		const bytes = head(
			"POST / HTTP/1.1",
			"Host: x",
			`Content-Length: ${length}`,
		);
		const answer = await client.exchange(`${bytes}hello`, "POST");
		assert.equal(answer.status, 400);
		await client.closed();
		assert.equal(upstream.connections.length, 0);
	});

// RFC 9112 section 6.3
test("an answer with a length that a number can not hold is a 502", async (t) => {
	const upstream = await startRawUpstream();
	t.after(() => upstream.close());
	const gateway = createGateway({
		docs: false,
		routes: [route.all("/*", { upstream: upstream.url })],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const { port } = await gateway.listen();
	for (const method of ["GET", "HEAD"]) {
		upstream.script = (_request, connection) =>
			connection.send(
				head("HTTP/1.1 200 OK", "Content-Length: 10000000000000001"),
			);
		await using client = await connectRaw({ port });
		const bytes = head(`${method} / HTTP/1.1`, "Host: x");
		assert.equal((await client.exchange(bytes, method)).status, 502);
	}
});
