import type { OutgoingHttpHeaders } from "node:http";
import type { TestContext } from "node:test";
import {
	createGateway,
	type InjectRequest,
	type InjectResponse,
	type Route,
	type RouteOptions,
	route,
} from "../../src/index.ts";
import { startUpstream } from "../../src/testing.ts";
import { KeptLog } from "./kept-log.ts";

/** What a service answers. */
export interface Answer {
	readonly status?: number;
	readonly headers?: OutgoingHttpHeaders;
	/** Bytes and text as they are, anything else as JSON. */
	readonly body?: unknown;
}

/** What is declared of an answer. */
export type Declared = Pick<RouteOptions, "response" | "policies">;

/** What a client gets, and what the log does, of an answer through a route that declares it so. */
export async function answerThrough(
	t: TestContext,
	declared: Declared,
	answer: Answer,
	request: Partial<InjectRequest> = {},
): Promise<{ got: InjectResponse; log: KeptLog }> {
	const { url } = await startUpstream(t, (_req, res) => {
		const { status = 200, headers = json, body = "" } = answer;
		const isPlain = typeof body === "string" || body instanceof Uint8Array;
		res.writeHead(status, headers);
		res.end(isPlain ? body : JSON.stringify(body));
	});
	const log = new KeptLog();
	const routes: Route[] = [route.get("/", { upstream: url, ...declared })];
	const gateway = createGateway({ docs: false, logger: log, routes });
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return { got: await gateway.inject({ url: "/", ...request }), log };
}

/** The head of a JSON answer. */
export const json: OutgoingHttpHeaders = { "content-type": "application/json" };
