import type { ConnectionOptions } from "node:tls";
import type { Dispatcher } from "undici";
import {
	type Checks,
	checkOptions,
	either,
	flag,
	func,
	group,
	list,
	milliseconds,
	oneOf,
	text,
	throwProblems,
	tlsOptions,
	whole,
} from "../http/options.ts";

/** How long an upstream may take. A route may override each. */
export interface UpstreamTimeouts {
	/** For a connection to be made, in milliseconds. Default 2,000. 0 is off. */
	readonly connectMs: number;
	/** Of silence before the head of the answer, in milliseconds: an upload that moves is no silence. Default 60,000. 0 is off. */
	readonly headersMs: number;
	/** Of silence within the body of the response, in milliseconds; event streams are exempt. Default 60,000. 0 is off. */
	readonly bodyMs: number;
	/** For the whole call, in milliseconds. Default 0: off. */
	readonly totalMs: number;
}

/** How connections to an upstream are kept. */
export interface UpstreamPoolOptions {
	/** Connections to one origin at the same time. Default 1,024. */
	readonly connections?: number;
	/** Calls that wait for one of them; one more is a 503. Default 10,000. */
	readonly maxQueue?: number;
	/** An idle connection is closed after so many milliseconds. Default 4,000, or what the service announces. */
	readonly keepAliveMs?: number;
}

/** What is known of a service. */
export interface UpstreamOptions {
	/** The name in logs and metrics. Default: the first origin's host. */
	readonly name?: string;
	readonly timeout?: Partial<UpstreamTimeouts>;
	readonly pool?: UpstreamPoolOptions;
	/** undici interceptors, `dispatch => dispatch`, the first is the innermost. Default none. */
	readonly interceptors?: readonly Dispatcher.DispatcherComposeInterceptor[];
	/** Sends the client's Host instead of the origin's own. Default false. */
	readonly preserveHost?: boolean;
	/**
	 * Which forwarding headers tell the service about the client: `x-forwarded-for|-host|-proto`,
	 * the `forwarded` of RFC 7239, both or none. Both say the same. Default both.
	 */
	readonly forwarded?: "both" | "x-forwarded" | "forwarded" | "none";
	/**
	 * Where `via` is added (RFC 9110 section 7.6.3): to responses alone, to requests too, or nowhere. Towards a
	 * service it turns the compression of nginx and IIS off. Default `"responses"`.
	 */
	readonly via?: "responses" | "both" | "none";
	/**
	 * Whether a 103 (RFC 8297) goes to HTTP/1.1 clients. Python's http.client takes it for the response, and Java's
	 * HttpURLConnection hangs. Default false.
	 */
	readonly earlyHints?: boolean;
	/** Whether `x-request-start: t=<seconds>` tells the service when the gateway got the request. Default false. */
	readonly requestStart?: boolean;
	/**
	 * For https origins: own CA, SNI, client certificate. Certificates are verified unless this says otherwise,
	 * for `servername`, or else for the target's host; what Host a request names changes nothing.
	 */
	readonly tls?: ConnectionOptions;
	/**
	 * What makes plain HTTP/1.1 calls whose body is in memory. The gateway's own connection costs half of undici's;
	 * undici makes all other calls in any case. Default `"http1"`.
	 */
	readonly client?: "http1" | "undici";
	/** A Unix socket to connect to instead of the origin's host and port. */
	readonly socketPath?: string;
}

/** The timeouts of an upstream, which a route may override. */
export const timeoutChecks: Checks<UpstreamTimeouts> = {
	connectMs: milliseconds(),
	headersMs: milliseconds(),
	bodyMs: milliseconds(),
	totalMs: milliseconds(),
};

const checks: Checks<UpstreamOptions> = {
	name: text,
	timeout: group(timeoutChecks),
	pool: group<UpstreamPoolOptions>({
		connections: whole(1),
		maxQueue: whole(),
		keepAliveMs: milliseconds(),
	}),
	interceptors: list(func),
	preserveHost: flag,
	forwarded: oneOf("both", "x-forwarded", "forwarded", "none"),
	via: oneOf("responses", "both", "none"),
	earlyHints: flag,
	requestStart: flag,
	tls: tlsOptions,
	client: oneOf("http1", "undici"),
	socketPath: text,
};
const checkOrigins = either("a URL or an array of URLs", text, list(text, 1));

/** What makes plain calls where an upstream does not say. The suite is run with both (test/helpers/with-undici.ts). */
export const defaults: { client: "http1" | "undici" } = { client: "http1" };

const defaultTimeouts: UpstreamTimeouts = {
	connectMs: 2_000,
	headersMs: 60_000,
	bodyMs: 60_000,
	totalMs: 0,
};

/** A service with one target or several. A plain value; the gateway opens its connections. Made by {@link upstream}. */
export class Upstream {
	readonly name: string;
	/** Such as `http://users:8002`. */
	readonly origins: readonly string[];
	readonly timeout: UpstreamTimeouts;
	readonly options: UpstreamOptions;

	constructor(origins: readonly string[], options: UpstreamOptions) {
		this.origins = origins;
		this.options = options;
		this.name = options.name ?? new URL(origins[0] as string).host;
		this.timeout = { ...defaultTimeouts, ...options.timeout };
	}
}

/**
 * Declares a service: `upstream('http://users:8002', { timeout: { headersMs: 60_000 } })`.
 * With several targets each call goes to one of two drawn at random, the one with fewer calls in progress. A target
 * that cannot be connected to is excluded for five seconds, and a call that was never sent goes to another one.
 *
 * @throws TypeError when an origin is not `http(s)://host[:port]`, or an option is out of range.
 */
export function upstream(
	origin: string | readonly string[],
	options: UpstreamOptions = {},
): Upstream {
	throwProblems("upstream", checkOrigins(origin, "the first argument"));
	checkOptions("upstream", options, checks);
	const origins = typeof origin === "string" ? [origin] : origin;
	return new Upstream(origins.map(parseOrigin), options);
}

function parseOrigin(text: string): string {
	let url: URL;
	try {
		url = new URL(text);
	} catch {
		throw new TypeError(
			`upstream: "${text}" is not a URL; write http://host:port`,
		);
	}
	if (url.protocol !== "http:" && url.protocol !== "https:") {
		throw new TypeError(`upstream: "${text}" must begin with http: or https:`);
	}
	if (url.username !== "" || url.password !== "") {
		throw new TypeError("upstream: an origin takes no user and password");
	}
	if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
		throw new TypeError(
			`upstream: "${text}" must be an origin alone; a path belongs into upstreamPath`,
		);
	}
	return url.origin;
}
