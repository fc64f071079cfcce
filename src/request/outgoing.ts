import {
	type ForwardingOptions,
	otherForwarding,
} from "../connection/forwarding.ts";
import { isAmong, removeSame } from "../http/header-list.ts";
import { readsBody, toResponseOptions } from "../model/response-options.ts";
import type { Forward, Route } from "../model/route-options.ts";
import type { Fields, FieldValue, UpstreamRequest } from "../model/types.ts";
import type { Upstream } from "../model/upstream.ts";
import type { Outgoing, RequestContext, Write } from "./request.ts";
import { compileTarget } from "./request-target.ts";
import { withoutCookies } from "./withheld-credentials.ts";

type AnyForward = Forward<unknown>;

/**
 * Compiles step 7, what goes upstream: the path with its parameters put back, the query
 * that is declared, the headers of this hop. What is not declared or asked for
 * is not touched: then path and query go on byte for byte.
 */
export function compileOutgoing(route: Route, upstream: Upstream): Outgoing {
	const toTarget = compileTarget(route);
	const toExtra = compileExtra(route);
	const writeHeaders = compileHeaders(route, upstream, toExtra);
	const method = route.options.upstreamMethod?.toUpperCase() ?? null;
	return {
		toTarget,
		toExtra,
		write: (ctx) => ({
			method: method ?? ctx.method,
			path: toTarget(ctx),
			headers: writeHeaders(ctx),
		}),
	};
}

/** What would go out as things stand; nothing of the request is changed but that `forward` has been asked. */
export function previewOutgoing(
	ctx: RequestContext,
	{ write }: Outgoing,
): UpstreamRequest {
	const { head, upstreamHeaders } = ctx;
	const { headers } = head;
	head.headers = headers.slice();
	ctx.upstreamHeaders = upstreamHeaders?.copy() ?? null;
	try {
		return write(ctx);
	} finally {
		head.headers = headers;
		ctx.upstreamHeaders = upstreamHeaders;
	}
}

/** Fields that describe bytes which no longer go out. */
const payloadFields = [
	"content-length",
	"content-type",
	"content-encoding",
	"content-md5",
	"content-digest",
	"digest",
	"repr-digest",
];

/** `forward.headers`, called once a request. */
function compileExtra(route: Route): Write<Fields | null> {
	const extra = (route.options.forward as AnyForward | undefined)?.headers;
	if (extra === undefined) return () => null;
	return (ctx) => {
		ctx.extraHeaders ??= extra(ctx);
		return ctx.extraHeaders;
	};
}

function compileHeaders(
	route: Route,
	upstream: Upstream,
	toExtra: Write<Fields | null>,
): Write<string[]> {
	const { options } = upstream;
	const forwarding: ForwardingOptions = {
		forwarded: options.forwarded ?? "both",
		via: options.via === "both",
	};
	const needsWhole = readsBody(toResponseOptions(route.options.response));
	return (ctx) => {
		const extra = toExtra(ctx);
		if (extra !== null) setAll(ctx, extra);
		if (needsWhole) {
			ctx.setUpstreamHeader("accept-encoding", "identity");
			ctx.setUpstreamHeader("range", null);
		}
		let headers = applyUpstreamHeaders(ctx);
		if (ctx.hasPayload) headers = describePayload(ctx, headers);
		const set = ctx.upstreamHeaders === null ? none : ctx.upstreamHeaders.names;
		const lines = ctx.peer.forwardingLines(
			ctx.chain,
			ctx.req.httpVersion,
			forwarding,
		);
		for (let i = 0; i < lines.length; i += 2) {
			const name = lines[i] as string;
			if (set.length > 0 && isAmong(name, set)) continue;
			headers.push(name, lines[i + 1] as string);
		}
		if (options.preserveHost === true && ctx.head.host !== null) {
			if (!set.includes("host")) headers.push("host", ctx.head.host);
		}
		if (options.requestStart === true && !isAmong(requestStart, set)) {
			const now = (Date.now() / 1000).toFixed(3);
			headers = removeSame(headers, [requestStart]);
			headers.push(requestStart, `t=${now}`);
		}
		return headers;
	};
}

const none: readonly string[] = [];
const requestStart = "x-request-start";

function setAll(ctx: RequestContext, fields: Fields): void {
	for (const [name, value] of Object.entries(fields)) {
		const [first, ...more] = Array.isArray(value) ? value : [value];
		ctx.setUpstreamHeader(name, toLine(first));
		for (const line of more) ctx.appendUpstreamHeader(name, String(line));
	}
}

function toLine(value: FieldValue): string | null {
	return value === undefined || value === null ? null : String(value);
}

/** The client's headers, less what was taken off, with what was set. */
function applyUpstreamHeaders(ctx: RequestContext): string[] {
	const { upstreamHeaders } = ctx;
	const received = receivedHeaders(ctx);
	return upstreamHeaders === null ? received : upstreamHeaders.apply(received);
}

function receivedHeaders({ head, peer, withheld }: RequestContext): string[] {
	const { forwarding } = head;
	const received =
		forwarding === null || !peer.isTrusted
			? head.headers
			: head.headers.concat(otherForwarding(forwarding));
	if (withheld === null) return received;
	const { header, cookie } = withheld;
	const rest = header === null ? received : removeSame(received, header);
	return cookie === null ? rest : withoutCookies(rest, cookie);
}

function describePayload(ctx: RequestContext, headers: string[]): string[] {
	const described = removeSame(headers, payloadFields);
	const type = typeThatIsSet(ctx) ?? ctx.payloadType;
	if (type !== null) described.push("content-type", type);
	if (ctx.payloadLength !== null) {
		described.push("content-length", String(ctx.payloadLength));
	}
	return described;
}

/** The type that a hook or `forward.headers` has given the body; null where none has. A multipart form says itself where its parts end. */
function typeThatIsSet(ctx: RequestContext): string | null {
	const { multipart, upstreamHeaders } = ctx;
	if (upstreamHeaders === null || multipart !== null) return null;
	return upstreamHeaders.get("content-type");
}
