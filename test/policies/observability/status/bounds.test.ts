import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
	createGateway,
	dependency,
	HttpError,
	noteDecision,
	reply,
	route,
} from "../../../../src/index.ts";
import { Origins } from "../../../../src/policies/observability/status/origins.ts";
import {
	type StatusSnapshot,
	status,
} from "../../../../src/policies/observability/status/status.ts";
import { startGateway } from "../../../../src/testing.ts";
import { autocannon } from "./stage.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heapAfterGc(): number {
	collect();
	collect();
	return process.memoryUsage().heapUsed;
}

const distinct = 10_000;

test("10,000 distinct paths, callers and addresses do not grow what is kept", {
	timeout: 60_000,
}, async (t) => {
	const caller = dependency((ctx) => {
		const subject = String(ctx.req.headers["x-id"]);
		for (const [kind, outcome] of [
			["auth", "accepted"],
			["limit", `outcome of ${subject}`],
			["cache", `outcome of ${subject}`],
		] as const) {
			const about = { name: `name of ${subject}`, reason: null, subject };
			noteDecision(ctx, { kind, outcome, ...about });
		}
		if (ctx.url.endsWith("1")) {
			throw new HttpError(403, "no", { code: `ERR_${subject}` });
		}
	});
	const page = status({ dependencies: {} });
	const gateway = createGateway({
		docs: false,
		trustedProxies: ["127.0.0.1"],
		policies: [page],
		routes: [
			route.get("/known/*", {
				dependencies: { caller },
				handler: () => reply(204),
			}),
		],
	});
	const { url } = await startGateway(t, gateway);
	const read = async () => {
		const res = await fetch(`${url}/_gateway/snapshot.json`);
		const text = await res.text();
		return { length: text.length, ...(JSON.parse(text) as StatusSnapshot) };
	};
	let number = 0;
	const send = (amount: number) =>
		autocannon({
			url,
			connections: 20,
			amount,
			requests: [
				{
					setupRequest: (request: object) => {
						number++;
						const long = "x".repeat(500);
						const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
						return {
							...request,
							path: number % 2 ? `/known/${number}1` : `/unknown/${number}`,
							headers: {
								"x-id": `${number}-${long}`,
								"x-forwarded-for": address,
							},
						};
					},
				},
			],
		});

	await send(distinct / 2);
	const before = await read();
	const heap = heapAfterGc();
	await send(distinct);
	const after = await read();
	const grown = heapAfterGc() - heap;

	assert.ok(after.total.calls >= 1.5 * distinct - 40);
	assert.equal(after.routes.length, 2);
	assert.equal(after.refused.length, 20);
	assert.equal(after.reasons.length, 13);
	assert.equal(after.limits.length, 33);
	assert.ok(after.slowest.length <= 12);
	assert.ok(
		after.length < before.length * 1.3 + 10_000,
		`the snapshot grew from ${before.length} to ${after.length} characters`,
	);
	assert.ok(grown < 4_000_000, `the heap grew by ${grown} bytes`);
});

test("10,000 distinct origins are counted in the room of 64", () => {
	const origins = new Origins(() => 0);
	for (let i = 0; i < distinct; i++) {
		const { traffic } = origins.find(`http://host-${i}:80`);
		traffic.add(0, 1, false);
	}
	const found = origins.read("1m", 0, 1_000);
	assert.equal(found.length, 65);
	assert.equal(found.at(-1)?.origin, "other origins");
	assert.equal(found.at(-1)?.calls, distinct - 64);
});

test("routes beyond the room are counted together", async () => {
	const page = status({ dependencies: {}, maxRoutes: 2 });
	const gateway = createGateway({
		docs: false,
		policies: [page],
		routes: [
			...["a", "b", "c", "d"].map((name) =>
				route.get(`/${name}`, { handler: () => reply(204) }),
			),
		],
	});
	for (const name of ["a", "c", "d"]) await gateway.inject(`/${name}`);
	const res = await gateway.inject("/_gateway/snapshot.json");
	const { routes, otherRoutes } = res.json() as StatusSnapshot;
	assert.deepEqual(
		routes.map(({ path, calls }) => [path, calls]),
		[
			["/a", 1],
			["/b", 0],
			["other routes", 2],
		],
	);
	// c, d, and what no route takes.
	assert.equal(otherRoutes, 3);
	await gateway.close();
});
