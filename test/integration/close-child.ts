import { createGateway, route, upstream } from "../../src/index.ts";

/** A process with a gateway and nothing else: it says its port, and closes when it is told a time-out. */
const [origin = ""] = process.argv.slice(2);
const gateway = createGateway({
	docs: false,
	routes: [route.all("/*", { upstream: upstream(origin) })],
});
const { port } = await gateway.listen();
process.once("message", async (timeoutMs: number) => {
	await gateway.close({ timeoutMs });
	process.disconnect?.();
});
process.send?.(port);
