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

const { jwt } = await load<JwtModule>("auth/jwt");
const { rateLimit } = await load<RateLimitModule>("rate-limit");
const { accessLog } = await load<AccessLogModule>("access-log");
const { metrics } = await load<MetricsModule>("metrics");
const { requestId } = await load<RequestIdModule>("request-id");

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
