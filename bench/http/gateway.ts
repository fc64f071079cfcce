// Pass-through: any request, nothing declared. Steps 1, 8 and 9.
import { upstreamUrl } from "./contender.ts";
import { headgate, serve } from "./gateway-source.ts";

await serve({
	routes: [headgate.route.all("/*", { upstream: upstreamUrl })],
});
