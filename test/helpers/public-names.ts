/** Names parted by white space, in order. */
export interface Names {
	readonly values: string;
	readonly types: string;
}

/** What each subpath exports. A name that is added or taken away is a change of the public API. */
export const publicNames: Readonly<Record<string, Names>> = {
	".": {
		values: `HttpError Type createGateway decisionsOf dependency file input
			isReply noteDecision reply route upstream`,
		types: `AttemptEnd BodyObserver CloseOptions Context ContextValues CookieAttributes Decision Dependencies Dependency
			DependencyOptions DependencyValues DocsContribution DocsOptions
			ErrorCode ErrorFormat ErrorResponse FieldValue Fields FileOptions FilePart FileSchema
			FormLimits FormShape FormatError Forward Gateway GatewayLimits GatewayOptions Handler
			HeaderList HeaderValue HttpErrorOptions Infer InferForm InferInput InferShape InjectRequest
			InjectResponse Input InputBuilder InputSource JsonSchema
			ListenOptions Listening Logger MaybePromise NeedValues Needs
			OpenApiDocument Outcome Policy PolicyHooks Problem Reply ReplyBody
			ReplyHeaders ReplyValue ResponseMode ResponseOptions ResponseSchema RewriteHeaders Route RouteBuilder RouteContext RouteDocs
			RouteInfo RouteList RouteOptions Routes Schema SecurityScheme SecuritySchemes Shape
			SharedOptions StandardSchema StepInfo StepTiming TransformBody Upstream UpstreamAttempt UpstreamHead UpstreamOptions
			UpstreamPoolOptions UpstreamReader UpstreamRequest UpstreamResponse UpstreamTimeouts
			WatchedAttempt WithheldSource`,
	},
	"./auth/api-key": {
		values: "apiKey",
		types: `ApiKeyOptions AuthDecision FixedKey FixedKeyOptions KeyOwner
			LookupCacheOptions LookupOptions SchemeOptions`,
	},
	"./auth/jwt": {
		values: "jwt",
		types: `AuthDecision BearerOptions JwtClaimOptions JwtClaims JwtKeys JwtOptions
			PublicAlgorithm PublicJwk SchemeOptions SecretAlgorithm TlsOptions
			TokenIdentity`,
	},
	"./keys": {
		values: "createKey digestKey isKey",
		types: "NewKey",
	},
	"./auth/any-of": {
		values: "anyOf noCredential",
		types: `AnyValue`,
	},
	"./auth/basic": {
		values: "basic hashPassword",
		types: `AuthDecision BasicOptions BasicUser LookupCacheOptions SchemeOptions ScryptCost
			UserListOptions VerifyOptions`,
	},
	"./auth/introspection": {
		values: "introspection",
		types: `AuthDecision BearerOptions IntrospectionClaims IntrospectionClient
			IntrospectionOptions SchemeOptions TlsOptions TokenIdentity`,
	},
	"./auth/password-form": {
		values: "PasswordForm passwordForm",
		types: `PasswordFormOptions`,
	},
	"./auth/forward-auth": {
		values: "forwardAuth",
		types: `AuthDecision ForwardAuthIdentity ForwardAuthOptions SchemeOptions TlsOptions`,
	},
	"./cors": {
		values: "cors",
		types: "AllowedOrigins CorsOptions OriginTest",
	},
	"./ip-filter": {
		values: "ipFilter",
		types: "IpFilterOptions",
	},
	"./status": {
		values: "status",
		types: `CacheCounts History LimitCounts LimitSubject OriginState OriginTraffic
			ProcessState RefusalReason RefusedSubject RouteTraffic SlowRequest
			SlowStep StatusCounts StatusOptions StatusPage StatusSnapshot Traffic
			WindowName`,
	},
	"./rate-limit": {
		values: "memoryStore rateLimit",
		types: `Algorithm By Charge EnforcementOptions Limit LimitDecision LimitOptions
			LimitOutcome LimitRule LimitStore MemoryStoreOptions Overflow
			Period RateLimitOptions Taken Verdict`,
	},
	"./rate-limit/redis": {
		values: "redisStore",
		types: "RedisClient RedisLimitStore RedisStoreOptions",
	},
	"./plans": {
		values: "plans",
		types: `Algorithm Charge Consumer ConsumerSource EnforcementOptions
			ExplainedLimit Limit LimitDecision LimitOptions LimitOutcome LimitStore
			Overflow Period Plan PlanExplanation PlanRefusal PlanRoute Plans PlansOptions
			Quota Taken Verdict`,
	},
	"./access-log": {
		values: "accessLog",
		types: "AccessLogOptions LineLogger LineStream LogEntry SinkOptions",
	},
	"./metrics": {
		values: "metrics",
		types: "Metrics MetricsOptions MetricsRegistry",
	},
	"./tracing": {
		values: "tracing",
		types: "TracerSource TracingOptions",
	},
	"./request-id": {
		values: "requestId",
		types: "RequestIdOptions",
	},
	"./cache": {
		values: "cache memoryStore",
		types: `Cache CacheEntry CacheOptions CacheStore Freshness HeaderList
			MemoryStore MemoryStoreOptions Placement PurgeRequest PurgeTarget
			StoredAnswer VaryMarker`,
	},
	"./cache/redis": {
		values: "RedisStore redisStore",
		types: "RedisClient RedisStoreOptions",
	},
	"./kit": {
		values: `amount anyText anything checkOptions dependencyMap either findProblems flag foreign func group hasPeer having list
			loadPeer
			longestTimerMs mapOf matching milliseconds must nearestName object oneOf required text texts
			throwProblems tlsOptions usable version whole`,
		types: "Check Checks OptionName",
	},
	"./testing": {
		values: "startGateway startUpstream",
		types: "TestScope TestUpstream",
	},
};
