import type { Dependency, Policy } from "../../src/core/types.ts";

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

export interface AccessLogModule {
	accessLog(options?: object): Policy;
}

export interface MetricsModule {
	metrics(options?: object): Policy;
}

export interface RequestIdModule {
	requestId(options?: object): Policy;
}

export interface CacheModule {
	cache(options?: object): Policy;
}
