import type { Context } from "../../index.ts";
import type { PurgeTarget } from "./store/store.ts";

/**
 * Path as the client sent it, query as it goes upstream: what the gateway drops of a query splits no key, and routes
 * that rewrite to one path of two services share none.
 */
export function targetOf(ctx: Context): string {
	const { url, upstreamPath } = ctx;
	if (upstreamPath === null || upstreamPath === url) return url;
	const own = url.indexOf("?");
	const query = upstreamPath.indexOf("?");
	const path = own < 0 ? url : url.slice(0, own);
	return query < 0 ? path : path + upstreamPath.slice(query);
}

/**
 * The first-level key. No part can hold a line break, so none can write another: the origin is there because the
 * upstream hears of it (`x-forwarded-host`) and may echo it.
 */
export function keyOf(
	target: string,
	origin: string,
	partition: string,
): string {
	return `${target}\n${origin}\n${partition}`;
}

/** The key of one variant (RFC 9111 section 4.1). */
export function variantOf(key: string, variantKey: string): string {
	return `${key}\n${variantKey}`;
}

/** Whether a key belongs to a target that is purged by URL. */
export function isOfOrigin(
	key: string,
	target: string,
	origin: string | null,
): boolean {
	return origin === null || key.startsWith(`${target}\n${origin}\n`);
}

/** Whether what is stored under that key may belong to a target; its tags are not known. */
export function mayBelong(
	key: string,
	{ kind, value, origin }: PurgeTarget,
): boolean {
	if (kind === "tag") return true;
	if (!key.startsWith(value)) return false;
	// A target has no line break, so that the first one ends it.
	const end = key.indexOf("\n", value.length);
	if (kind === "url" && end !== value.length) return false;
	return isOfOrigin(key, key.slice(0, end), origin);
}

/** What to purge, in words: one of them. */
export interface PurgeRequest {
	/** `https://api.example.com/users/7?x=1`, or `/users/7?x=1` for every scheme and authority. */
	readonly url?: string;
	/** The beginning of URLs, in the same two forms. */
	readonly prefix?: string;
	readonly tag?: string;
}

/**
 * What a purge asks for.
 *
 * @throws TypeError when not exactly one of url, prefix and tag is given, or it is no URL.
 */
export function toPurgeTarget(request: PurgeRequest): PurgeTarget {
	const given = Object.entries(request).filter(
		([, value]) => value !== undefined,
	);
	const [kind, value] = given[0] ?? [];
	if (given.length !== 1 || typeof value !== "string" || value === "") {
		throw new TypeError("purge: give one of url, prefix and tag, as text");
	}
	if (kind === "tag") return { kind, value, origin: null };
	if (kind !== "url" && kind !== "prefix") {
		throw new TypeError(`purge: ${kind} is not one of url, prefix and tag`);
	}
	return { kind, ...splitUrl(value) };
}

function splitUrl(text: string): { value: string; origin: string | null } {
	const match = /^(https?:\/\/[^/?#]+)?(\/[^#\n]*)?$/i.exec(text);
	if (match === null) {
		throw new TypeError(
			`purge: "${text}" is no URL; write /path or https://host/path`,
		);
	}
	const [, origin = null, value = "/"] = match;
	return { value, origin: origin?.toLowerCase() ?? null };
}
