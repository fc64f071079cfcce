import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { WireError, within } from "./byte-reader.ts";
import {
	type Framing,
	type HeaderLine,
	readBody,
	readMessageHead,
	statedFraming,
	valuesOf,
} from "./raw-http.ts";
import { RawSocket, waitMs } from "./raw-socket.ts";

/** Where to connect: a TCP port, a unix socket, or TLS on a port. */
export type RawAddress =
	| {
			readonly host?: string;
			readonly port: number;
			readonly tls?: ConnectionOptions;
	  }
	| { readonly path: string };

/** An answer as it stood on the wire. */
export interface RawResponse {
	readonly status: number;
	readonly startLine: string;
	readonly headers: readonly HeaderLine[];
	/** The 1xx answers that came before it. */
	readonly informational: readonly RawResponse[];
	readonly framing: Framing;
	body: Buffer;
	trailers: readonly HeaderLine[];
	/** Whether the body came to its end: false for one cut short. */
	complete: boolean;
	/** The only value of a header; undefined when there is none, joined with `, ` when there are several. */
	header(name: string): string | undefined;
}

/** A client that speaks bytes. */
export class RawClient extends RawSocket {
	/** Reads the next answer: head and body. `method` is the request's, since HEAD changes what follows. */
	async readResponse(
		method = "GET",
		timeoutMs: number = waitMs,
	): Promise<RawResponse> {
		const response = await this.readHead(method, timeoutMs);
		return this.readRest(response, timeoutMs);
	}

	/** Reads the next final head, and the 1xx before it. Raises `truncated` when the connection ends first. */
	async readHead(
		method = "GET",
		timeoutMs: number = waitMs,
	): Promise<RawResponse> {
		const informational: RawResponse[] = [];
		for (;;) {
			const response = await this.#readOneHead(
				method,
				informational,
				timeoutMs,
			);
			if (response.status >= 200 || response.status === 101) return response;
			informational.push(response);
		}
	}

	/** Reads one head, be it a 1xx. */
	readAnyHead(
		method = "GET",
		timeoutMs: number = waitMs,
	): Promise<RawResponse> {
		return this.#readOneHead(method, [], timeoutMs);
	}

	/** Reads the body that follows a head. A body cut short is no error: `complete` stays false. */
	async readRest(
		response: RawResponse,
		timeoutMs: number = waitMs,
	): Promise<RawResponse> {
		const pieces: Buffer[] = [];
		const keep = (piece: Buffer) => pieces.push(piece);
		try {
			const reading = readBody(this.reader, response.framing, keep);
			response.trailers = await within(
				reading,
				timeoutMs,
				"the rest of the body",
			);
			response.complete =
				response.framing.kind !== "close" || this.state !== "reset";
		} catch (error) {
			if (!(error instanceof WireError) || error.problem !== "truncated")
				throw error;
		}
		response.body = Buffer.concat(pieces);
		return response;
	}

	/** Sends a request and reads its answer. */
	async exchange(
		bytes: string | Uint8Array,
		method = "GET",
	): Promise<RawResponse> {
		void this.send(bytes);
		return this.readResponse(method);
	}

	async #readOneHead(
		method: string,
		informational: readonly RawResponse[],
		timeoutMs: number,
	): Promise<RawResponse> {
		const reading = readMessageHead(this.reader);
		const head = await within(reading, timeoutMs, "the head of an answer");
		if (head === null)
			throw new WireError("truncated", `${this.state} without an answer`);
		return toResponse(head.startLine, head.headers, method, informational);
	}
}

function toResponse(
	startLine: string,
	headers: readonly HeaderLine[],
	method: string,
	informational: readonly RawResponse[],
): RawResponse {
	const match = /^HTTP\/1\.[01] (\d{3})(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(
		startLine,
	);
	if (!match)
		throw new WireError("syntax", `status line ${JSON.stringify(startLine)}`);
	const status = Number(match[1]);
	return {
		status,
		startLine,
		headers,
		informational,
		framing: responseFraming(status, method, headers),
		body: Buffer.alloc(0),
		trailers: [],
		complete: false,
		header: (name) => {
			const values = valuesOf(headers, name);
			return values.length === 0 ? undefined : values.join(", ");
		},
	};
}

function responseFraming(
	status: number,
	method: string,
	headers: readonly HeaderLine[],
): Framing {
	const stated = statedFraming(headers);
	const bodiless =
		method === "HEAD" || status < 200 || status === 204 || status === 304;
	return bodiless ? { kind: "none" } : (stated ?? { kind: "close" });
}

/** Connects; the client must be closed, or declared with `await using`. */
export async function connectRaw(address: RawAddress): Promise<RawClient> {
	const socket = dial(address);
	const ready = "tls" in address && address.tls ? "secureConnect" : "connect";
	await within(once(socket, ready), waitMs, "a connection");
	return new RawClient(socket);
}

function dial(address: RawAddress): Socket {
	if ("path" in address)
		return connectTcp({ path: address.path, allowHalfOpen: true });
	const { host = "127.0.0.1", port, tls } = address;
	if (tls) return connectTls({ host, port, ...tls });
	return connectTcp({ host, port, allowHalfOpen: true });
}
