import type { Dependencies, Reply, Route } from "../../src/index.ts";
import type { Dependency, Policy } from "../../src/model/types.ts";

// The entry points of the policies that the variants use, as the design fixes them: a variant loads them
// by path, so that it can run on a revision that has them not.

export interface ApiKeyModule {
	apiKey(options: object): Dependency;
}

export interface JwtModule {
	jwt(options: object): Dependency;
}

export interface RateLimitModule {
	rateLimit(options: object): Policy;
}

export interface RedisLimitModule {
	redisStore(options: object): {
		open(): void;
		connected(): Promise<void>;
	};
}

export interface AccessLogModule {
	accessLog(options?: object): Policy;
}

export interface MetricsModule {
	metrics(options?: object): Policy;
}

export interface RequestIdModule {
	requestId(options?: object): Policy;
}

export interface TracingModule {
	tracing(options?: object): Policy;
}

export interface CacheModule {
	cache(options?: object): Policy;
}

export interface StatusModule {
	/** Revisions before this one gave the policy and its routes apart. */
	status(
		options: object,
	): Policy | { policy: Policy; routes: readonly Route[] };
}

/** What is put in front of a pass-through route, or in its place. */
export interface Layer {
	readonly policies?: readonly Policy[];
	readonly dependencies?: Dependencies;
	/** Routes that the policy brings with it. */
	readonly routes?: readonly Route[];
	/** Answers instead of the upstream. */
	readonly handler?: () => Reply;
}
