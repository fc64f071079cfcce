import { once } from "node:events";
import {
	type AddressInfo,
	createServer as createTcpServer,
	type Server,
	type Socket,
} from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { type ByteReader, WireError, within } from "./byte-reader.ts";
import {
	type Framing,
	type HeaderLine,
	head,
	type MessageHead,
	readBody,
	readMessageHead,
	statedFraming,
	valuesOf,
} from "./raw-http.ts";
import { RawSocket, waitMs } from "./raw-socket.ts";

/** A request as it arrived, parsed strictly. Its body grows while it comes. */
export class RawRequest {
	readonly method: string;
	readonly target: string;
	readonly version: string;
	readonly startLine: string;
	readonly headers: readonly HeaderLine[];
	readonly framing: Framing;
	bodyBytes = 0;
	trailers: readonly HeaderLine[] = [];
	/** Whether the body came to its end. */
	complete = false;
	/** Settles when the body is whole; rejects when it was cut short or broken. */
	readonly whole: Promise<Buffer>;
	readonly #pieces: Buffer[] = [];

	constructor(head: MessageHead, reader: ByteReader, keepBody: boolean) {
		const [method = "", target = "", version = ""] = head.startLine.split(" ");
		this.method = method;
		this.target = target;
		this.version = version;
		this.startLine = head.startLine;
		this.headers = head.headers;
		this.framing = requestFraming(head);
		this.whole = this.#read(reader, keepBody);
		this.whole.catch(() => {});
	}

	/** What came of the body so far. */
	get body(): Buffer {
		return Buffer.concat(this.#pieces);
	}

	/** The value of a header; undefined when there is none, joined with `, ` when there are several. */
	header(name: string): string | undefined {
		const values = valuesOf(this.headers, name);
		return values.length === 0 ? undefined : values.join(", ");
	}

	async #read(reader: ByteReader, keepBody: boolean): Promise<Buffer> {
		this.trailers = await readBody(reader, this.framing, (piece) => {
			this.bodyBytes += piece.length;
			if (keepBody) this.#pieces.push(piece);
		});
		this.complete = true;
		return this.body;
	}
}

/** What the upstream does with a request, from its head on. May be async; its failures are kept in `failures`. */
export type Script = (
	request: RawRequest,
	connection: RawConnection,
) => unknown;

/** One connection that came in: its bytes, and the requests a strict parser finds in them. */
export class RawConnection extends RawSocket {
	readonly requests: RawRequest[] = [];
	/** Why the bytes are no proper sequence of requests; null while they are. */
	malformed: WireError | null = null;
	#taken = false;

	/** Leaves what follows this head to the script: from now on `reader` is its own. */
	takeOver(): ByteReader {
		this.#taken = true;
		return this.reader;
	}

	/** Sends a whole answer with a content-length. */
	reply(status: number, body = "", ...headers: string[]): Promise<boolean> {
		const lines = [`HTTP/1.1 ${status} Status`, ...headers];
		lines.push(`content-length: ${Buffer.byteLength(body, "latin1")}`);
		return this.send(`${lines.join("\r\n")}\r\n\r\n${body}`);
	}

	/** Parses requests until the connection ends, and hands each to `onRequest` once its head is there. */
	async parse(
		keepBodies: boolean,
		onRequest: (request: RawRequest) => void,
	): Promise<void> {
		try {
			while (!this.#taken) {
				const head = await readMessageHead(this.reader);
				if (head === null) return this.halfClose();
				const request = new RawRequest(head, this.reader, keepBodies);
				this.requests.push(request);
				onRequest(request);
				if (!this.#taken) await request.whole;
			}
		} catch (error) {
			if (!(error instanceof WireError)) throw error;
			if (error.problem === "syntax") await this.#refuse(error);
		}
	}

	async #refuse(error: WireError): Promise<void> {
		this.malformed = error;
		await this.reply(400, "", "connection: close");
		this.halfClose();
	}
}

/** How to listen. Default: a free TCP port on 127.0.0.1, bodies kept. */
export interface RawUpstreamOptions {
	readonly host?: string;
	readonly port?: number;
	/** A unix socket instead of a port. */
	readonly path?: string;
	readonly tls?: TlsOptions;
	/** False counts bodies only, for large ones. Default true. */
	readonly keepBodies?: boolean;
}

/** An upstream that records every byte and does what its script says. */
export class RawUpstream {
	/** What happens to each request. Default: {@link answerWhole}. */
	script: Script = answerWhole;
	/** Called for each new connection, before it is read. */
	onConnection: ((connection: RawConnection) => void) | null = null;
	/** All connections so far. */
	connections: RawConnection[] = [];
	/** What scripts threw. */
	readonly failures: unknown[] = [];
	readonly #options: RawUpstreamOptions;
	readonly #open = new Set<RawConnection>();
	readonly #listeners = new Set<() => void>();
	#server: Server;
	port = 0;

	constructor(options: RawUpstreamOptions = {}) {
		this.#options = options;
		this.#server = this.#createServer();
	}

	/** All requests so far, in the order of their connections. */
	get requests(): RawRequest[] {
		return this.connections.flatMap((connection) => connection.requests);
	}

	/** As `http://127.0.0.1:PORT`. */
	get url(): string {
		const scheme = this.#options.tls ? "https" : "http";
		return `${scheme}://${this.#options.host ?? "127.0.0.1"}:${this.port}`;
	}

	/** Starts to listen; after {@link stopListening} on the port it had. */
	async listen(): Promise<void> {
		const { host = "127.0.0.1", port = 0, path } = this.#options;
		this.#server = this.#createServer();
		this.#server.listen(
			path === undefined ? { host, port: this.port || port } : { path },
		);
		await once(this.#server, "listening");
		if (path === undefined)
			this.port = (this.#server.address() as AddressInfo).port;
	}

	/** Refuses new connections and ends those there are. */
	async stopListening(): Promise<void> {
		const closed = this.#server.listening ? once(this.#server, "close") : null;
		this.#server.close();
		await this.closeConnections();
		await closed;
	}

	async closeConnections(): Promise<void> {
		await Promise.all([...this.#open].map((connection) => connection.close()));
	}

	/** Waits for the request with that index, counted over all connections. */
	async request(index = 0, timeoutMs: number = waitMs): Promise<RawRequest> {
		await this.until(
			() => this.requests.length > index,
			`request ${index}`,
			timeoutMs,
		);
		return this.requests[index] as RawRequest;
	}

	/** Waits until `test` holds; it is asked again at each connection and request. */
	async until(
		test: () => boolean,
		what: string,
		timeoutMs: number = waitMs,
	): Promise<void> {
		const { promise, resolve } = Promise.withResolvers<void>();
		const look = () => test() && resolve();
		this.#listeners.add(look);
		look();
		await within(promise, timeoutMs, what).finally(() =>
			this.#listeners.delete(look),
		);
	}

	async close(): Promise<void> {
		await this.stopListening();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	#createServer(): Server {
		const accept = (socket: Socket) => this.#accept(socket);
		const { tls } = this.#options;
		return tls
			? createTlsServer(tls, accept)
			: createTcpServer({ allowHalfOpen: true }, accept);
	}

	#accept(socket: Socket): void {
		const connection = new RawConnection(socket);
		this.connections.push(connection);
		this.#open.add(connection);
		socket.once("close", () => this.#open.delete(connection));
		this.onConnection?.(connection);
		this.#notify();
		void connection.parse(this.#options.keepBodies ?? true, (request) => {
			this.#notify();
			void this.#run(request, connection);
		});
	}

	async #run(request: RawRequest, connection: RawConnection): Promise<void> {
		try {
			await this.script(request, connection);
		} catch (error) {
			this.failures.push(error);
		}
	}

	#notify(): void {
		for (const look of this.#listeners) look();
	}
}

/** The script to begin with: reads the request whole, then answers 200 with `ok`. */
export const answerWhole: Script = async (request, connection) => {
	const whole = await request.whole.catch(() => null);
	if (whole === null) return connection.halfClose();
	const bytes = head("HTTP/1.1 200 OK", "x-upstream: yes", "content-length: 2");
	await connection.send(request.method === "HEAD" ? bytes : `${bytes}ok`);
};

/** Starts an upstream; it must be closed, or declared with `await using`. */
export async function startRawUpstream(
	options: RawUpstreamOptions = {},
): Promise<RawUpstream> {
	const upstream = new RawUpstream(options);
	await upstream.listen();
	return upstream;
}

function requestFraming(head: MessageHead): Framing {
	const match =
		/^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e\x80-\xff]+ HTTP\/1\.([01])$/.exec(
			head.startLine,
		);
	if (!match)
		throw new WireError(
			"syntax",
			`request line ${JSON.stringify(head.startLine)}`,
		);
	const hosts = valuesOf(head.headers, "host").length;
	if (hosts > 1 || (hosts === 0 && match[1] === "1"))
		throw new WireError("syntax", `${hosts} Host lines`);
	const framing = statedFraming(head.headers);
	if (match[1] === "0" && framing?.kind === "chunked")
		throw new WireError("syntax", "transfer-encoding in HTTP/1.0");
	return framing ?? { kind: "none" };
}
