// Runs autocannon once and prints what it saw as JSON: a process of its own, so that it can be pinned.
import { createRequire } from "node:module";
import type { LoadOptions, LoadResult } from "./load.ts";

interface Histogram {
	readonly p50: number;
	readonly p99: number;
	readonly average: number;
	readonly total: number;
}

interface AutocannonResult {
	readonly requests: Histogram;
	readonly latency: Histogram;
	readonly errors: number;
	readonly timeouts: number;
	readonly non2xx: number;
	readonly "2xx": number;
	readonly duration: number;
}

type Autocannon = (options: object) => Promise<AutocannonResult>;
const autocannon: Autocannon = createRequire(import.meta.url)("autocannon");

const { port, request, connections, seconds }: LoadOptions = JSON.parse(
	process.argv[2] as string,
);
const seen = await autocannon({
	...request,
	url: `http://127.0.0.1:${port}${request.path}`,
	connections,
	duration: seconds,
});
const failed = seen.errors + seen.timeouts + seen.non2xx;
const result: LoadResult = {
	requests: seen["2xx"],
	perSecond: seen["2xx"] / seen.duration,
	p50Ms: seen.latency.p50,
	p99Ms: seen.latency.p99,
	fault: failed > 0 ? `${seen.non2xx} non-2xx, ${seen.errors} errors` : null,
};
console.log(JSON.stringify(result));
