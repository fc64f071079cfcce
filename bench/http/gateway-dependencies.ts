// `DEPENDENCIES` synchronous dependencies (10 by default) on a pass-through route.
import type { Dependencies } from "../../src/model/types.ts";
import { upstreamUrl } from "./contender.ts";
import { headgate, serve } from "./gateway-source.ts";

const count = Number(process.env.DEPENDENCIES ?? 10);
const dependencies: Dependencies = Object.fromEntries(
	Array.from({ length: count }, (_, index) => [
		`flag${index}`,
		headgate.dependency(() => index),
	]),
);

await serve({
	routes: [headgate.route.all("/*", { upstream: upstreamUrl, dependencies })],
});
