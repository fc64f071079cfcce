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
	readonly statusCodeStats: Readonly<
		Record<string, { readonly count: number } | undefined>
	>;
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
const right = seen.statusCodeStats[request.status ?? 200]?.count ?? 0;
const wrong = seen.requests.total - right;
const failed = seen.errors + seen.timeouts + wrong;
const result: LoadResult = {
	requests: right,
	perSecond: right / seen.duration,
	p50Ms: seen.latency.p50,
	p99Ms: seen.latency.p99,
	fault:
		failed > 0 ? `${wrong} of another status, ${seen.errors} errors` : null,
};
console.log(JSON.stringify(result));
