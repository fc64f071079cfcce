import {
	createGateway,
	type Gateway,
	route,
	upstream,
} from "../../../src/index.ts";
import { timeouts } from "./child.ts";

/** A gateway that forwards everything to one upstream, with the time-outs of the suite. */
export function createTarget(upstreamPort: number): Gateway {
	const { connectMs, upstreamMs, clientMs } = timeouts;
	const raw = upstream(`http://127.0.0.1:${upstreamPort}`, {
		timeout: { connectMs, headersMs: upstreamMs, bodyMs: upstreamMs },
	});
	return createGateway({
		docs: false,
		limits: { headersMs: clientMs, bodyIdleMs: clientMs },
		routes: [route.all("/*", { upstream: raw })],
		logger: { error: () => {}, warn: () => {}, info: () => {} },
	});
}

if (process.argv[1] === import.meta.filename) {
	const [port, upstreamPort] = process.argv.slice(2).map(Number);
	await createTarget(upstreamPort ?? 0).listen({
		port: port ?? 0,
		host: "127.0.0.1",
	});
}
