import { authUses } from "../policies/auth/uses.ts";

/** What a user may write with each subpath, and what it prints. */
export const uses: Readonly<Record<string, { code: string; prints: string }>> =
	{
		headgate: {
			code: `
			import { createGateway, reply, route, Type } from "headgate";
			const gateway = createGateway({
				routes: [
					route.get("/users/:id", {
						path: { id: Type.Integer() },
						handler: (ctx) => {
							const next: number = ctx.path.id + 1;
							// @ts-expect-error the types are there, and strict
							void ctx.path.nope;
							return reply(200, { next });
						},
					}),
				],
			});
			const { url } = await gateway.listen({ port: 0, host: "127.0.0.1" });
			const res = await fetch(url + "/users/7");
			console.log(JSON.stringify(await res.json()));
			await gateway.close();
		`,
			prints: '{"next":8}',
		},
		"headgate/kit": {
			code: `
			import { type Checks, checkOptions, flag } from "headgate/kit";
			interface Options { readonly strict?: boolean }
			const checks: Checks<Options> = { strict: flag };
			try {
				checkOptions("mine", { strikt: true } as Options, checks);
			} catch (error) {
				console.log((error as Error).message);
			}
		`,
			prints: 'mine: there is no option "strikt"; did you mean "strict"?',
		},
		"headgate/status": {
			code: `
			import { createGateway, route } from "headgate";
			import { status } from "headgate/status";
			const page = status({ dependencies: {} });
			const gateway = createGateway({
				policies: [page],
				routes: [route.get("/", { handler: () => "well" })],
			});
			const script = await gateway.inject("/_gateway/status.js");
			console.log((await gateway.inject("/_gateway")).status, script.status);
			await gateway.close();
		`,
			prints: "200 200",
		},
		"headgate/cache": {
			code: `
			import { createGateway, route } from "headgate";
			import { type Cache, cache } from "headgate/cache";
			const answers: Cache = cache({ ttlSeconds: 60 });
			createGateway({
				routes: [
					route.get("/*", { upstream: "http://users:8002", policies: [answers] }),
				],
			});
			console.log(await answers.purge({ tag: "users" }));
		`,
			prints: "0",
		},
		"headgate/rate-limit/redis": {
			code: `
			import { type RedisStoreOptions, redisStore } from "headgate/rate-limit/redis";
			const options: RedisStoreOptions = { url: "redis://127.0.0.1:1" };
			try {
				redisStore(options);
			} catch (error) {
				console.log((error as Error).message);
			}
		`,
			prints:
				'headgate/rate-limit/redis needs the package "ioredis": npm install ioredis',
		},
		"headgate/cache/redis": {
			code: `
			import { type RedisStoreOptions, redisStore } from "headgate/cache/redis";
			const options: RedisStoreOptions = {};
			try {
				redisStore(options);
			} catch (error) {
				console.log((error as Error).message);
			}
		`,
			prints: "redisStore: give one of url and client",
		},
		"headgate/testing": {
			code: `
			import { startUpstream } from "headgate/testing";
			console.log(typeof startUpstream);
		`,
			prints: "function",
		},
		"headgate/rate-limit": {
			code: `
			import { createGateway, route } from "headgate";
			import { type LimitRule, rateLimit } from "headgate/rate-limit";
			const few: LimitRule = { limit: 1, window: "hour" };
			const gateway = createGateway({
				policies: [rateLimit(few)],
				routes: [route.get("/", { handler: () => "well" })],
			});
			const statuses: number[] = [];
			for (let i = 0; i < 2; i++) statuses.push((await gateway.inject("/")).status);
			console.log(...statuses);
			await gateway.close();
		`,
			prints: "200 429",
		},
		"headgate/plans": {
			code: `
			import { createGateway, route } from "headgate";
			import { type Consumer, plans } from "headgate/plans";
			const ada: Consumer = { id: "ada", plan: "free" };
			const routes = [route.get("/", { handler: () => "well" })];
			const limited = plans({
				routes,
				consumer: () => ada,
				plans: { free: { routes: { "GET /": { deny: true } } } },
			});
			const gateway = createGateway({ policies: [limited], routes });
			console.log((await gateway.inject("/")).status, limited.explain(ada, "GET /").refused);
			await gateway.close();
		`,
			prints: "403 denied-by-plan",
		},
		"headgate/access-log": {
			code: `
			import { type AccessLogOptions, accessLog } from "headgate/access-log";
			const options: AccessLogOptions = {};
			try {
				accessLog(options);
			} catch (error) {
				console.log((error as Error).message);
			}
		`,
			prints: 'headgate/access-log needs the package "pino": npm install pino',
		},
		"headgate/metrics": {
			code: `
			import { type MetricsOptions, metrics } from "headgate/metrics";
			const options: MetricsOptions = {};
			try {
				metrics(options);
			} catch (error) {
				console.log((error as Error).message);
			}
		`,
			prints:
				'headgate/metrics needs the package "prom-client": npm install prom-client',
		},
		"headgate/tracing": {
			code: `
			import { type TracingOptions, tracing } from "headgate/tracing";
			const options: TracingOptions = { trust: "trusted" };
			try {
				tracing(options);
			} catch (error) {
				console.log((error as Error).message);
			}
		`,
			prints:
				'headgate/tracing needs the package "@opentelemetry/api": npm install @opentelemetry/api',
		},
		"headgate/request-id": {
			code: `
			import { createGateway, route } from "headgate";
			import { requestId } from "headgate/request-id";
			const gateway = createGateway({
				policies: [requestId({ generate: () => "one" })],
				routes: [route.get("/", { handler: (ctx) => ctx.id })],
			});
			console.log((await gateway.inject("/")).headers["x-request-id"]);
			await gateway.close();
		`,
			prints: "one",
		},
		...authUses,
	};
