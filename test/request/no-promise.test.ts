import assert from "node:assert/strict";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { promiseHooks } from "node:v8";
import {
	createGateway,
	dependency,
	type Gateway,
	input,
	type Policy,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { startGateway, startUpstream } from "../../src/testing.ts";

const source = join(import.meta.dirname, "../../src/");

/** The places in our own code where promises were made while `act` ran. */
async function promisesOf(act: () => Promise<void>): Promise<string[]> {
	const places: string[] = [];
	const stop = promiseHooks.onInit(() => {
		const stack = new Error().stack ?? "";
		const line = stack.split("\n").find((one) => one.includes(source));
		if (line !== undefined) places.push(line.trim());
	});
	try {
		await act();
	} finally {
		stop();
	}
	return places;
}

/** One request over a socket, by callbacks. */
function get(url: string, headers: Record<string, string>): Promise<void> {
	return new Promise((resolve, reject) => {
		const req = request(url, { headers, agent: false });
		req.on("error", reject);
		req.on("response", (res) => {
			res.resume();
			res.on("close", () => {
				if (res.statusCode === 200) resolve();
				else reject(new Error(`${url}: ${res.statusCode}`));
			});
		});
		req.end();
	});
}

const flat: Policy = {
	name: "flat",
	forRoute: () => ({
		onRequest: () => undefined,
		onAdmit: (ctx) => ctx.setResponseHeader("x-a", "b"),
		onUpstreamRequest: () => undefined,
		onUpstreamResponse: () => undefined,
		onFinish: () => undefined,
	}),
};
const caller = dependency({ key: input.header("x-key") }, ({ key }) => key);

function createSample(upstream: string): Gateway {
	return createGateway({
		policies: [flat],
		routes: [
			route.get("/local", { handler: () => reply(200, { ok: true }) }),
			route.get("/typed/:id", {
				path: { id: Type.Integer() },
				query: { page: Type.Optional(Type.Integer()) },
				dependencies: { caller },
				handler: (ctx) => ({ id: ctx.path.id, caller: ctx.deps.caller }),
			}),
			route.get("/proxied/:id", {
				upstream,
				path: { id: Type.Integer() },
				dependencies: { caller },
				forward: { query: (ctx) => ({ id: ctx.path.id }) },
			}),
			route.get("/async", {
				dependencies: { later: dependency(async () => 1) },
				handler: (ctx) => ctx.deps.later,
			}),
		],
	});
}

test("a synchronous plan makes no promise", async (t) => {
	const { url } = await startGateway(t, createSample("http://127.0.0.1:1"));
	const headers = { "x-key": "k" };
	for (const path of ["/local", "/typed/7?page=2"]) {
		const places = await promisesOf(() => get(url + path, headers));
		assert.deepEqual(places, [], path);
	}
});

test("a proxied one makes none but the microtask that all answers of a read share", async (t) => {
	const upstream = await startUpstream(t, (_req, res) => res.end("{}"));
	const { url } = await startGateway(t, createSample(upstream.url));
	const places = await promisesOf(() =>
		get(`${url}/proxied/7`, { "x-key": "k" }),
	);
	const others = places.filter((place) => !place.includes("held-heads.ts"));
	assert.deepEqual(others, []);
	assert.ok(places.length <= 1);
});

test("an asynchronous one does, so that the count is one", async (t) => {
	const { url } = await startGateway(t, createSample("http://127.0.0.1:1"));
	const places = await promisesOf(() => get(`${url}/async`, {}));
	assert.ok(places.length > 0);
});
