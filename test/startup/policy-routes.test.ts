import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	dependency,
	HttpError,
	type Policy,
	route,
} from "../../src/index.ts";
import { metrics } from "../../src/policies/observability/metrics/metrics.ts";
import { status } from "../../src/policies/observability/status/status.ts";
import { plans } from "../../src/policies/plans/plans.ts";
import { rateLimit } from "../../src/policies/rate-limit/rate-limit.ts";
import { problemsOf } from "../helpers/start-up-problems.ts";

interface Total {
	readonly total: { readonly calls: number };
}

const handler = (): string => "well";

/** A policy with a page that shows on which routes it stands. */
function shown(path = "/shown", dependencies = {}): Policy {
	const seen: string[] = [];
	return {
		name: "shown",
		routes: [route.get(path, { dependencies, handler: () => seen })],
		forRoute(info) {
			seen.push(info.id);
			return null;
		},
	};
}

suite("routes that a policy brings", () => {
	test("are served, and stand behind no policy", async (t) => {
		const policy = shown();
		const gateway = createGateway({
			policies: [rateLimit({ limit: 1, window: "hour" }), policy],
			routes: [route.get("/a", { handler })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		for (let i = 0; i < 3; i++) {
			const { json, headers } = await gateway.inject("/shown");
			assert.ok((json() as string[]).includes("GET /a"));
			assert.ok(!(json() as string[]).includes("GET /shown"));
			assert.equal(headers["ratelimit-policy"], undefined);
		}
		assert.equal((await gateway.inject("/a")).status, 200);
		assert.equal((await gateway.inject("/a")).status, 429);
		const info = gateway.routes.find(({ id }) => id === "GET /shown");
		assert.deepEqual(info?.policies, []);
		assert.equal(JSON.stringify(gateway.openapi()).includes("/shown"), false);
	});

	test("stand behind the gateway's dependencies and their own", async (t) => {
		const passed: string[] = [];
		const open = dependency(() => void passed.push("gateway"));
		const closed = dependency(() => {
			passed.push("own");
			throw new HttpError(401);
		});
		const gateway = createGateway({
			dependencies: { open },
			policies: [shown("/shown", { closed })],
			routes: [route.get("/a", { handler })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		assert.equal((await gateway.inject("/shown")).status, 401);
		assert.deepEqual(passed, ["gateway", "own"]);
	});

	test("come with policies of routes and builders too, once", async (t) => {
		const policy = shown();
		const api = route.with({ policies: [policy] });
		const gateway = createGateway({
			routes: [
				api.get("/a", { handler }),
				api.get("/b", { handler }),
				// Where somebody lists them as well, they are the same routes.
				...((policy.routes ?? []) as never[]),
			],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		assert.equal((await gateway.inject("/shown")).status, 200);
	});

	test("clash with others by name", () => {
		const lines = problemsOf([route.get("/shown", { handler })], {
			policies: [shown()],
		});
		assert.deepEqual(lines, ["GET /shown: clashes with GET /shown"]);
	});

	test("are checked like any other", () => {
		const bad = { name: "bad", forRoute: () => null };
		const of = (routes: unknown): readonly string[] =>
			problemsOf([], { policies: [{ ...bad, routes } as Policy] });
		assert.match(of([route.get("x", { handler })]).join(), /begin with \//);
		assert.match(of(5).join(), /policies\[0\] must be a policy/);
		assert.match(of([null]).join(), /routes must be made by route\.get/);
	});

	test("metrics and the status page need no more than to be policies, plans beside them", async (t) => {
		const caller = dependency(() => ({ id: "ada", plan: "free" }));
		const routes = [route.get("/a", { dependencies: { caller }, handler })];
		const gateway = createGateway({
			policies: [
				metrics(),
				status({ dependencies: {} }),
				plans({
					consumer: caller,
					plans: { free: { limits: [{ limit: 1, window: "hour" }] } },
					routes,
				}),
			],
			routes,
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		assert.equal((await gateway.inject("/a")).status, 200);
		assert.equal((await gateway.inject("/a")).status, 429);
		assert.equal((await gateway.inject("/_gateway")).status, 200);
		const { body } = await gateway.inject("/metrics");
		assert.match(body, /route="\/a"/);
		assert.doesNotMatch(body, /route="\/(?:metrics|_gateway)/);
		const snapshot = await gateway.inject("/_gateway/snapshot.json");
		assert.equal((snapshot.json() as Total).total.calls, 2);
	});
});
