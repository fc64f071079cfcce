import { failure } from "../http/errors.ts";
import { removeNames } from "../http/headers.ts";
import type { ForwardingOptions } from "../http/peer.ts";
import { toFieldText, toFieldTexts } from "../params/field-text.ts";
import { compileTemplate, type PathTemplate } from "../proxy/path-template.ts";
import type { Upstream } from "../proxy/upstream.ts";
import type { RequestContext } from "./context.ts";
import type { Fields, FieldValue, Forward, Route } from "./types.ts";
import { nameOfPair, withoutCookies, withoutQueryNames } from "./withheld.ts";

type Write<T> = (ctx: RequestContext) => T;
type AnyForward = Forward<unknown>;

/**
 * Compiles step 7, what goes upstream: the path with its parameters put back, the query
 * that is declared, the headers of this hop. What is not declared or asked for
 * is not touched: then path and query go on byte for byte.
 */
export function compileOutgoing(
	route: Route,
	upstream: Upstream,
): (ctx: RequestContext) => void {
	const writePath = compilePath(route);
	const writeQuery = compileQuery(route);
	const writeHeaders = compileHeaders(route, upstream);
	const method = route.options.upstreamMethod?.toUpperCase() ?? null;
	const isRaw = writePath === null && writeQuery === null;
	return (ctx) => {
		const path =
			isRaw && (ctx.withheld?.query ?? null) === null
				? ctx.url
				: (writePath === null ? rawPath(ctx) : writePath(ctx)) +
					(writeQuery === null ? rawQuery(ctx) : writeQuery(ctx));
		ctx.outgoing = {
			method: method ?? ctx.method,
			path,
			headers: writeHeaders(ctx),
		};
	};
}

function rawPath(ctx: RequestContext): string {
	return ctx.url.slice(0, ctx.pathEnd);
}

function rawQuery(ctx: RequestContext): string {
	const query = ctx.url.slice(ctx.pathEnd);
	return ctx.withheld === null
		? query
		: withoutQueryNames(query, ctx.withheld.query);
}

function compilePath(route: Route): Write<string> | null {
	const { upstreamPath, path } = route.options;
	const hasTyped = path !== undefined && Object.keys(path).length > 0;
	if (upstreamPath === undefined && !hasTyped) return null;
	const wildcardSlash = route.path.split("/").length - 1;
	const fill: PathTemplate = compileTemplate(
		upstreamPath ?? route.path,
		wildcardSlash,
		(value) => toFieldText(value) ?? "",
	);
	return (ctx) => fill(ctx.path, rawPath(ctx));
}

function compileQuery(route: Route): Write<string> | null {
	const { query } = route.options;
	const extra = (route.options.forward as AnyForward | undefined)?.query;
	if (query === undefined && extra === undefined) return null;
	if (query === "drop" && extra === undefined) return () => "";
	const csv = csvNames(query);
	return (ctx) => {
		const set = extra === undefined ? {} : extra(ctx);
		const pairs: string[] = [];
		if (query === undefined) keepOthers(rawQuery(ctx), set, pairs);
		else if (query !== "drop") {
			for (const [name, value] of Object.entries(ctx.query)) {
				if (!Object.hasOwn(set, name) && !isWithheld(ctx, name)) {
					pushPairs(pairs, name, value as FieldValue, csv.has(name));
				}
			}
		}
		for (const [name, value] of Object.entries(set)) {
			pushPairs(pairs, name, value, csv.has(name));
		}
		return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
	};
}

/** A declared value that is also the gateway's own credential stays here. */
function isWithheld(ctx: RequestContext, name: string): boolean {
	return ctx.withheld?.query?.has(name) ?? false;
}

function csvNames(query: Route["options"]["query"]): ReadonlySet<string> {
	if (query === undefined || query === "drop") return new Set();
	return new Set(
		Object.entries(query)
			.filter(([, schema]) => (schema as { style?: unknown }).style === "csv")
			.map(([name]) => name),
	);
}

/** The client's own pairs as they came, less those whose names are set: a service must not see two. */
function keepOthers(query: string, set: Fields, pairs: string[]): void {
	if (query.length <= 1) return;
	for (const pair of query.slice(1).split("&")) {
		if (!Object.hasOwn(set, nameOfPair(pair))) pairs.push(pair);
	}
}

function pushPairs(
	pairs: string[],
	name: string,
	value: FieldValue,
	isCsv: boolean,
): void {
	const key = encode(name);
	if (!Array.isArray(value)) {
		const text = toFieldText(value);
		if (text !== null) pairs.push(`${key}=${encode(text)}`);
		return;
	}
	const texts = toFieldTexts(value).map(encode);
	if (isCsv) pairs.push(`${key}=${texts.join(",")}`);
	else for (const text of texts) pairs.push(`${key}=${text}`);
}

/** A lone surrogate, which has no UTF-8, becomes U+FFFD instead of a throw. */
function encode(text: string): string {
	return encodeURIComponent(text.toWellFormed());
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

function compileHeaders(route: Route, upstream: Upstream): Write<string[]> {
	const extra = (route.options.forward as AnyForward | undefined)?.headers;
	const { options } = upstream;
	const forwarding: ForwardingOptions = {
		forwarded: options.forwarded ?? "both",
		via: options.via ?? true,
	};
	const needsWhole = readsAnswer(route);
	return (ctx) => {
		if (extra !== undefined) setAll(ctx, extra(ctx));
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
	const names = new Set<string>();
	for (let i = 0; i < set.length; i += 2) names.add(set[i] as string);
	const headers = removeNames(received, names);
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
	const rest =
		header === null ? head.headers : removeNames(head.headers, header);
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
