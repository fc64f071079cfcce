import { createGateway, file, route, Type } from "../../src/index.ts";

// A process of its own, so that the memory measured is the gateway's alone: started with the
// service's URL, it tells its port, and at each message how much memory it had at the most since the last.
const gateway = createGateway({
	routes: [
		route.post("/upload", {
			upstream: process.argv[2] as string,
			upstreamPath: "/v1/upload_digest",
			form: { note: Type.String(), file: file({ maxBytes: 400_000_000 }) },
		}),
	],
});
const { port } = await gateway.listen();

let peakRss = 0;
setInterval(() => {
	peakRss = Math.max(peakRss, process.memoryUsage.rss());
}, 5);
process.on("message", () => {
	process.send?.(peakRss);
	peakRss = 0;
});
process.send?.(port);
