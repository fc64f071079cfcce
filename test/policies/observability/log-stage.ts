import type { RequestListener } from "node:http";
import type { TestContext } from "node:test";
import {
	createGateway,
	dependency,
	HttpError,
	input,
	type Policy,
	reply,
	route,
	Type,
	upstream,
} from "../../../src/index.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { cache } from "../../../src/policies/cache/cache.ts";
import {
	type AccessLogOptions,
	accessLog,
	type LogEntry,
} from "../../../src/policies/observability/log/access-log.ts";
import { rateLimit } from "../../../src/policies/rate-limit/rate-limit.ts";
import { startGateway, startUpstream } from "../../../src/testing.ts";
import { KeptLog } from "../../helpers/kept-log.ts";
import { startService } from "../../integration/websocket-stage.ts";

/** A line as it was written, with its time and level. */
export type LogLine = LogEntry & {
	readonly time: string;
	readonly level: string;
};

/** A gateway with a log, in front of a service that does what its paths say. */
export interface LogStage {
	readonly port: number;
	readonly origin: string;
	/** The raw lines until now. */
	readonly lines: readonly string[];
	/** What the gateway itself logged. */
	readonly ownLog: KeptLog;
	/** The next line that nobody took yet. */
	next(): Promise<LogLine>;
	close(): Promise<void>;
}

/** The only key that is known, and its owner's id. */
export const knownKey = "planted-known-key";

const service: RequestListener = (req, res) => {
	switch (new URL(req.url as string, "http://a").pathname) {
		case "/up/reset":
			req.socket.resetAndDestroy();
			break;
		case "/up/cut":
			res.writeHead(200, { "content-length": "100" });
			res.write("first", () => res.destroy());
			break;
		case "/up/silent":
			break;
		case "/up/endless":
			res.write("first");
			break;
		case "/cached":
			res.setHeader("cache-control", "max-age=60");
			res.end("cached");
			break;
		default:
			res.setHeader("set-cookie", "sid=planted-answer-cookie");
			res.end("well");
	}
};

/** Starts all of it, closed by the test. */
export async function startLog(
	t: TestContext,
	options: AccessLogOptions = {},
	policies: readonly Policy[] = [],
): Promise<LogStage> {
	const { url: origin } = await startUpstream(t, service);
	const { url: chat, server } = await startService(t);
	server.on("connection", (socket) =>
		socket.on("message", () => socket.close()),
	);
	const lines: string[] = [];
	let taken = 0;
	let wake = (): void => undefined;
	const write = (line: string): void => {
		lines.push(line);
		wake();
	};
	const ownLog = new KeptLog();
	const gateway = createGateway({
		docs: false,
		logger: ownLog,
		policies: [...policies, accessLog({ destination: { write }, ...options })],
		routes: routesTo(origin, chat),
	});
	const { port } = await startGateway(t, gateway);
	return {
		port,
		origin,
		lines,
		ownLog,
		async next() {
			while (taken === lines.length) {
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			}
			return JSON.parse(lines[taken++] as string) as LogLine;
		},
		close: () => gateway.close({ timeoutMs: 0 }),
	};
}

function routesTo(origin: string, chat: string) {
	const caller = apiKey({
		header: "x-api-key",
		query: "k",
		keys: [{ key: knownKey, id: "ada" }],
	});
	const teapot = dependency({ why: input.query("why") }, () => reply(418));
	const late = upstream(origin, { timeout: { headersMs: 300 } });
	return [
		route.all("/up/*", { upstream: origin }),
		route.get("/up/silent", { upstream: late }),
		route.get("/gone", { upstream: "http://127.0.0.1:1" }),
		route.get("/local", { handler: () => "well" }),
		route.get("/users/:id", {
			path: { id: Type.Integer() },
			handler: () => "well",
		}),
		route.post("/body", {
			upstream: origin,
			body: Type.Object({ name: Type.String() }),
			maxBodyBytes: 100,
		}),
		route.get("/mine", { upstream: origin, dependencies: { caller } }),
		route.get("/teapot", { dependencies: { teapot }, handler: () => "well" }),
		route.get("/limited", {
			policies: [rateLimit({ name: "few", limit: 0, window: "hour" })],
			handler: () => "well",
		}),
		route.get("/cached", { upstream: origin, policies: [cache()] }),
		route.get("/throws", {
			handler: () => {
				throw new Error("on purpose");
			},
		}),
		route.get("/refuses", {
			handler: () => {
				throw new HttpError(403);
			},
		}),
		route.get("/reset/:token", { handler: () => "well" }),
		route.get("/chat", { upstream: chat }),
	];
}
