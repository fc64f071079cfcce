import type { ForwardingOptions } from "../connection/peer.ts";
import { failure } from "../http/errors.ts";
import { removeFew, removeNames } from "../http/header-list.ts";
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
	ctx.upstreamHeaders = upstreamHeaders?.slice() ?? null;
	try {
		return write(ctx);
	} finally {
		head.headers = headers;
		ctx.upstreamHeaders = upstreamHeaders;
	}
}

/** Fields that describe bytes which no longer go out. */
const payloadFields: ReadonlySet<string> = new Set([
	"content-length",
	"content-type",
	"content-encoding",
	"content-md5",
	"content-digest",
	"digest",
	"repr-digest",
]);

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
		via: options.via ?? true,
	};
	const needsWhole = readsAnswer(route);
	return (ctx) => {
		const extra = toExtra(ctx);
		if (extra !== null) setAll(ctx, extra);
		if (needsWhole) {
			ctx.setUpstreamHeader("accept-encoding", "identity");
			ctx.setUpstreamHeader("range", null);
		}
		let headers = applyUpstreamHeaders(ctx);
		if (ctx.hasPayload) headers = describePayload(ctx, headers);
		const lines = ctx.peer.forwardingLines(
			ctx.head,
			ctx.req.httpVersion,
			forwarding,
		);
		for (let i = 0; i < lines.length; i++) headers.push(lines[i] as string);
		if (options.preserveHost === true && ctx.head.host !== null) {
			headers.push("host", ctx.head.host);
		}
		if (options.requestStart === true) {
			const now = (Date.now() / 1000).toFixed(3);
			headers.push("x-request-start", `t=${now}`);
		}
		return headers;
	};
}

/** Whether the answer's body is read by the gateway: then it must come whole and without a content coding. */
export function readsAnswer(route: Route): boolean {
	const { response, responseMode = "document" } = route.options;
	return response !== undefined && responseMode !== "document";
}

function setAll(ctx: RequestContext, fields: Fields): void {
	for (const [name, value] of Object.entries(fields)) {
		const lines = Array.isArray(value) ? value : [value];
		const [first] = lines;
		ctx.setUpstreamHeader(name, toLine(first));
		for (const line of lines.slice(1)) {
			ctx.upstreamHeaders?.push(name.toLowerCase(), toLine(line));
		}
	}
}

function toLine(value: FieldValue): string | null {
	return value === undefined || value === null ? null : String(value);
}

/** The client's headers, less what was taken off, with what was set. */
function applyUpstreamHeaders(ctx: RequestContext): string[] {
	const set = ctx.upstreamHeaders;
	const received = receivedHeaders(ctx);
	if (set === null) return received;
	const names: string[] = [];
	for (let i = 0; i < set.length; i += 2) names.push(set[i] as string);
	const headers = removeFew(received, names);
	for (let i = 0; i < set.length; i += 2) {
		const value = set[i + 1];
		if (typeof value !== "string") continue;
		checkName(set[i] as string);
		checkValue(set[i] as string, value);
		headers.push(set[i] as string, value);
	}
	return headers;
}

function receivedHeaders({ head, withheld }: RequestContext): string[] {
	if (withheld === null) return head.headers;
	const { header, cookie } = withheld;
	const rest = header === null ? head.headers : removeFew(head.headers, header);
	return cookie === null ? rest : withoutCookies(rest, cookie);
}

/** What the gateway says itself about its connection to the service, and about where a body ends. */
const ownFields: ReadonlySet<string> = new Set([
	"connection",
	"content-length",
	"expect",
	"keep-alive",
	"proxy-connection",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
]);
// RFC 9110 section 5.1.
const fieldName = /^[\w!#$%&'*+\-.^`|~]+$/;

function checkName(name: string): void {
	if (ownFields.has(name) || !fieldName.test(name)) {
		throw new TypeError(`the upstream header ${name} can not be set`);
	}
}

// RFC 9110 section 5.5. A line break would be a second header.
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What a client says may become a header's value: what none can carry is its mistake, not the gateway's. */
function checkValue(name: string, value: string): void {
	if (fieldValue.test(value)) return;
	const cause = new TypeError(`a value for ${name} that no header can carry`);
	throw failure("ERR_BAD_REQUEST", { cause });
}

function describePayload(ctx: RequestContext, headers: string[]): string[] {
	const described = removeNames(headers, payloadFields);
	const type = typeThatIsSet(ctx) ?? ctx.payloadType;
	if (type !== null) described.push("content-type", type);
	if (ctx.payloadLength !== null) {
		described.push("content-length", String(ctx.payloadLength));
	}
	return described;
}

/** The type that a hook or `forward.headers` has given the body; null where none has. A multipart form says itself where its parts end. */
function typeThatIsSet(ctx: RequestContext): string | null {
	const set = ctx.upstreamHeaders;
	if (set === null || ctx.multipart !== null) return null;
	for (let i = set.length - 2; i >= 0; i -= 2) {
		const value = set[i + 1];
		if (set[i] === "content-type" && typeof value === "string") return value;
	}
	return null;
}
