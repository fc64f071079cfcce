import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { file, type Policy, route, Type } from "../../src/index.ts";
import { plans } from "../../src/policies/plans/plans.ts";
import { rateLimit } from "../../src/policies/rate-limit/rate-limit.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

const mebibyte = 1_048_576;
const uploadBytes = 100 * mebibyte;
/** What is dropped behind the answer, so that it arrives (src/connection/closing.ts), and what was read before. */
const mostRead = 2 * mebibyte;
/** And what the kernel takes for two sockets. */
const mostSent = 16 * mebibyte;

const framings = {
	"a length": { line: `Content-Length: ${uploadBytes}`, before: "", after: "" },
	chunks: {
		line: "Transfer-Encoding: chunked",
		before: "100000\r\n",
		after: "\r\n",
	},
} as const;

const none = { limit: 0, window: "hour" } as const;
const limits: Readonly<Record<string, Policy>> = {
	"a limit by address": rateLimit(none),
	"a limit by user": rateLimit({ ...none, by: "user" }),
	"a full queue": rateLimit({
		...{ limit: 1, window: "hour", cost: () => 0.6, phase: "request" },
		overflow: { queueMs: 1, max: 1 },
	}),
	"a plan": plans({
		consumer: () => ({ id: "ada", plan: "none" }),
		plans: { none: { limits: [none] } },
	}),
};

async function start(
	t: TestContext,
	policy: Policy,
): Promise<{ stage: WireStage; sockets: Socket[] }> {
	const sockets: Socket[] = [];
	const watch: Policy = {
		name: "watch",
		forRoute: () => ({ onStart: ({ req }) => void sockets.push(req.socket) }),
	};
	const stage = await startWireStage(t, {
		routes: (target) => [
			route.post("/stream", { upstream: target }),
			route.post("/body", { upstream: target, body: Type.Object({}) }),
			route.post("/form", {
				upstream: target,
				form: { image: file({ maxBytes: uploadBytes * 2 }) },
			}),
		],
		gateway: { policies: [watch, policy] },
		raw: { keepBodies: false },
	});
	return { stage, sockets };
}

const types: Readonly<Record<string, string>> = {
	"/stream": "application/octet-stream",
	"/body": "application/json",
	"/form": "multipart/form-data; boundary=b",
};

suite("100 MB that are refused are not read:", { concurrency: 12 }, () => {
	for (const [name, policy] of Object.entries(limits)) {
		for (const [path, type] of Object.entries(types)) {
			for (const [how, { line, before, after }] of Object.entries(framings)) {
				test(`${name}, ${path}, with ${how}`, async (t) => {
					const { stage, sockets } = await start(t, policy);
					if (name === "a full queue") await fillUp(stage);
					const client = await stage.connect();
					const count = sockets.length;
					const typed = `Content-Type: ${type}`;
					await client.send(request(`POST ${path}`, typed, line));
					const block = Buffer.concat([
						Buffer.from(before),
						Buffer.alloc(mebibyte, 120),
						Buffer.from(after),
					]);
					const uploading = (async () => {
						let sent = 0;
						while (sent < uploadBytes && (await client.send(block))) {
							sent += mebibyte;
						}
						return sent;
					})();
					const answer = await client.readResponse("POST");
					assert.equal(answer.status, 429);
					assert.ok(answer.complete);
					await client.closed(5_000);
					const sent = await uploading;
					const read = sockets[count]?.bytesRead ?? uploadBytes;
					t.diagnostic(`${read} bytes were read, ${sent} went`);
					assert.ok(read <= mostRead, `${read} bytes were read`);
					assert.ok(sent <= mostSent, `${sent} bytes went`);
				});
			}
		}
	}
});

/** Uses up what there is; the next would have to wait for too long. */
async function fillUp(stage: WireStage): Promise<void> {
	const first = await stage.connect();
	await first.send(request("POST /stream", "Content-Length: 0"));
	await first.readResponse("POST");
	await first.close();
}

test("a client that asks before it sends is told 429 and no 100", async (t) => {
	const { stage, sockets } = await start(t, rateLimit(none));
	const client = await stage.connect();
	const expects = "Expect: 100-continue";
	const length = `Content-Length: ${uploadBytes}`;
	const asked = request("POST /stream", length, expects);
	await client.send(asked);
	const answer = await client.readResponse("POST");
	assert.equal(answer.status, 429);
	assert.deepEqual(answer.informational, []);
	await client.closed(5_000);
	assert.equal(sockets[0]?.bytesRead, asked.length);
});
