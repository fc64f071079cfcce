import type { RequestListener } from "node:http";
import type { TestContext } from "node:test";
import {
	createGateway,
	dependency,
	HttpError,
	type Outcome,
	type Policy,
	reply,
	route,
	Type,
	upstream,
} from "../../src/index.ts";
import { startGateway, startUpstream } from "../../src/testing.ts";
import { createGate, type Gate } from "./gate.ts";
import { KeptLog } from "./kept-log.ts";

/** What the service does with each path. */
function createService(reached: Gate): RequestListener {
	return (req, res) => {
		switch (req.url) {
			case "/up/ok":
				res.end("ok");
				break;
			case "/up/missing":
				res.writeHead(404).end();
				break;
			case "/up/failing":
				res.writeHead(500).end("no");
				break;
			case "/up/reset":
				req.socket.resetAndDestroy();
				break;
			case "/up/cut":
				res.writeHead(200, { "content-length": "100" });
				res.write("first", () => res.destroy());
				break;
			case "/up/endless":
				res.write("first");
				break;
			case "/up/invalid":
				res.writeHead(200, { "content-type": "application/json" });
				res.end('{"a":"text"}');
				break;
			default:
				// Never answers.
				reached.open();
				break;
		}
	};
}

export interface Stage {
	readonly port: number;
	readonly origin: string;
	readonly outcomes: Outcome[];
	readonly finished: Gate;
	/** Opened by a request that the service never answers. */
	readonly reached: Gate;
	close(): Promise<void>;
}

/** Replies in a phase when the request asks for it. */
const steering: Policy = {
	name: "steering",
	forRoute: () => ({
		onRequest: (ctx) =>
			ctx.req.headers["x-reply"] === undefined ? undefined : reply(418),
		onUpstreamResponse: (ctx) =>
			ctx.req.headers["x-replace"] === undefined ? undefined : reply(203),
	}),
};

export async function start(t: TestContext): Promise<Stage> {
	const reached = createGate();
	const { url: origin } = await startUpstream(t, createService(reached));
	const outcomes: Outcome[] = [];
	const finished = createGate();
	const recording: Policy = {
		name: "recording",
		forRoute: () => ({
			onFinish: (_ctx, outcome) => {
				outcomes.push(outcome);
				finished.open();
			},
		}),
	};
	const late = upstream(origin, { timeout: { headersMs: 300 } });
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		policies: [recording, steering],
		routes: [
			route.get("/up/invalid", {
				upstream: origin,
				response: {
					schema: Type.Object({ a: Type.Integer() }),
					mode: "validate",
				},
			}),
			route.get("/up/late", { upstream: late }),
			route.all("/up/*", { upstream: origin }),
			route.get("/gone", { upstream: "http://127.0.0.1:1" }),
			route.get("/local", { handler: () => "ok" }),
			route.get("/users/:id", {
				path: { id: Type.Integer() },
				handler: () => "ok",
			}),
			route.get("/refused", {
				dependencies: {
					key: dependency(async () => {
						throw new HttpError(401, "No.", { code: "ERR_NO_KEY" });
					}),
				},
				handler: () => "ok",
			}),
			route.get("/throws", {
				handler: () => {
					throw problem;
				},
			}),
		],
	});
	const { port } = await startGateway(t, gateway);
	const close = (): Promise<void> => gateway.close({ timeoutMs: 0 });
	return { port, origin, outcomes, finished, reached, close };
}

/** What the failing handler throws. */
export const problem: Error = new Error("on purpose");
