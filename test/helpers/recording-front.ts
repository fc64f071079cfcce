import assert from "node:assert/strict";
import {
	createGateway,
	type GatewayOptions,
	type Problem,
	type Route,
} from "../../src/index.ts";
import { startGateway, type TestScope } from "../../src/testing.ts";
import { connectRaw } from "./raw-client.ts";
import {
	type RawRequest,
	type RawUpstream,
	startRawUpstream,
} from "./raw-upstream.ts";

/** What a request came to: what the client was told, and what reached the service. */
export interface Asked {
	readonly status: number;
	/** Of the problem document; null in an answer of the service. */
	readonly code: string | null;
	readonly problems: readonly Problem[];
	/** Null when nothing reached the service. */
	readonly request: RawRequest | null;
	/** The bytes of its body as latin1; null when nothing reached the service. */
	readonly sent: string | null;
}

/** A gateway in front of a service that records bytes. */
export interface RecordingFront {
	readonly service: RawUpstream;
	readonly port: number;
	/** Sends one request over a connection of its own. A string is sent as UTF-8, its length is stated. */
	ask(
		start: string,
		headers?: readonly string[],
		body?: string | Uint8Array,
	): Promise<Asked>;
	/** Sends bytes as they are. */
	askRaw(bytes: string | Uint8Array): Promise<Asked>;
}

/** Starts both; they are closed with the scope. */
export async function startRecordingFront(
	scope: TestScope,
	routes: (url: string) => readonly Route[],
	options: Omit<GatewayOptions, "routes"> = {},
): Promise<RecordingFront> {
	const service = await startRawUpstream();
	scope.after(() => service.close());
	const gateway = createGateway({ ...options, routes: routes(service.url) });
	const { port } = await startGateway(scope, gateway);
	const askRaw = (bytes: string | Uint8Array) => exchange(port, service, bytes);
	return {
		service,
		port,
		askRaw,
		ask: (start, headers = [], body) => askRaw(toBytes(start, headers, body)),
	};
}

function toBytes(
	start: string,
	headers: readonly string[],
	body: string | Uint8Array | undefined,
): Buffer {
	const lines = [`${start} HTTP/1.1`, "Host: gateway.test", ...headers];
	if (body === undefined) return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
	const bytes = Buffer.from(body as string);
	lines.push(`Content-Length: ${bytes.length}`);
	return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), bytes]);
}

async function exchange(
	port: number,
	service: RawUpstream,
	bytes: string | Uint8Array,
): Promise<Asked> {
	await service.closeConnections();
	service.connections = [];
	await using client = await connectRaw({ port });
	const method = Buffer.from(bytes.slice(0, 5) as string).toString();
	const answer = await client.exchange(
		bytes,
		method === "HEAD " ? "HEAD" : "GET",
	);
	const bad = service.connections.find(({ malformed }) => malformed !== null);
	assert.equal(bad?.malformed ?? null, null);
	assert.ok(service.requests.length <= 1, "two requests reached the service");
	const request = service.requests[0] ?? null;
	const whole = await request?.whole.catch(() => null);
	const told = readProblem(answer.body);
	return {
		status: answer.status,
		code: told.code ?? null,
		problems: told.errors ?? [],
		request,
		sent: whole?.toString("latin1") ?? null,
	};
}

function readProblem(body: Buffer): { code?: string; errors?: Problem[] } {
	return body.length === 0 || body[0] !== 0x7b
		? {}
		: JSON.parse(body.toString());
}
