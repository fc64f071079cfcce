import { type BlockList, isIP } from "node:net";
import { removeNames } from "../http/header-list.ts";
import type { RequestHead } from "../http/headers.ts";
import { isHost } from "../http/target.ts";

/** The name in `via` (RFC 9110 section 7.6.3). */
export const gatewayName = "headgate";

/** The address of a peer that has none: it connects by a Unix socket, or has left already. */
export const unknownAddress = "unknown";

/** Which forwarding headers go to a service. */
export interface ForwardingOptions {
	readonly forwarded: "both" | "x-forwarded" | "forwarded" | "none";
	readonly via: boolean;
}

/** The proxies in front that are believed. */
export interface TrustedProxies {
	readonly addresses: BlockList;
	/** Whether every peer on a Unix socket is one. */
	readonly unix: boolean;
	/** The header in which they name the client, in lower case; null where the chain does. */
	readonly ipHeader: string | null;
}

type Scheme = "http" | "https";

/**
 * Whom a request is from and what it asked for, as far as that is believed. All that the gateway says about
 * a client derives from it: the forwarding headers, `ctx.address`, `ctx.origin` and the keys of the cache.
 */
export class Chain {
	/** The hops as they go out, the client first. */
	readonly addresses: readonly string[];
	/** The client's. */
	readonly address: string;
	/** The host that the client asked for; null where it named none. */
	readonly host: string | null;
	readonly scheme: Scheme;
	/** In lower case, such as `https://api.example.com`. */
	readonly origin: string;

	constructor(
		addresses: readonly string[],
		address: string,
		host: string | null,
		scheme: Scheme,
	) {
		this.addresses = addresses;
		this.address = address;
		this.host = host;
		this.scheme = scheme;
		this.origin = `${scheme}://${host ?? ""}`.toLowerCase();
	}
}

/** What the proxies in front have said: a list for each, in their order. Empty texts are values that one of them left out. */
interface Received {
	readonly addresses: readonly string[];
	readonly hosts: readonly string[];
	readonly schemes: readonly string[];
}

/** The chain of a request from a trusted peer. `forwarding` is what it said. */
export function resolveChain(
	peer: { readonly address: string; readonly scheme: Scheme },
	head: RequestHead,
	forwarding: readonly string[],
	proxies: TrustedProxies,
): Chain {
	const { addresses, hosts, schemes } = read(forwarding);
	const named = namedClient(forwarding, proxies.ipHeader);
	const place =
		named === null
			? findClient(addresses, proxies)
			: addresses.findLastIndex((hop) => toAddress(hop) === named);
	const hops =
		named !== null && place < 0 ? [named] : addresses.slice(-maxHops);
	const isNameless = peer.address === unknownAddress && hops.length > 0;
	const host = pick(hosts, place, addresses.length);
	const scheme = pick(schemes, place, addresses.length).toLowerCase();
	return new Chain(
		isNameless ? hops : [...hops, peer.address],
		named ?? toAddress(addresses[place]) ?? peer.address,
		isName.test(host) && isHost(host) ? host : head.host,
		schemeOf[scheme] ?? peer.scheme,
	);
}

/** Each is written out with host and scheme: thousands of short ones would become megabytes. The nearest are kept. */
const maxHops = 50;

/** Some proxies name the protocol of an upgrade. */
const schemeOf: Readonly<Record<string, Scheme>> = {
	__proto__: null as never,
	http: "http",
	https: "https",
	ws: "http",
	wss: "https",
};

/** The place of the first address from the right that is no trusted proxy, or of the last known one; -1 is the peer itself. */
function findClient(
	addresses: readonly string[],
	proxies: TrustedProxies,
): number {
	for (let i = addresses.length - 1; i >= 0; i--) {
		const address = toAddress(addresses[i]);
		if (address === null) return i + 1 < addresses.length ? i + 1 : -1;
		if (!isListed(proxies, address)) return i;
	}
	return addresses.length > 0 ? 0 : -1;
}

/** The address in the one header that names the client; null where it is absent, doubtful, or not asked for. */
function namedClient(
	forwarding: readonly string[],
	ipHeader: string | null,
): string | null {
	const lines = ipHeader === null ? [] : linesOf(forwarding, ipHeader);
	return lines.length === 1 ? toAddress(lines[0]) : null;
}

/** The value for the client: its own where there is one for each address, else that of the nearest proxy. */
function pick(values: readonly string[], place: number, count: number): string {
	const own = values.length === count && place >= 0 ? values[place] : undefined;
	return own ?? values.at(-1) ?? "";
}

/** One family is read, the other discarded: two could contradict each other. */
function read(forwarding: readonly string[]): Received {
	const addresses = listOf(forwarding, "x-forwarded-for");
	const forwarded = linesOf(forwarding, "forwarded").flatMap(toElements);
	if (addresses.length > 0 || forwarded.length === 0) {
		return {
			addresses,
			hosts: listOf(forwarding, "x-forwarded-host"),
			schemes: listOf(forwarding, "x-forwarded-proto"),
		};
	}
	return {
		addresses: forwarded.map((element) => {
			const node = element.get("for") ?? "";
			return toAddress(node) ?? (hiddenNode.test(node) ? node : unknownAddress);
		}),
		hosts: forwarded.map((element) => element.get("host") ?? ""),
		schemes: forwarded.map((element) => element.get("proto") ?? ""),
	};
}

// A name has 253 characters at most, and a port may follow.
const isName = /^[^:].{0,260}$/;
// RFC 7239 section 6.3.
const hiddenNode = /^_[\w.-]+$/;

function listOf(forwarding: readonly string[], name: string): string[] {
	return linesOf(forwarding, name)
		.flatMap((line) => line.split(","))
		.map((part) => part.trim())
		.filter((part) => part !== "");
}

function linesOf(list: readonly string[], name: string): string[] {
	const lines: string[] = [];
	for (let i = 0; i < list.length; i += 2) {
		if ((list[i] as string).toLowerCase() === name) {
			lines.push(list[i + 1] as string);
		}
	}
	return lines;
}

type Element = ReadonlyMap<string, string>;

/** The elements of a `forwarded` line (RFC 7239 section 4). One that is not well formed, such as a quotation without an end, says nothing. */
function toElements(line: string): Element[] {
	const elements: Element[] = [];
	let isQuoted = false;
	let start = 0;
	for (let i = 0; i <= line.length; i++) {
		const character = line[i];
		if (isQuoted && character === "\\" && i + 1 < line.length) i++;
		else if (character === '"') isQuoted = !isQuoted;
		else if (i === line.length || (character === "," && !isQuoted)) {
			const text = line.slice(start, i).trim();
			if (text !== "") elements.push(toElement(text));
			start = i + 1;
		}
	}
	return elements;
}

function toElement(text: string): Element {
	const pairs = new Map<string, string>();
	const pair =
		/[\t ]*([\w!#$%&'*+.^`|~-]+)=(?:"((?:\\.|[^"\\])*)"|([^\s",;=]*))[\t ]*(?:;|$)/y;
	while (pair.lastIndex < text.length) {
		const match = pair.exec(text);
		if (match === null) return new Map();
		const [, name = "", quoted, plain = ""] = match;
		const value = quoted?.replaceAll(/\\(.)/g, "$1") ?? plain;
		if (pairs.has(name.toLowerCase())) return new Map();
		pairs.set(name.toLowerCase(), value);
	}
	return pairs;
}

/** The address of a hop that may have a port or brackets; null where it is none. */
function toAddress(hop: string | undefined): string | null {
	if (hop === undefined) return null;
	const text =
		/^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ??
		/^([^:]+):\d+$/.exec(hop)?.[1] ??
		hop;
	const plain = toPlainAddress(text);
	return isIP(plain) === 0 ? null : plain;
}

/** Without the IPv6 mapping of an IPv4 address. */
export function toPlainAddress(address: string): string {
	return /^::ffff:[\d.]+$/i.test(address) ? address.slice(7) : address;
}

/** Whether that address is a trusted proxy's. */
export function isListed(
	{ addresses }: TrustedProxies,
	address: string,
): boolean {
	const family = isIP(address);
	return (
		family !== 0 && addresses.check(address, family === 6 ? "ipv6" : "ipv4")
	);
}

/** The forwarding headers of a chain, names and values in turn. `version` is that of the client's HTTP. */
export function writeForwarding(
	{ addresses, host, scheme }: Chain,
	version: string,
	{ forwarded, via }: ForwardingOptions,
): string[] {
	const lines: string[] = [];
	if (forwarded === "both" || forwarded === "x-forwarded") {
		lines.push("x-forwarded-for", addresses.join(", "));
		if (host !== null) lines.push("x-forwarded-host", host);
		lines.push("x-forwarded-proto", scheme);
	}
	if (forwarded === "both" || forwarded === "forwarded") {
		const asked = `${host === null ? "" : `;host=${quoteUnlessToken(host)}`};proto=${scheme}`;
		const elements = addresses.map((hop) => `for=${toNode(hop)}${asked}`);
		lines.push("forwarded", elements.join(", "));
	}
	if (via) lines.push("via", `${version} ${gatewayName}`);
	return lines;
}

/** RFC 7239 section 6: an address of IPv6 is bracketed and quoted. */
function toNode(hop: string): string {
	const address = toAddress(hop);
	if (address === null) return hiddenNode.test(hop) ? hop : unknownAddress;
	return address.includes(":") ? `"[${address}]"` : address;
}

function quoteUnlessToken(text: string): string {
	return /^[\w!#$%&'*+\-.^`|~]+$/.test(text)
		? text
		: `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

const resolvedNames: ReadonlySet<string> = new Set([
	"forwarded",
	"x-forwarded-for",
	"x-forwarded-host",
	"x-forwarded-proto",
]);

/** What a trusted peer said beyond the chain, names and values in turn: it goes on as received. */
export function otherForwarding(forwarding: readonly string[]): string[] {
	return removeNames(forwarding, resolvedNames);
}
