import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	HttpError,
	type Policy,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { connectRaw } from "../helpers/raw-client.ts";

/** Refuses or answers what asks for it, before the counting policy's own step 2. */
const early: Policy = {
	name: "early",
	forRoute: () => ({
		onRequest({ url }) {
			if (url.endsWith("refused")) throw new HttpError(403);
			return url.endsWith("answered") ? reply(202) : undefined;
		},
	}),
};

suite("onStart", () => {
	test("runs once for every request of a route, before its onFinish, whoever answers", async (t) => {
		const told: string[] = [];
		const count: Policy = {
			name: "count",
			forRoute: ({ id }) => ({
				onStart: ({ url }) => told.push(`start ${id} ${url}`),
				onRequest: ({ url }) => void told.push(`request ${url}`),
				onFinish: ({ url }, { status }) => told.push(`${status} ${url}`),
			}),
		};
		const gateway = createGateway({
			docs: false,
			policies: [early, count],
			routes: [
				route.get("/:n", {
					path: { n: Type.Union([Type.Integer(), Type.String()]) },
					handler: () => reply(204),
				}),
			],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const statusOf = async (url: string) => (await gateway.inject(url)).status;
		assert.equal(await statusOf("/7"), 204);
		assert.equal(await statusOf("/refused"), 403);
		assert.equal(await statusOf("/answered"), 202);
		assert.equal(await statusOf("/no/where"), 404);
		const id = "GET /:n";
		assert.deepEqual(told, [
			...[`start ${id} /7`, "request /7", "204 /7"],
			...[`start ${id} /refused`, "403 /refused"],
			...[`start ${id} /answered`, "202 /answered"],
			...["start unmatched /no/where", "request /no/where", "404 /no/where"],
		]);
	});

	test("runs for a head that is refused too", async (t) => {
		const told: string[] = [];
		const finished = Promise.withResolvers<void>();
		const count: Policy = {
			name: "count",
			forRoute: () => ({
				onStart: () => told.push("start"),
				onFinish(_ctx, { status }) {
					told.push(`finish ${status}`);
					finished.resolve();
				},
			}),
		};
		const { url } = await startGateway(
			t,
			createGateway({ docs: false, policies: [count], routes: [] }),
		);
		const port = Number(new URL(url).port);
		await using client = await connectRaw({ port });
		const answer = await client.exchange(
			"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
		);
		assert.equal(answer.status, 400);
		await finished.promise;
		assert.deepEqual(told, ["start", "finish 400"]);
	});

	test("that fails is logged, and harms neither the request nor the next policy", async (t) => {
		const logged: string[] = [];
		let started = 0;
		const broken: Policy = {
			name: "broken",
			forRoute: () => ({
				onStart() {
					throw new Error("a mistake");
				},
			}),
		};
		const next: Policy = {
			name: "next",
			forRoute: () => ({ onStart: () => void started++ }),
		};
		const gateway = createGateway({
			docs: false,
			policies: [broken, next],
			logger: {
				error: (_details, message) => logged.push(message),
				warn: () => undefined,
				info: () => undefined,
			},
			routes: [route.get("/", { handler: () => reply(204) })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		assert.equal((await gateway.inject("/")).status, 204);
		assert.deepEqual(logged, ["onStart failed"]);
		assert.equal(started, 1);
	});
});
