import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { head } from "../helpers/raw-http.ts";
import { request, startWireStage } from "./wire-stage.ts";

const hints = head(
	"HTTP/1.1 103 Early Hints",
	"Link: </a.css>; rel=preload",
	"Link: </b.css>; rel=preload",
);

// RFC 8297 section 3: Python's http.client takes a 103 for the response.
suite("103 of a service", () => {
	for (const [version, earlyHints, comes] of [
		["1.1", undefined, false],
		["1.1", false, false],
		["1.1", true, true],
		["1.0", true, false],
	] as const)
		test(`${comes ? "reaches" : "does not reach"} a client of HTTP/${version} with earlyHints: ${earlyHints}`, async (t) => {
			const stage = await startWireStage(t, {
				upstream: earlyHints === undefined ? {} : { earlyHints },
			});
			stage.upstream.script = async (_one, connection) => {
				await connection.send(hints);
				await connection.reply(200, "whole");
			};
			const client = await stage.connect();
			await client.send(request("GET /").replace("1.1", version));
			const { status, body, informational } = await client.readResponse();
			assert.deepEqual([status, body.toString()], [200, "whole"]);
			assert.deepEqual(
				informational.map((one) => [one.status, one.header("link")]),
				comes ? [[103, "</a.css>; rel=preload, </b.css>; rel=preload"]] : [],
			);
		});
});
