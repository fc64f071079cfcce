import {
	type Context,
	decisionsOf,
	type Outcome,
	type RouteInfo,
	type UpstreamAttempt,
} from "../../../index.ts";
import type { RedactPath } from "../log/redact.ts";

/** What a span says, by names of OpenTelemetry's semantic conventions for HTTP (stable since 1.23). */
export type Attributes = Record<string, string | number | boolean>;

/** RFC 9110 section 9, RFC 5789 and the QUERY draft: every other method is `_OTHER`, so that their number is bounded. */
const methods: ReadonlySet<string> = new Set([
	...["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS"],
	...["TRACE", "PATCH", "QUERY"],
]);

/** The name of a request's span: its method, and the template of its route where one took it. */
export function serverSpanName(method: string, info: RouteInfo): string {
	const verb = spanMethod(method);
	return info.id === "unmatched" ? verb : `${verb} ${info.path}`;
}

/** The name of a call's span. */
export function spanMethod(method: string): string {
	return methods.has(method) ? method : "HTTP";
}

/** What is known of a request when it begins. */
export function serverAttributes(
	ctx: Context,
	info: RouteInfo,
	redact: RedactPath,
): Attributes {
	const path = redact(ctx.url);
	const queryAt = path.indexOf("?");
	const origin = parseOrigin(ctx.origin);
	const attributes: Attributes = {
		"url.scheme": origin.scheme,
		"url.path": queryAt < 0 ? path : path.slice(0, queryAt),
		"client.address": ctx.address,
		"network.protocol.version": ctx.req.httpVersion,
	};
	addMethod(attributes, ctx.method);
	addServer(attributes, origin);
	if (queryAt >= 0) attributes["url.query"] = path.slice(queryAt + 1);
	if (info.id !== "unmatched") attributes["http.route"] = info.path;
	const agent = findHeader(ctx.req.rawHeaders, "user-agent");
	if (agent !== null) attributes["user_agent.original"] = agent;
	return attributes;
}

/** What is known of a request when it is over. */
export function outcomeAttributes(ctx: Context, outcome: Outcome): Attributes {
	const attributes: Attributes = {
		"http.response.status_code": outcome.status,
		"headgate.source": outcome.source,
	};
	const { code } = outcome;
	if (code !== null) attributes["headgate.code"] = code;
	const type = errorTypeOf(outcome);
	if (type !== null) attributes["error.type"] = type;
	for (const decision of decisionsOf(ctx)) {
		if (decision.kind === "cache") {
			attributes["headgate.cache"] = decision.outcome;
		}
	}
	return attributes;
}

/** Whether the request failed on this side: answered with 5xx, or broken off by anybody but the client. */
export function isServerError(outcome: Outcome): boolean {
	if (outcome.source === "client") return false;
	return outcome.status >= 500 || (!outcome.complete && outcome.code !== null);
}

/** A client that left is no failure of the server, but it is why the answer ended. */
function errorTypeOf(outcome: Outcome): string | null {
	if (outcome.source === "client") return outcome.code;
	if (!isServerError(outcome)) return null;
	return outcome.code ?? String(outcome.status);
}

/** What is known of a call to a service when it begins. */
export function attemptAttributes(
	attempt: UpstreamAttempt,
	upstream: string,
	redact: RedactPath,
): Attributes {
	const origin = parseOrigin(attempt.origin);
	const attributes: Attributes = {
		"url.full": attempt.origin + redact(attempt.path),
		"headgate.upstream": upstream,
	};
	addMethod(attributes, attempt.method);
	addServer(attributes, origin);
	if (attempt.number > 1) {
		attributes["http.request.resend_count"] = attempt.number - 1;
	}
	return attributes;
}

function addMethod(attributes: Attributes, method: string): void {
	const isKnown = methods.has(method);
	attributes["http.request.method"] = isKnown ? method : "_OTHER";
	if (!isKnown) attributes["http.request.method_original"] = method;
}

function addServer(attributes: Attributes, origin: Origin): void {
	if (origin.address === "") return;
	attributes["server.address"] = origin.address;
	attributes["server.port"] = origin.port;
}

interface Origin {
	readonly scheme: string;
	readonly address: string;
	readonly port: number;
}

/** Takes an origin apart that is known to be one, an IPv6 address in brackets too. */
export function parseOrigin(origin: string): Origin {
	const at = origin.indexOf("://");
	const scheme = origin.slice(0, at);
	const authority = origin.slice(at + 3);
	const colon = authority.lastIndexOf(":");
	const hasPort = colon > authority.lastIndexOf("]");
	const host = hasPort ? authority.slice(0, colon) : authority;
	const port = hasPort ? Number(authority.slice(colon + 1)) : 0;
	return {
		scheme,
		address: host.startsWith("[") ? host.slice(1, -1) : host,
		port: port || (scheme === "https" ? 443 : 80),
	};
}

/** The first line of that name, which is in lower case. `req.headers` would build all of them. */
function findHeader(raw: readonly string[], name: string): string | null {
	for (let i = 0; i < raw.length; i += 2) {
		const found = raw[i] as string;
		if (found.length === name.length && found.toLowerCase() === name) {
			return raw[i + 1] as string;
		}
	}
	return null;
}
