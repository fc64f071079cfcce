// A declared JSON body of 1 KiB: read, checked, re-serialised.
import { upstreamUrl } from "./contender.ts";
import { headgate, serve } from "./gateway-source.ts";

const { route, Type } = headgate;

await serve({
	routes: [
		route.post("/users", {
			upstream: upstreamUrl,
			body: Type.Object({
				name: Type.String({ maxLength: 100 }),
				age: Type.Integer({ minimum: 0 }),
				email: Type.String(),
				active: Type.Boolean(),
				tags: Type.Array(Type.String(), { maxItems: 10 }),
				address: Type.Object({
					street: Type.String(),
					city: Type.String(),
					zip: Type.String(),
				}),
				notes: Type.String(),
			}),
		}),
	],
});
