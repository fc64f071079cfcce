// What production puts in front: JWT (cached), a rate limit, access log, metrics, request id.
import { jwtSecret } from "../harness/work.ts";
import { upstreamUrl } from "./contender.ts";
import { headgate, load, serve } from "./gateway-source.ts";
import type {
	AccessLogModule,
	JwtModule,
	MetricsModule,
	RateLimitModule,
	RequestIdModule,
} from "./policies.ts";

const { jwt } = await load<JwtModule>("policies/auth/jwt.ts");
const { rateLimit } = await load<RateLimitModule>(
	"policies/rate-limit/rate-limit.ts",
);
const { accessLog } = await load<AccessLogModule>(
	"policies/observability/access-log.ts",
);
const { metrics } = await load<MetricsModule>(
	"policies/observability/metrics.ts",
);
const { requestId } = await load<RequestIdModule>(
	"policies/observability/request-id.ts",
);

const caller = jwt({
	algorithms: ["HS256"],
	secret: jwtSecret,
	issuer: "bench",
	audience: "bench",
});

await serve({
	policies: [requestId(), accessLog({ destination: "/dev/null" }), metrics()],
	routes: [
		headgate.route.get("/users/:id", {
			upstream: upstreamUrl,
			dependencies: { caller },
			policies: [rateLimit({ limit: 1e12, windowMs: 1000 })],
		}),
	],
});
