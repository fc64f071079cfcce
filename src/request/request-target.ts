import type { Forward, Route } from "../model/route-options.ts";
import type { Fields, FieldValue } from "../model/types.ts";
import { toFieldText, toFieldTexts } from "../params/form/field-text.ts";
import {
	compileTemplate,
	type PathTemplate,
	templateNames,
} from "../proxy/path-template.ts";
import type { RequestContext, Write } from "./request.ts";
import { nameOfPair, withoutQueryNames } from "./withheld-credentials.ts";

type AnyForward = Forward<unknown>;
const none: Fields = Object.freeze({});

/** Compiles path and query as they go out: byte for byte where the route says nothing of either. */
export function compileTarget(route: Route): Write<string> {
	const writePath = compilePath(route);
	const writeQuery = compileQuery(route);
	const isRaw = writePath === null && writeQuery === null;
	return (ctx) => {
		if (isRaw && (ctx.withheld?.query ?? null) === null) return ctx.url;
		ctx.target ??=
			(writePath === null ? rawPath(ctx) : writePath(ctx)) +
			(writeQuery === null ? rawQuery(ctx) : writeQuery(ctx));
		return ctx.target;
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
	const { upstreamPath, path, forward } = route.options;
	const hasTyped = path !== undefined && Object.keys(path).length > 0;
	if (upstreamPath === undefined && !hasTyped) return null;
	const wildcardSlash = route.path.split("/").length - 1;
	const fill: PathTemplate = compileTemplate(
		upstreamPath ?? route.path,
		wildcardSlash,
		(value) => toFieldText(value) ?? "",
	);
	if (upstreamPath === undefined) return (ctx) => rewrite(ctx, fill);
	const give = (forward as AnyForward | undefined)?.path;
	if (give === undefined) return (ctx) => fill(ctx.path, rawPath(ctx));
	const names = missingNames(route);
	return (ctx) => {
		const given = give(ctx);
		const values: Record<string, unknown> = { ...ctx.path };
		for (const name of names) {
			const value: unknown = given[name];
			if (value === undefined || value === null || value === "") {
				throw new TypeError(`forward.path gave nothing for :${name}`);
			}
			values[name] = value;
		}
		return fill(values, rawPath(ctx));
	};
}

/** The path with its checked values, which may make it a path that another route guards. */
function rewrite(ctx: RequestContext, fill: PathTemplate): string {
	const raw = rawPath(ctx);
	let path = fill(ctx.path, raw);
	// The bare prefix of a wildcard has no slash behind it.
	if (path.endsWith("/") && !raw.endsWith("/")) path = path.slice(0, -1);
	if (path !== raw) {
		ctx.plan.spellings?.check(ctx.plan, ctx.method, path, ctx.head.host);
	}
	return path;
}

/** The names in `upstreamPath` that the path of the route lacks. */
export function missingNames({ options, path }: Route): string[] {
	const own = templateNames(path);
	const names = templateNames(options.upstreamPath ?? "");
	return names.filter((name) => !own.includes(name));
}

function compileQuery(route: Route): Write<string> | null {
	const { query } = route.options;
	const extra = (route.options.forward as AnyForward | undefined)?.query;
	if (query === undefined && extra === undefined) return null;
	if (query === "drop" && extra === undefined) return () => "";
	const csv = csvNames(query);
	return (ctx) => {
		if (extra !== undefined) ctx.extraQuery ??= extra(ctx);
		const set = ctx.extraQuery ?? none;
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
