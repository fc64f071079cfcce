import type { AddressInfo, Server } from "node:net";

/** Where the work of every contender comes from: `UPSTREAM`, such as `http://127.0.0.1:9000`. */
export const upstreamUrl: string =
	process.env.UPSTREAM ?? "http://127.0.0.1:9000";

/** The same as host and port. */
export const upstreamAddress: { host: string; port: number } = {
	host: new URL(upstreamUrl).hostname,
	port: Number(new URL(upstreamUrl).port),
};

/**
 * Listens on `PORT` (0 by default) and announces the port.
 * @param server of node:http or node:net
 */
export function listen(server: Server): void {
	server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", 4096, () =>
		announce((server.address() as AddressInfo).port),
	);
}

/**
 * Tells the runner, as JSON on the first line, that requests can come. SIGTERM ends the process in
 * order, so that a profiler can write what it has.
 * @param pid of the process that does the work. Default: this one
 */
export function announce(port: number, pid: number = process.pid): void {
	answerUsage();
	if (pid === process.pid) process.once("SIGTERM", () => process.exit());
	console.log(JSON.stringify({ port, pid }));
}

/** Tells the runner why this contender can not run here, and ends the process. */
export function skip(why: string): never {
	console.log(JSON.stringify({ skip: why }));
	process.exit(0);
}

/** Where there is no /proc, the runner asks for CPU and memory over the channel of a forked process. */
function answerUsage(): void {
	process.on("message", () => {
		const { user, system } = process.cpuUsage();
		process.send?.({
			cpuUs: user + system,
			rssBytes: process.memoryUsage.rss(),
			peakRssBytes: process.resourceUsage().maxRSS * 1024,
		});
	});
	process.channel?.unref();
}
