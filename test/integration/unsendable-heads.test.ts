import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Policy, reply, route } from "../../src/index.ts";
import { chunked, head } from "../helpers/raw-http.ts";
import { request, startWireStage } from "./wire-stage.ts";

/** Sets a header that node would not send: `writeHead` throws. */
const breakHeads: Policy = {
	name: "break heads",
	forRoute: () => ({
		onUpstreamResponse(_ctx, response) {
			response.headers.push("x-broken", "a\nb");
		},
	}),
};

const chunkedHead = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
const bodies = {
	"no body": head("HTTP/1.1 204 No Content"),
	"a body that came with it": `${chunkedHead}${chunked("hello")}`,
	"several chunks that came with it": `${chunkedHead}${chunked("hello", "world", "!")}`,
	"a body that is still to come": chunkedHead,
} as const;

suite("a head that can not be sent", () => {
	for (const [what, bytes] of Object.entries(bodies))
		test(`with ${what} is a 502, and the connection goes on`, async (t) => {
			const stage = await startWireStage(t, {
				gateway: { policies: [breakHeads] },
			});
			stage.upstream.script = (_one, connection) => connection.send(bytes);
			const client = await stage.connect();
			for (const path of ["/1", "/2"]) {
				const answer = await client.exchange(request(`GET ${path}`));
				assert.equal(answer.status, 502);
				assert.equal(
					JSON.parse(answer.body.toString()).code,
					"ERR_UPSTREAM_INVALID",
				);
			}
			await stage.ended(2);
			assert.equal(stage.outcomes.length, 2);
		});
});

test("a reply without a body whose head can not be sent is a 500 with one", async (t) => {
	const stage = await startWireStage(t, {
		routes: () => [
			route.get("/", {
				handler: () => reply(204, null, { "x-broken": "a\nb" }),
			}),
		],
	});
	const client = await stage.connect();
	for (let i = 0; i < 2; i++) {
		const answer = await client.exchange(request("GET /"));
		assert.equal(answer.status, 500);
		assert.equal(JSON.parse(answer.body.toString()).code, "ERR_INTERNAL");
	}
});
