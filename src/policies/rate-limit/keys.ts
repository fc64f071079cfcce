import crypto from "node:crypto";
import { isIPv6 } from "node:net";
import { type Context, decisionsOf } from "../../index.ts";
import type { Limit } from "./limit.ts";

/** Whom a limit counts: each address, each user, everyone on each route, or everyone. */
export type By = "address" | "user" | "endpoint" | "everyone";

/** The key of whom a call is counted to; null where the limit does not count it. */
export type KeyOf = (ctx: Context) => string | null;

/** The key functions by name. They begin with a letter of their own, so that a user can not be named like an address. */
export const keysBy: Readonly<Record<By, KeyOf>> = {
	address: (ctx) => addressKey(ctx.address),
	user: (ctx) => {
		const subject = subjectOf(ctx);
		return subject === null ? addressKey(ctx.address) : userKey(subject);
	},
	endpoint: () => "e",
	everyone: () => "e",
};

/** The key of who is known. */
export function userKey(id: string): string {
	return `u:${shorten(id)}`;
}

/**
 * What a counter's key begins with; `scope` is the route that it is of, or `*`. The number of a limit is no
 * part of it: a limit that is changed keeps its count. Another algorithm or window begins a new one.
 */
export function counterPrefix(
	policy: string,
	{ name, algorithm, windowMs, anchorMs, isMonthly }: Limit,
	scope: string,
): string {
	const window = isMonthly ? "month" : windowMs;
	const shape = `${algorithm}-${window}-${anchorMs}`;
	return `${policy}:${name}:${shape}:${scope}:`;
}

/** The key of one's own function. */
export function customKey(
	key: (ctx: Context) => string | null | undefined,
): KeyOf {
	return (ctx) => {
		const value = key(ctx);
		if (value === null || value === undefined) return null;
		return `k:${shorten(String(value))}`;
	};
}

/** Whom the schemes in front of this found, by the id of what they gave; null for nobody. */
export function subjectOf(ctx: Context): string | null {
	const decisions = decisionsOf(ctx);
	for (let i = decisions.length - 1; i >= 0; i--) {
		const decision = decisions[i];
		if (decision?.kind !== "auth" || decision.outcome !== "accepted") continue;
		if (decision.subject !== null) return decision.subject;
	}
	return null;
}

/**
 * The key of an address. One customer has a whole /64 of IPv6 (RFC 6177): its
 * addresses count as one. An IPv4 address within IPv6 (RFC 4291 section 2.5.5.2)
 * counts as itself.
 */
export function addressKey(address: string): string {
	return address.includes(":")
		? `a:${toNetwork(address)}`
		: `a:${shorten(address)}`;
}

function toNetwork(address: string): string {
	const zone = address.indexOf("%");
	const plain = zone < 0 ? address : address.slice(0, zone);
	if (!isIPv6(plain)) return shorten(address);
	const groups = toGroups(plain);
	const isMapped =
		groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
	if (isMapped) {
		const [high = 0, low = 0] = groups.slice(6);
		return [high >> 8, high & 255, low >> 8, low & 255].join(".");
	}
	const network = groups.slice(0, 4).map((group) => group.toString(16));
	return `${network.join(":")}::/64`;
}

/** The eight groups of a valid IPv6 address. */
function toGroups(address: string): number[] {
	const hex = address.replace(
		/(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
		(_all, ...parts: string[]) => {
			const [a, b, c, d] = parts.slice(0, 4).map(Number) as [
				number,
				number,
				number,
				number,
			];
			return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
		},
	);
	const [head = "", tail] = hex.split("::");
	const parse = (text: string | undefined): number[] =>
		text ? text.split(":").map((group) => Number.parseInt(group, 16)) : [];
	const [first, last] = [parse(head), parse(tail)];
	const missing = 8 - first.length - last.length;
	return [...first, ...new Array<number>(missing).fill(0), ...last];
}

const maxKeyLength = 128;

/** A key of any length is kept in a bounded one. */
function shorten(key: string): string {
	return key.length <= maxKeyLength
		? key
		: `#${crypto.hash("sha256", key, "base64url")}`;
}
