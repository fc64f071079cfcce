import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	cache,
	memoryStore as cacheMemory,
} from "../../src/policies/cache/cache.ts";
import { redisStore as cacheRedis } from "../../src/policies/cache/store/redis.ts";
import { cors } from "../../src/policies/cors/cors.ts";
import { ipFilter } from "../../src/policies/ip-filter/ip-filter.ts";
import { accessLog } from "../../src/policies/observability/log/access-log.ts";
import { metrics } from "../../src/policies/observability/metrics/metrics.ts";
import { requestId } from "../../src/policies/observability/request-id.ts";
import { status } from "../../src/policies/observability/status/status.ts";
import { tracing } from "../../src/policies/observability/tracing/tracing.ts";
import { plans } from "../../src/policies/plans/plans.ts";
import {
	memoryStore as limitMemory,
	rateLimit,
} from "../../src/policies/rate-limit/rate-limit.ts";
import { redisStore as limitRedis } from "../../src/policies/rate-limit/store/redis.ts";

const policies = {
	accessLog,
	cache,
	cors,
	ipFilter,
	metrics,
	plans,
	rateLimit,
	requestId,
	status,
	tracing,
} as unknown as Readonly<Record<string, (options?: unknown) => unknown>>;
const origins = "https://app.example";
const limit = { limit: 5, window: "minute" };
const gold = { plans: { gold: {} }, consumer: "caller" };

const wrong: Readonly<Record<string, readonly (readonly [object, RegExp])[]>> =
	{
		accessLog: [
			[{ minstatus: 500 }, /did you mean "minStatus"\?$/],
			[{ sample: 2 }, /sample must be a number from 0 to 1, got 2$/],
			[{ redactQuery: "token" }, /redactQuery must be an array/],
			[{ fields: ["a"] }, /fields must be a function/],
			[{ destination: {} }, /destination must have a function write/],
			[{ logger: console.log }, /logger must be an object with the functions/],
		],
		cache: [
			[{ ttl: 5 }, /did you mean "ttlSeconds"\?$/],
			[{ colapse: true }, /did you mean "collapse"\?$/],
			[{ shared: "yes" }, /shared must be true or false, got "yes"$/],
			[{ partition: "tenant" }, /partition must be a function/],
		],
		cors: [
			[{ origins, credential: true }, /did you mean "credentials"\?$/],
			[{}, /origins is required$/],
			[{ origins: "https://*.a.example" }, /has a wildcard/],
			[{ origins: 5 }, /origins must be a string, an expression/],
			[{ origins, methods: "GET" }, /methods must be an array/],
			[{ origins, maxAgeSeconds: -1 }, /maxAgeSeconds must be a whole number/],
		],
		ipFilter: [
			[{ alow: ["::1"] }, /did you mean "allow"\?$/],
			[{ allow: "::1" }, /allow must be an array, got "::1"$/],
			[{ deny: [5] }, /deny\[0\] must be a string/],
		],
		metrics: [
			[{ bucket: [1] }, /did you mean "buckets"\?$/],
			[{ buckets: 5 }, /buckets must be an array of numbers/],
			[{ path: 5 }, /path must be a string/],
			[{ dependencies: { a: () => 1 } }, /dependencies\.a must be made by/],
		],
		requestId: [
			[{ headers: "x-id" }, /did you mean "header"\?$/],
			[
				{ accept: true },
				/accept must be 'trusted', 'all' or 'none', got true$/,
			],
			[{ generate: "uuid" }, /generate must be a function/],
		],
		status: [
			[{}, /dependencies is required/],
			[{ dependencies: null }, /dependencies must be an object, got null/],
			[{ dependencies: {}, maxViewer: 1 }, /did you mean "maxViewers"\?$/],
			[{ dependencies: {}, path: "/a/:b" }, /path must be a path without/],
		],
		tracing: [
			[{ trusted: "all" }, /did you mean "trust"\?$/],
			[{ trust: true }, /trust must be 'all', 'trusted' or 'none', got true$/],
		],
		rateLimit: [
			[{ ...limit, burts: 5 }, /did you mean "burst"\?$/],
			[{ ...limit, window: "minutes" }, /did you mean 'minute'\?$/],
			[{ limit: "5", window: "minute" }, /limit must be a whole number/],
			[{ limits: [{ ...limit, kye: 1 }] }, /"limits\[0\]\.key"\?$/],
			[{ limits: limit }, /limits must be an array, got an object$/],
			[{ limits: [] }, /limits must not be empty$/],
			[{ ...limit, by: "adress" }, /did you mean 'address'\?$/],
			[{ ...limit, store: {} }, /store must have a function take/],
			[{ ...limit, enforce: "shadw" }, /did you mean 'shadow'\?$/],
			[{ ...limit, overflow: 5 }, /overflow must be an object, got 5$/],
			[{ ...limit, overflow: { queue: 5 } }, /"overflow\.queueMs"\?/],
			[{ ...limit, instances: 0 }, /instances must be a whole number/],
		],
		plans: [
			[{ ...gold, anonymus: "gold" }, /did you mean "anonymous"\?$/],
			[{ consumer: "caller" }, /plans is required$/],
			[{ plans: { gold: {} } }, /consumer is required$/],
			[
				{ ...gold, plans: { gold: 5 } },
				/plans\.gold must be an object, got 5$/,
			],
			[{ ...gold, plans: { gold: { limit: [] } } }, /"plans\.gold\.limits"\?$/],
			[{ ...gold, plans: { gold: { limits: 5 } } }, /must be an array, got 5$/],
			[
				{ ...gold, plans: { gold: { quotas: [{ limits: 5 }] } } },
				/"plans\.gold\.quotas\[0\]\.limit"\?/,
			],
			[
				{
					...gold,
					plans: { gold: { routes: { "GET /x": { denied: true } } } },
				},
				/"plans\.gold\.routes\["GET \/x"\]\.deny"\?$/,
			],
			[{ ...gold, consumer: 5 }, /consumer must be a dependency, the name/],
		],
	};

suite("wrong options of a policy are an error that names them:", () => {
	for (const [name, cases] of Object.entries(wrong)) {
		const make = policies[name] as (options?: unknown) => unknown;
		for (const [options, message] of cases) {
			test(`${name}(${JSON.stringify(options)})`, () => {
				assert.throws(
					() => make(options),
					(error: Error) => {
						assert.ok(error instanceof TypeError);
						assert.match(error.message, new RegExp(`^${name}`));
						assert.match(error.message, message);
						return true;
					},
				);
			});
		}
		for (const options of [null, "x", 5, []]) {
			test(`${name}(${JSON.stringify(options)})`, () => {
				assert.throws(() => make(options), {
					name: "TypeError",
					message: new RegExp(`^${name}.*: the options must be an object`),
				});
			});
		}
	}

	const url = "redis://127.0.0.1:1";
	for (const [make, options, message] of [
		[cacheMemory, { maxByte: 1 }, /^memoryStore: .*"maxBytes"\?$/],
		[cacheMemory, { maxBytes: 0 }, /maxBytes must be a number above 0, got 0$/],
		[cacheRedis, { url, timeoutms: 1 }, /^redisStore: .*"timeoutMs"\?$/],
		[cacheRedis, { url: 6379 }, /url must be a string .*got 6379$/],
		[limitMemory, { maxkeys: 1 }, /^memoryStore: .*"maxKeys"\?$/],
		[limitMemory, { maxKeys: 0.5 }, /maxKeys must be a whole number/],
		[limitRedis, { url, budget: 1 }, /^redisStore: .*"budgetMs"\?$/],
		[limitRedis, { url, prefix: "a{b}" }, /prefix must be a string without/],
	] as const) {
		test(`a store of ${JSON.stringify(options)}`, () => {
			assert.throws(() => (make as (options: object) => unknown)(options), {
				name: "TypeError",
				message,
			});
		});
	}
});
