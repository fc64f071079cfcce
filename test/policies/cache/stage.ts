import type { IncomingMessage, ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import {
	createGateway,
	type Gateway,
	type InjectResponse,
	type Policy,
	type Route,
	type RouteOptions,
	route,
} from "../../../src/index.ts";
import {
	type Cache,
	type CacheOptions,
	cache,
} from "../../../src/policies/cache/cache.ts";
import { startUpstream, type TestUpstream } from "../../../src/testing.ts";
import { KeptLog } from "../../helpers/kept-log.ts";

/** A clock that a test sets. It begins at the real time, which the service's Date has too. */
export class Clock {
	ms: number = Math.floor(Date.now() / 1000) * 1000;
	readonly now = (): number => this.ms;

	/** Moves on by so many seconds. */
	pass(seconds: number): void {
		this.ms += seconds * 1000;
	}
}

/** A gateway with a cache in front of a service. */
export interface CacheStage {
	readonly gateway: Gateway;
	readonly cache: Cache;
	readonly upstream: TestUpstream;
	readonly clock: Clock;
	/** How often the service was asked. */
	readonly asked: () => number;
	/** Asks, and gives the body and how the cache came to it. */
	readonly get: (
		url: string,
		headers?: Readonly<Record<string, string>>,
		method?: string,
	) => Promise<InjectResponse & { readonly how: string }>;
}

/** What a stage is made of beside the service. */
export interface StageOptions {
	readonly cache?: CacheOptions;
	readonly route?: RouteOptions<never>;
	readonly routes?: (url: string, cache: Cache) => readonly Route[];
	readonly policies?: readonly Policy[];
}

/** Starts a service and a gateway with a cache before it. */
export async function startCache(
	t: TestContext,
	handler: (req: IncomingMessage, res: ServerResponse) => void,
	options: StageOptions = {},
): Promise<CacheStage> {
	const clock = new Clock();
	const upstream = await startUpstream(t, (req, res) => {
		res.setHeader("date", new Date(clock.ms).toUTCString());
		handler(req, res);
	});
	const made = cache({ now: clock.now, ...options.cache });
	const routes = options.routes?.(upstream.url, made) ?? [
		route.all("/*", {
			...options.route,
			upstream: upstream.url,
			policies: [made],
		} as object),
	];
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		policies: options.policies ?? [],
		routes,
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return {
		gateway,
		cache: made,
		upstream,
		clock,
		asked: () => upstream.requests.length,
		get: async (url, headers = {}, method = "GET") => {
			const answer = await gateway.inject({ url, headers, method });
			const how = String(answer.headers["cache-status"] ?? "none");
			return { ...answer, json: answer.json, how };
		},
	};
}

/** A service whose answers count up, with these headers. */
export function counting(
	headers: Readonly<Record<string, string>>,
): (req: IncomingMessage, res: ServerResponse) => void {
	let count = 0;
	return (req, res) => {
		req.resume();
		count++;
		res.writeHead(200, headers).end(`${req.method} ${count}`);
	};
}
