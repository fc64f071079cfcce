// `ROUTES` typed routes (10 by default); requests go to the last one.
import { upstreamUrl } from "./contender.ts";
import { headgate, serve } from "./gateway-source.ts";

const { route, Type } = headgate;
const count = Number(process.env.ROUTES ?? 10);

await serve({
	routes: Array.from({ length: count }, (_, index) =>
		route.get(`/service-${index}/users/:id`, {
			upstream: upstreamUrl,
			path: { id: Type.Integer({ minimum: 1 }) },
		}),
	),
});
