import type { ConnectionOptions } from "node:tls";
import { Agent, request } from "undici";

/** How a service is spoken to over TLS: its own certificate authority, a client certificate. */
export type TlsOptions = Pick<
	ConnectionOptions,
	"ca" | "cert" | "key" | "passphrase" | "servername"
>;

/** What is asked. */
export interface JsonRequest {
	readonly method: "GET" | "POST";
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
}

/** How a service that is asked for JSON is reached. */
export interface JsonClientOptions {
	readonly tls: TlsOptions | undefined;
	/** For a whole answer. */
	readonly timeoutMs: number;
	/** More is a failure. */
	readonly maxBytes: number;
}

/** How a service that identities are asked of is reached. */
export interface AgentOptions extends JsonClientOptions {
	/** Connections at the same time; what is asked beyond that waits within its time. */
	readonly connections: number;
}

/** The connections to such a service. Idle ones close by themselves after seconds and keep no process alive. */
export function createAgent(options: AgentOptions): Agent {
	const { connections, maxBytes, timeoutMs, tls } = options;
	return new Agent({
		connections,
		maxResponseSize: maxBytes,
		connect: { timeout: timeoutMs, ...tls },
	});
}

/**
 * Asks one service for JSON: no redirect is followed, nothing but a 200 is an
 * answer, and time and size are bounded.
 */
export class JsonClient {
	readonly #url: URL;
	readonly #agent: Agent;
	readonly #timeoutMs: number;

	constructor(url: URL, options: JsonClientOptions) {
		this.#url = url;
		this.#timeoutMs = options.timeoutMs;
		this.#agent = createAgent({ ...options, connections: 8 });
	}

	/** @throws Error when there is no answer in time, or it is no JSON with a 200. */
	async ask({ method, headers, body }: JsonRequest): Promise<unknown> {
		const answer = await request(this.#url, {
			dispatcher: this.#agent,
			method,
			headers: { accept: "application/json", ...headers },
			body: body ?? null,
			signal: AbortSignal.timeout(this.#timeoutMs),
		});
		if (answer.statusCode !== 200) {
			await answer.body.dump({ limit: 0 }).catch(() => undefined);
			throw new Error(`${this.#url.origin} answered ${answer.statusCode}`);
		}
		return answer.body.json();
	}
}

const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * The URL of a service that is trusted with identities: https, or http to the
 * loopback address, or any http where that is allowed.
 *
 * @throws TypeError when it is no such URL.
 */
export function toTrustedUrl(
	text: string,
	option: string,
	allowsHttp = false,
): URL {
	const url = URL.parse(text);
	if (url === null) throw new TypeError(`${option} must be an absolute URL`);
	const isPlain = url.protocol === "http:";
	if (url.protocol !== "https:" && !isPlain) {
		throw new TypeError(`${option} must be an https URL`);
	}
	if (isPlain && !allowsHttp && !loopback.test(url.hostname)) {
		throw new TypeError(
			`${option} must be an https URL; http goes to the loopback address alone`,
		);
	}
	if (url.username !== "" || url.password !== "" || url.hash !== "") {
		throw new TypeError(`${option} takes no user, password or fragment`);
	}
	return url;
}
