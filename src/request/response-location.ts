import type { Route } from "../model/route-options.ts";
import type { Upstream } from "../model/upstream.ts";
import { restAfter } from "../proxy/path-template.ts";
import type { RequestContext } from "./request.ts";

type Relocate = (ctx: RequestContext, headers: string[]) => string[];

/**
 * Compiles `response.location`: a URL in `Location`, `Content-Location` or `Refresh` that names an address of the
 * upstream gets the client's origin, and the prefix of `upstreamPath` becomes that of the route.
 */
export function compileLocation(route: Route, upstream: Upstream): Relocate {
	const hosts = new Set(upstream.origins.flatMap(hostsOf));
	const toPath = compilePrefix(route);
	const relocate = (ctx: RequestContext, value: string): string => {
		const found = readUrl(value);
		if (found === null || !hostsOf(found.url).some((one) => hosts.has(one))) {
			return value;
		}
		return found.before + toOwnUrl(ctx.origin, toPath(ctx, found.path));
	};
	return (ctx, headers) =>
		headers.map((part, i) => {
			if (i % 2 === 0) return part;
			switch ((headers[i - 1] as string).toLowerCase()) {
				case "location":
				case "content-location":
					return relocate(ctx, part);
				case "refresh": {
					const [before = ""] = refreshTime.exec(part) ?? [];
					return before + relocate(ctx, part.slice(before.length));
				}
				default:
					return part;
			}
		});
}

/** An HTTP/1.0 client may name no host: then a path alone is left, which must not become a host. */
function toOwnUrl(origin: string, path: string): string {
	if (!origin.endsWith("://")) return origin + path;
	return path.startsWith("/")
		? path.replace(/^\/(?=[/\\])/, "/./")
		: `/${path}`;
}

/** What stands before the URL: `5; url=`, with or without a quote. */
const refreshTime = /^[\s\d.]*[;,\s]\s*(?:url\s*=\s*)?["']?/i;

/** A host as it is written, and with the port that is meant. */
function hostsOf(url: string): string[] {
	const parsed = URL.parse(url);
	if (parsed === null) return [];
	const { host, hostname, port, protocol } = parsed;
	const isSecure = protocol === "https:" || protocol === "wss:";
	return [host, `${hostname}:${port || (isSecure ? 443 : 80)}`];
}

// Browsers read a backslash as a slash, and leave out tabs and line breaks, which no header has.
const withHost = /^(\s*)(?:(https?|wss?):)?[/\\]{2}([^/\\?#]*)(.*)$/is;
// `http:/orders/x` and `http:orders/x` name a host too.
const withoutSlashes = /^(\s*)(https?|wss?):[/\\]*([^/\\?#]*)(.*)$/is;

/** The parts of a URL that names a host, its path byte for byte; null for any other value. */
function readUrl(
	value: string,
): { before: string; url: string; path: string } | null {
	const match = withHost.exec(value) ?? withoutSlashes.exec(value);
	if (match === null) return null;
	const [, before = "", scheme = "http", authority = "", path = ""] = match;
	return { before, url: `${scheme}://${authority}/`, path };
}

/** The path at the upstream as the client asks for it. */
function compilePrefix(
	route: Route,
): (ctx: RequestContext, path: string) => string {
	const { upstreamPath } = route.options;
	if (!upstreamPath?.endsWith("/*")) return (_ctx, path) => path;
	const wildcardSlash = route.path.split("/").length - 1;
	return (ctx, path) => {
		const own = ctx.url.slice(0, ctx.pathEnd);
		const rest = restAfter(own, wildcardSlash);
		const [target = ""] = (ctx.upstreamPath ?? "").split("?", 1);
		const from = withSlash(target.slice(0, target.length - rest.length));
		const to = withSlash(own.slice(0, own.length - rest.length));
		if (path.startsWith(from)) return to + path.slice(from.length);
		// `/v1` is `/orders`, as `/v1/` is `/orders/`.
		const end = /[?#]|$/.exec(path)?.index ?? path.length;
		const isPrefix = path.slice(0, end) === from.slice(0, -1);
		return isPrefix ? to.slice(0, -1) + path.slice(end) : path;
	};
}

function withSlash(path: string): string {
	return path.endsWith("/") ? path : `${path}/`;
}
