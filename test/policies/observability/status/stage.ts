import { createRequire } from "node:module";
import {
	createGateway,
	dependency,
	type Gateway,
	HttpError,
	input,
	noteDecision,
	type Policy,
	reply,
	route,
	Type,
	upstream,
} from "../../../../src/index.ts";
import {
	type StatusOptions,
	status,
} from "../../../../src/policies/observability/status/status.ts";
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

/** A name in front of the demo's routes: whoever says one has it. */
const caller = dependency(
	{ key: input.header("x-key", Type.Optional(Type.String())) },
	({ key }, ctx) => {
		if (key === undefined) throw new HttpError(401);
		const note = { kind: "auth", name: "api-key", reason: null };
		noteDecision(ctx, { ...note, outcome: "accepted", subject: key });
		return key;
	},
	{ name: "api-key" },
);

/** So many calls a second for each caller. */
function perSecond(most: number): Policy {
	const used = new Map<string, number>();
	return {
		name: "per-second",
		forRoute: () => ({
			onAdmit(ctx) {
				const subject = (ctx.deps as { caller: string }).caller;
				const key = `${subject} ${Math.floor(Date.now() / 1_000)}`;
				const count = (used.get(key) ?? 0) + 1;
				used.set(key, count);
				const isOver = count > most;
				const decision = {
					kind: "limit",
					name: "per-second",
					outcome: isOver ? "refused" : "allowed",
					reason: "per-second",
					subject,
					remaining: Math.max(0, most - count),
				};
				noteDecision(ctx, decision);
				if (isOver) throw new HttpError(429);
			},
		}),
	};
}

const halfCached: Policy = {
	name: "cache",
	forRoute: () => ({
		onAdmit(ctx) {
			const outcome = Math.random() < 0.62 ? "hit" : "miss";
			const note = {
				kind: "cache",
				name: "cache",
				reason: null,
				subject: null,
			};
			noteDecision(ctx, { ...note, outcome });
			return outcome === "hit" ? reply(200, { cached: true }) : undefined;
		},
	}),
};

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
	const api = route.with({ prefix: "/api", dependencies: { caller } });
	const gateway = createGateway({
		docs: false,
		policies: [page.policy],
		routes: [
			...page.routes,
			api.get("/users/:id", { upstream: users, path: { id: Type.Integer() } }),
			api.post("/users", { upstream: users }),
			api.get("/orders/:id", {
				upstream: upstream(orders, { name: "orders" }),
			}),
			api.get("/search", { upstream: search, policies: [perSecond(12)] }),
			api.get("/catalogue/*", { upstream: users, policies: [halfCached] }),
			route.get("/health", { handler: () => reply(200, { ok: true }) }),
			route.all("/legacy/*", { upstream: "http://127.0.0.1:9" }),
			route.get("/reports/:year", { upstream: search }),
		],
	});
	const as = (key: string, path: string, method = "GET") => ({
		method,
		path,
		headers: { "x-key": key },
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
