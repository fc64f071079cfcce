// An integer path parameter, two query values and an API key in front.
import { apiKeyValue } from "../harness/work.ts";
import { upstreamUrl } from "./contender.ts";
import { headgate, load, serve } from "./gateway-source.ts";
import type { ApiKeyModule } from "./policies.ts";

const { apiKey } = await load<ApiKeyModule>("auth/api-key");
const { route, Type } = headgate;

const caller = apiKey({
	header: "x-api-key",
	keys: [{ key: apiKeyValue, id: "bench" }],
});

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
			dependencies: { caller },
		}),
	],
});
