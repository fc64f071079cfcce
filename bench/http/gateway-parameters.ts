// The typed variant without its key: an integer path parameter and two query values.
import { upstreamUrl } from "./contender.ts";
import { headgate, serve } from "./gateway-source.ts";

const { route, Type } = headgate;

await serve({
	routes: [
		route.get("/users/:id", {
			upstream: upstreamUrl,
			upstreamPath: "/v1/users/:id",
			path: { id: Type.Integer({ minimum: 1 }) },
			query: {
				verbose: Type.Optional(Type.Boolean()),
				page: Type.Integer({ minimum: 1, maximum: 1000 }),
			},
		}),
	],
});
