import { createServer } from "node:http";
import type { Socket } from "node:net";
import stream from "node:stream";
import { Client } from "undici";
import {
	anything,
	type Checks,
	checkOptions,
	object,
	required,
	text,
} from "../http/options.ts";
import type { RequestHandler } from "../request/handler.ts";

/** A request made in process. */
export interface InjectRequest {
	/** In any case. Default GET. */
	readonly method?: string;
	/** Path and query. */
	readonly url: string;
	/** The Host field. Default `gateway`. */
	readonly host?: string;
	readonly headers?: Readonly<Record<string, string | readonly string[]>>;
	/** A string or bytes as they are, `FormData` and `URLSearchParams` as the forms they are; anything else is sent as JSON. */
	readonly body?: unknown;
}

/** An answer got in process. */
export interface InjectResponse {
	readonly status: number;
	/** Names in lower case; several lines of one name as an array. */
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly body: string;
	readonly bytes: Uint8Array;
	/** The body as JSON; throws SyntaxError when it is none. */
	json(): unknown;
}

const checks: Checks<InjectRequest> = {
	method: text,
	url: required(text),
	host: text,
	headers: object,
	body: anything,
};

/**
 * Answers a request without a socket: it goes through node's own parser and the
 * same handler, over a pair of streams.
 */
export async function inject(
	handler: RequestHandler,
	request: InjectRequest,
): Promise<InjectResponse> {
	checkOptions("inject", request, checks);
	const server = createServer(handler);
	const client = new Client("http://gateway", {
		connect: (_options, callback) => {
			const [near, far] = stream.duplexPair();
			// node 22 tells one half nothing of the other's end.
			far.once("close", () => near.push(null));
			server.emit("connection", far);
			// undici expects to be called back later, as a socket would.
			setImmediate(() => callback(null, near as unknown as Socket));
		},
	});
	try {
		const { body, headers } = await encode(request);
		const answer = await client.request({
			method: (request.method ?? "GET").toUpperCase() as "GET",
			path: request.url,
			headers,
			body,
		});
		const bytes = Buffer.from(await answer.body.arrayBuffer());
		return {
			status: answer.statusCode,
			headers: answer.headers,
			body: bytes.toString(),
			bytes,
			json: () => JSON.parse(bytes.toString()) as unknown,
		};
	} finally {
		await client.destroy();
		server.closeAllConnections();
	}
}

interface Encoded {
	readonly body: string | Uint8Array | null;
	/** Of the body, where nobody has said another. */
	readonly type: string | null;
}

async function encode(request: InjectRequest): Promise<{
	body: string | Uint8Array | null;
	headers: Record<string, string | string[]>;
}> {
	const headers: Record<string, string | string[]> = {};
	for (const [name, value] of Object.entries(request.headers ?? {})) {
		headers[name.toLowerCase()] =
			typeof value === "string" ? value : [...value];
	}
	if (request.host !== undefined) headers.host ??= request.host;
	const { body, type } = await encodeBody(request.body);
	if (type !== null) headers["content-type"] ??= type;
	return { body, headers };
}

async function encodeBody(body: unknown): Promise<Encoded> {
	if (body === undefined || body === null) return { body: null, type: null };
	if (typeof body === "string" || body instanceof Uint8Array) {
		return { body, type: null };
	}
	if (body instanceof FormData || body instanceof URLSearchParams) {
		const form = new Response(body);
		const bytes = new Uint8Array(await form.arrayBuffer());
		return { body: bytes, type: form.headers.get("content-type") };
	}
	return { body: JSON.stringify(body), type: "application/json" };
}
