// Pass-through with one thing added, by its name in `POLICY`: what that alone costs.
import { apiKeyValue, jwtSecret } from "../harness/work.ts";
import { skip, upstreamUrl } from "./contender.ts";
import { headgate, load, serve } from "./gateway-source.ts";
import type {
	AccessLogModule,
	ApiKeyModule,
	CacheModule,
	JwtModule,
	Layer,
	MetricsModule,
	RateLimitModule,
	RedisLimitModule,
	RequestIdModule,
	StatusModule,
	TracingModule,
} from "./policies.ts";
import { startRedis } from "./redis.ts";

/** Each loads its own module alone, so that one that is missing skips its own row only. */
const layers: Readonly<Record<string, () => Promise<Layer>>> = {
	"api-key": async () => {
		const { apiKey } = await load<ApiKeyModule>("auth/api-key");
		const keys = [{ key: apiKeyValue, id: "bench" }];
		return { dependencies: { caller: apiKey({ header: "x-api-key", keys }) } };
	},
	jwt: async () => {
		const { jwt } = await load<JwtModule>("auth/jwt");
		const caller = jwt({
			algorithms: ["HS256"],
			secret: jwtSecret,
			issuer: "bench",
			audience: "bench",
		});
		return { dependencies: { caller } };
	},
	"rate-limit": async () => {
		const { rateLimit } = await load<RateLimitModule>("rate-limit");
		return { policies: [rateLimit({ limit: 1e12, windowMs: 1000 })] };
	},
	/** One call of a script, to a Redis on another core. */
	"rate-limit-redis": async () => {
		const { rateLimit } = await load<RateLimitModule>("rate-limit");
		const { redisStore } = await load<RedisLimitModule>("rate-limit/redis");
		const store = redisStore({ url: await startRedis(), budgetMs: 1000 });
		store.open();
		await store.connected();
		const name = "bench";
		const limit = { limit: 1e12, windowMs: 1000, onStoreError: "deny" };
		return { policies: [rateLimit({ ...limit, name, store })] };
	},
	"access-log": async () => {
		const { accessLog } = await load<AccessLogModule>("access-log");
		return { policies: [accessLog({ destination: "/dev/null" })] };
	},
	metrics: async () => {
		const { metrics } = await load<MetricsModule>("metrics");
		return { policies: [metrics()] };
	},
	"request-id": async () => {
		const { requestId } = await load<RequestIdModule>("request-id");
		return { policies: [requestId()] };
	},
	status: async () => {
		const { status } = await load<StatusModule>("status");
		const page = status({ dependencies: {} });
		return "policy" in page
			? { policies: [page.policy], routes: page.routes }
			: { policies: [page] };
	},
	/** What an outcome costs that nobody reads. */
	"on-finish": async () => {
		const forRoute = () => ({ onFinish: () => undefined });
		return { policies: [{ name: "on-finish", forRoute }] };
	},
	/** No SDK is there: what it costs to look for one. */
	tracing: () => traced({}),
	/** Spans are made, and given to nobody. */
	"tracing-sdk": async () => {
		const { BasicTracerProvider } = await import(
			"@opentelemetry/sdk-trace-base"
		);
		return traced({ tracerProvider: new BasicTracerProvider() });
	},
	/** What nearly everybody has. */
	observed: () => joined("request-id", "access-log", "metrics"),
	observability: () => joined("request-id", "access-log", "metrics", "status"),
	cache: () => cached({}),
	/** Every request is somebody else's: it misses, and its answer is stored. */
	"cache-miss": () => {
		let count = 0;
		return cached({ partition: () => String(count++) });
	},
	/** Hits, of which none finds the reply that the one before it was given. */
	"cache-many": () => {
		let count = 0;
		return cached({ partition: () => String(count++ % 20_000) });
	},
	/** One request of 40 misses; the rest wait for its answer, or find it stored. */
	"cache-collapse": () => {
		let count = 0;
		return cached({ partition: () => String(Math.floor(count++ / 40)) });
	},
	/** No policy and no upstream: what a prepared answer costs without the cache. */
	handler: async () => {
		const { smallBody } = await import("../harness/work.ts");
		const answer = headgate.reply(200, smallBody, {
			"content-type": "application/json",
		});
		return { handler: () => answer };
	},
};

async function traced(options: object): Promise<Layer> {
	const { tracing } = await load<TracingModule>("tracing");
	return { policies: [tracing(options)] };
}

async function cached(options: object): Promise<Layer> {
	const { cache } = await load<CacheModule>("cache");
	return { policies: [cache({ ttlSeconds: 3600, ...options })] };
}

async function joined(...names: readonly string[]): Promise<Layer> {
	const all = await Promise.all(names.map((name) => layers[name]?.()));
	return {
		policies: all.flatMap((layer) => layer?.policies ?? []),
		routes: all.flatMap((layer) => layer?.routes ?? []),
	};
}

const name = process.env.POLICY ?? "";
const toLayer = layers[name] ?? skip(`no such POLICY: "${name}"`);
const {
	policies = [],
	dependencies = {},
	routes = [],
	handler,
} = await toLayer();

await serve({
	policies,
	routes: [
		...routes,
		handler
			? headgate.route.get("/*", { handler })
			: headgate.route.get("/*", { upstream: upstreamUrl, dependencies }),
	],
});
