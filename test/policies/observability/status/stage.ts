import { createRequire } from "node:module";
import {
	createGateway,
	type Gateway,
	reply,
	route,
	Type,
	upstream,
} from "../../../../src/index.ts";
import { apiKey } from "../../../../src/policies/auth/api-key.ts";
import { cache } from "../../../../src/policies/cache/cache.ts";
import {
	type StatusOptions,
	status,
} from "../../../../src/policies/observability/status/status.ts";
import { plans } from "../../../../src/policies/plans/plans.ts";
import { rateLimit } from "../../../../src/policies/rate-limit/rate-limit.ts";
import { startUpstream, type TestScope } from "../../../../src/testing.ts";

/** What is used of autocannon, which has no types of its own. */
export type Autocannon = (options: {
	readonly url: string;
	readonly connections: number;
	readonly amount?: number;
	readonly duration?: number;
	readonly overallRate?: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly requests?: readonly object[];
	readonly workers?: number;
}) => Promise<{
	readonly errors: number;
	readonly duration: number;
	readonly requests: { readonly total: number; readonly p50: number };
	readonly latency: { readonly p50: number; readonly p99: number };
}>;
export const autocannon: Autocannon = createRequire(import.meta.url)(
	"autocannon",
);

const planOf = { ada: "pro", grace: "free", linus: "free", mallory: "free" };
const callers = Object.entries(planOf).map(([id, plan]) => ({
	key: `key-of-${id}`,
	id,
	plan,
}));

/** Answers after a while, and now and then not well. */
async function startService(
	scope: TestScope,
	{ ms, failing }: { ms: number; failing: number },
): Promise<string> {
	const { url } = await startUpstream(scope, (_req, res) => {
		const luck = Math.random();
		const delay = ms * (0.6 + luck + (luck > 0.97 ? 8 : 0));
		setTimeout(() => {
			const fate = Math.random();
			if (fate < failing / 2) res.socket?.destroy();
			else if (fate < failing) res.writeHead(500).end("broken");
			else res.end(JSON.stringify({ ok: true }));
		}, delay);
	});
	return url;
}

/** A gateway with something of everything behind it, and its status page. */
export async function createDemo(
	scope: TestScope,
	options: StatusOptions,
): Promise<{ gateway: Gateway; load: readonly object[] }> {
	const users = await startService(scope, { ms: 8, failing: 0.002 });
	const orders = await startService(scope, { ms: 30, failing: 0.06 });
	const search = await startService(scope, { ms: 60, failing: 0 });
	const page = status(options);
	const caller = apiKey({ header: "x-key", keys: callers });
	const priced = plans({
		consumer: "caller",
		plans: {
			free: { limits: [{ name: "free", limit: 400, windowMs: 60_000 }] },
			pro: { limits: [{ name: "pro", limit: 40_000, windowMs: 60_000 }] },
		},
	});
	const searches = rateLimit({
		name: "searches",
		by: "user",
		limit: 12,
		windowMs: 1_000,
	});
	const api = route.with({
		prefix: "/api",
		dependencies: { caller },
		policies: [priced],
	});
	const gateway = createGateway({
		docs: false,
		policies: [page],
		routes: [
			api.get("/users/:id", { upstream: users, path: { id: Type.Integer() } }),
			api.post("/users", { upstream: users }),
			api.get("/orders/:id", {
				upstream: upstream(orders, { name: "orders" }),
			}),
			api.get("/search", { upstream: search, policies: [searches] }),
			api.get("/catalogue/*", {
				upstream: users,
				policies: [cache({ ttlSeconds: 1 })],
			}),
			route.get("/health", { handler: () => reply(200, { ok: true }) }),
			route.all("/legacy/*", { upstream: "http://127.0.0.1:9" }),
			route.get("/reports/:year", { upstream: search }),
		],
	});
	const as = (key: string, path: string, method = "GET") => ({
		method,
		path,
		headers: { "x-key": `key-of-${key}` },
	});
	const load = [
		...["ada", "grace", "linus"].flatMap((key) => [
			as(key, "/api/users/7"),
			as(key, "/api/users/8"),
			as(key, "/api/catalogue/shoes?page=2"),
			as(key, "/api/catalogue/hats"),
			as(key, "/api/orders/17"),
		]),
		as("ada", "/api/users/seven"),
		as("ada", "/api/search?q=boots"),
		as("mallory", "/api/search?q=everything"),
		as("mallory", "/api/search?q=more"),
		as("ada", "/api/users", "POST"),
		{ method: "GET", path: "/api/users/7" },
		{ method: "GET", path: "/health" },
		{ method: "GET", path: "/wp-login.php" },
		{ method: "GET", path: "/legacy/old" },
	];
	return { gateway, load };
}
