import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** A service that says which trace it was asked in: one path is slow, one fails every other time, one may be kept. */
export async function startService(): Promise<{
	url: string;
	close(): void;
}> {
	let calls = 0;
	const server = createServer(async (req, res) => {
		if (req.url === "/slow") await pause(300);
		if (req.url === "/flaky" && calls++ % 2 === 0) res.statusCode = 503;
		if (req.url === "/kept") res.setHeader("cache-control", "max-age=60");
		const { traceparent = "no trace", "x-request-id": id = "none" } =
			req.headers;
		res.end(`${req.url} in ${traceparent}, request ${id}\n`);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		close: () => void server.close(),
	};
}
