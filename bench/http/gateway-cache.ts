// An answer out of the cache: 82 bytes, the upstream asked once.
import { upstreamUrl } from "./contender.ts";
import { headgate, load, serve } from "./gateway-source.ts";
import type { CacheModule } from "./policies.ts";

const { cache } = await load<CacheModule>("cache");

await serve({
	routes: [
		headgate.route.get("/*", {
			upstream: upstreamUrl,
			policies: [cache({ ttlSeconds: 3600 })],
		}),
	],
});
