import assert from "node:assert/strict";
import { suite as describe, test } from "node:test";
import { defaults } from "../src/model/upstream.ts";
import { judge, Stage } from "./conformance/stage.ts";
import { suite } from "./conformance/suite.ts";
import { createTarget } from "./conformance/targets/headgate.ts";
import { startRawUpstream } from "./helpers/raw-upstream.ts";

/** Where headgate makes another choice than the case, knowingly. Each is safe; an entry that is no longer needed fails. */
const accepted: Readonly<Record<string, string>> = {
	"te-spaces": "node's parser refuses a tab after the coding",
	"line-two-spaces":
		"node's parser skips the second space; the target that goes on has none",
	...(defaults.client === "undici" && {
		"trailer-framing":
			"undici takes a length in the trailers for the body's and breaks off",
		"bad-version-2":
			"undici's parser does the same with answers; HTTP/1.1 goes on",
	}),
	"body-both-ways":
		"undici sends a request's head with the first byte of its body; from there on both directions run at once",
	"bad-http10-te": "read as chunked, which ends where the connection does",
};

const topics = Map.groupBy(suite, (one) => one.topic);

describe("conformance", { concurrency: 4 }, () => {
	for (const [topic, cases] of topics)
		test(topic, async (t) => {
			await using upstream = await startRawUpstream();
			const gateway = createTarget(upstream.port);
			const { port } = await gateway.listen({ port: 0, host: "127.0.0.1" });
			const stage = new Stage({ host: "127.0.0.1", port }, upstream);
			await stage.clear();
			for (const one of cases)
				await t.test(`${one.rule} [${one.id}, ${one.rfc}]`, async () => {
					const verdict = await judge(one, stage);
					const reason = verdict.result === "pass" ? "" : verdict.reason;
					const wanted = one.id in accepted ? "differs" : "pass";
					assert.equal(
						verdict.result,
						wanted,
						reason || "it is accepted no more",
					);
				});
			await gateway.close({ timeoutMs: 100 });
		});
});
