import { interceptors } from "undici";
import {
	createGateway,
	type Gateway,
	route,
	upstream,
} from "../../src/index.ts";
import { cache } from "../../src/policies/cache/cache.ts";
import { accessLog } from "../../src/policies/observability/log/access-log.ts";
import { metrics } from "../../src/policies/observability/metrics/metrics.ts";
import { requestId } from "../../src/policies/observability/request-id.ts";
import { status } from "../../src/policies/observability/status/status.ts";
import { tracing } from "../../src/policies/observability/tracing/tracing.ts";

/** A gateway that shows what it does: a log, metrics, a status page, and traces for whatever SDK is registered. */
export function createObservedGateway(serviceUrl: string): Gateway {
	const service = upstream(serviceUrl, {
		interceptors: [interceptors.retry({ minTimeout: 50, statusCodes: [503] })],
	});
	const counted = metrics();
	// Open to everybody: a demo on the loopback address. Else a dependency stands in front of both.
	const page = status({ dependencies: {} });
	const api = route.with({ upstream: service });
	return createGateway({
		title: "Observed",
		// Traces first: all that follows runs within the span of the request.
		policies: [tracing(), requestId(), counted, page, accessLog()],
		routes: [
			api.get("/users/:id", {}),
			api.get("/slow", {}),
			api.get("/flaky", {}),
			api.get("/kept", { policies: [cache()] }),
		],
	});
}
